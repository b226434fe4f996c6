#include "hub/history/refs.h"

namespace cairn::history {
namespace {
// Beyond these the cache starts anew: a bound on memory, not a policy worth more code.
constexpr std::size_t repos_max = 100'000;
constexpr std::size_t refs_per_repo_max = 256;
constexpr std::size_t reachable_per_repo_max = 1024;
}  // namespace

RefCache::Repo& RefCache::repo(RepoId id) {
  // Dropping an epoch must not make a stale value look fresh, so epochs never repeat.
  if (repos_.size() > repos_max) repos_.clear();
  auto [at, fresh] = repos_.try_emplace(id.value);
  if (fresh) at->second.epoch = at->second.rewind_epoch = ++epochs_;
  return at->second;
}

std::uint64_t RefCache::epoch(RepoId id) {
  std::lock_guard lock(mutex_);
  return repo(id).epoch;
}

void RefCache::changed(RepoId id, bool rewound) {
  std::lock_guard lock(mutex_);
  auto& r = repo(id);
  r.epoch = ++epochs_;
  r.refs.clear();
  if (rewound) {
    r.rewind_epoch = r.epoch;
    r.reachable.clear();
  }
}

std::optional<git::Oid> RefCache::ref(RepoId id, const std::string& name) {
  std::lock_guard lock(mutex_);
  auto at = repos_.find(id.value);
  if (at == repos_.end()) return std::nullopt;
  auto found = at->second.refs.find(name);
  if (found == at->second.refs.end()) return std::nullopt;
  return found->second;
}

void RefCache::keep_ref(RepoId id, const std::string& name, const git::Oid& oid,
                        std::uint64_t epoch_at_read) {
  std::lock_guard lock(mutex_);
  auto& r = repo(id);
  if (r.epoch != epoch_at_read) return;
  if (r.refs.size() >= refs_per_repo_max) r.refs.clear();
  r.refs[name] = oid;
}

RefListRef RefCache::list(RepoId id) {
  auto found = lists_.get(id.value);
  if (!found || found->epoch != epoch(id)) return nullptr;
  return found->list;
}

void RefCache::keep_list(RepoId id, RefListRef list, std::uint64_t epoch_at_read) {
  std::size_t bytes = 256;
  for (const auto& ref : list->refs) bytes += sizeof ref + ref.name.capacity();
  lists_.put(id.value, {epoch_at_read, std::move(list)}, bytes);
}

std::optional<CommitInfo> RefCache::commit(RepoId id, const git::Oid& oid) {
  auto found = commits_.get({id.value, oid});
  if (!found) return std::nullopt;
  return **found;
}

void RefCache::keep_commit(RepoId id, const CommitInfo& info) {
  // Its row changes once: when the sheet is there.
  if (!info.sheet) return;
  commits_.put({id.value, info.oid}, std::make_shared<const CommitInfo>(info),
               512 + info.title.size() + info.message.size());
}

bool RefCache::reachable(RepoId id, const git::Oid& oid) {
  std::lock_guard lock(mutex_);
  auto at = repos_.find(id.value);
  return at != repos_.end() && at->second.reachable.contains(oid);
}

void RefCache::keep_reachable(RepoId id, const git::Oid& oid, std::uint64_t epoch_at_read) {
  std::lock_guard lock(mutex_);
  auto& r = repo(id);
  // A fast-forward keeps what was reachable reachable; a rewind since the read does not.
  if (r.rewind_epoch > epoch_at_read) return;
  if (r.reachable.size() >= reachable_per_repo_max) r.reachable.clear();
  r.reachable[oid] = true;
}

}  // namespace cairn::history
