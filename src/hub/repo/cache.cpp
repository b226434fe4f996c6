#include "hub/repo/cache.h"

namespace cairn::repo {

std::string Repos::Cache::map_key(RepoKind kind, std::string_view full_key) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(kind)));
  key += full_key;
  return key;
}

bool Repos::Cache::fresh(SteadyTime read_at) const {
  if (life_.us == 0) return true;
  return std::chrono::steady_clock::now() - read_at < std::chrono::microseconds(life_.us);
}

bool Repos::Cache::stale(std::string_view key, RepoId id, std::uint64_t begun) const {
  return all_changed_ > begun ||
         name_changed_[std::hash<std::string_view>{}(key) % slots] > begun ||
         id_changed_[static_cast<std::size_t>(id.value) % slots] > begun;
}

void Repos::Cache::make_room() {
  // A bound on memory, not a policy: whoever has more hot repositories than this sets it higher.
  if (by_name_.size() < entries_max_ && by_id_.size() < entries_max_) return;
  by_name_.clear();
  by_id_.clear();
}

std::optional<Found> Repos::Cache::find(RepoKind kind, std::string_view full_key) {
  auto key = map_key(kind, full_key);
  std::lock_guard lock(mutex_);
  auto at = by_name_.find(key);
  if (at == by_name_.end() || !fresh(at->second.read_at)) return std::nullopt;
  return at->second.found;
}

void Repos::Cache::put(RepoKind kind, std::string_view full_key, const Found& found,
                       std::uint64_t begun) {
  auto key = map_key(kind, full_key);
  std::lock_guard lock(mutex_);
  if (stale(key, found.repo->id, begun)) return;
  make_room();
  auto [at, is_new] =
      by_name_.insert_or_assign(key, Entry{found, std::chrono::steady_clock::now()});
  if (is_new) by_id_[found.repo->id.value].keys.push_back(std::move(key));
}

CardRef Repos::Cache::card(const Repo& repo) {
  std::lock_guard lock(mutex_);
  auto at = by_id_.find(repo.id.value);
  if (at == by_id_.end() || !at->second.card || !fresh(at->second.card_read_at)) return nullptr;
  return at->second.card;
}

void Repos::Cache::put_card(const Repo& repo, CardRef card, std::uint64_t begun) {
  std::lock_guard lock(mutex_);
  if (all_changed_ > begun) return;
  if (id_changed_[static_cast<std::size_t>(repo.id.value) % slots] > begun) return;
  make_room();
  auto& names = by_id_[repo.id.value];
  names.card = std::move(card);
  names.card_read_at = std::chrono::steady_clock::now();
}

void Repos::Cache::forget(RepoKind kind, std::string_view full_key, RepoId id) {
  auto key = map_key(kind, full_key);
  std::lock_guard lock(mutex_);
  auto change = ++changes_;
  name_changed_[std::hash<std::string_view>{}(key) % slots] = change;
  id_changed_[static_cast<std::size_t>(id.value) % slots] = change;
  by_name_.erase(key);
  auto names = by_id_.find(id.value);
  if (names == by_id_.end()) return;
  for (const auto& other : names->second.keys) by_name_.erase(other);
  by_id_.erase(names);
}

void Repos::Cache::forget_all() {
  std::lock_guard lock(mutex_);
  all_changed_ = ++changes_;
  by_name_.clear();
  by_id_.clear();
}

Siblings SiblingCache::find(const history::SheetId& root) {
  std::lock_guard lock(mutex_);
  auto at = lists_.find(root);
  return at == lists_.end() ? nullptr : at->second;
}

void SiblingCache::put(const history::SheetId& root, Siblings files) {
  if (files->size() > list_max) return;
  std::lock_guard lock(mutex_);
  if (entries_ + files->size() > entries_max) {
    lists_.clear();
    entries_ = 0;
  }
  if (lists_.emplace(root, files).second) entries_ += files->size() + 1;
}

}  // namespace cairn::repo
