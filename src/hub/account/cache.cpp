#include "hub/account/cache.h"

#include <mutex>

namespace cairn::account {
namespace {

// About 500 bytes each: 10 MB. Emptied when full, since those who are active come back at once.
constexpr std::size_t entries_max = 20'000;

}  // namespace

std::shared_ptr<const CredentialCache::Entry> CredentialCache::find(const CredentialKey& key,
                                                                    Time now, const Seen& seen) {
  std::shared_ptr<const Entry> entry;
  {
    std::shared_lock lock(mutex_);
    auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    entry = found->second;
  }
  if (entry->expires_at && *entry->expires_at <= now) return nullptr;
  if (ttl_ && (now < entry->loaded_at || entry->loaded_at + *ttl_ <= now)) return nullptr;
  entry->last_used_us.store(now.us, std::memory_order_relaxed);
  std::lock_guard lock(entry->seen_mutex);
  if (entry->seen.address != seen.address) entry->seen.address = seen.address;
  if (entry->seen.user_agent != seen.user_agent) entry->seen.user_agent = seen.user_agent;
  return entry;
}

void CredentialCache::insert(const CredentialKey& key, std::shared_ptr<const Entry> entry,
                             std::uint64_t generation) {
  std::unique_lock lock(mutex_);
  if (generation != generation_.load()) return;
  if (entries_.size() >= entries_max) empty_locked();
  auto& place = entries_[key];
  if (place) collect(*place, left_over_);
  place = std::move(entry);
}

void CredentialCache::clear() {
  std::unique_lock lock(mutex_);
  ++generation_;
  empty_locked();
}

void CredentialCache::empty_locked() {
  if (left_over_.size() < entries_max)
    for (const auto& [key, entry] : entries_) collect(*entry, left_over_);
  entries_.clear();
}

std::vector<CredentialCache::Use> CredentialCache::take_uses() {
  std::unique_lock lock(mutex_);
  auto out = std::move(left_over_);
  left_over_.clear();
  for (const auto& [key, entry] : entries_) collect(*entry, out);
  return out;
}

void CredentialCache::collect(const Entry& entry, std::vector<Use>& into) const {
  auto used = entry.last_used_us.load();
  if (used <= entry.written_us.exchange(used)) return;
  std::lock_guard lock(entry.seen_mutex);
  into.push_back({entry.actor, Time{used}, entry.seen});
}

}  // namespace cairn::account
