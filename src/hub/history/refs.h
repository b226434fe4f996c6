#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "hub/history/history.h"
#include "hub/history/lru.h"

namespace cairn::history {

/// What the hot path asks again and again: where a ref points, a commit by id, whether a commit is
/// reachable. Exact on one node: a change drops what it touches before it is acknowledged, and a
/// value read before such a change is not kept (the epoch tells).
class RefCache {
 public:
  [[nodiscard]] std::uint64_t epoch(RepoId repo);
  /// Everything known about the repository's refs is dropped. `rewound`: commits may have become
  /// unreachable as well.
  void changed(RepoId repo, bool rewound);

  [[nodiscard]] std::optional<git::Oid> ref(RepoId, const std::string& name);
  void keep_ref(RepoId, const std::string& name, const git::Oid&, std::uint64_t epoch_at_read);
  [[nodiscard]] RefListRef list(RepoId);
  void keep_list(RepoId, RefListRef, std::uint64_t epoch_at_read);
  [[nodiscard]] std::optional<CommitInfo> commit(RepoId, const git::Oid&);
  void keep_commit(RepoId, const CommitInfo&);
  [[nodiscard]] bool reachable(RepoId, const git::Oid&);
  void keep_reachable(RepoId, const git::Oid&, std::uint64_t epoch_at_read);

 private:
  struct Repo {
    std::unordered_map<std::string, git::Oid> refs;
    std::unordered_map<git::Oid, bool> reachable;
    std::uint64_t epoch = 0;
    std::uint64_t rewind_epoch = 0;
  };
  Repo& repo(RepoId);
  std::mutex mutex_;
  std::unordered_map<std::int64_t, Repo> repos_;
  std::uint64_t epochs_ = 0;
  struct EpochList {
    std::uint64_t epoch;
    RefListRef list;
  };
  Lru<std::int64_t, EpochList> lists_{64u << 20};  // 100 000 refs take 15 MB.
  struct CommitKey {
    std::int64_t repo;
    git::Oid oid;
    bool operator==(const CommitKey&) const = default;
  };
  struct CommitKeyHash {
    std::size_t operator()(const CommitKey& k) const noexcept {
      return std::hash<git::Oid>{}(k.oid) ^ static_cast<std::size_t>(k.repo * 0x9e3779b97f4a7c15);
    }
  };
  Lru<CommitKey, std::shared_ptr<const CommitInfo>, CommitKeyHash> commits_{16u << 20};
};

}  // namespace cairn::history
