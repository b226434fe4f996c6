#pragma once
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/task.h"
#include "hub/history/history.h"

namespace cairn::fetch {

/// Names of objects, sorted.
using ObjectSet = std::vector<git::Oid>;

/// A repository at one moment as a bare folder that the git program reads: readable refs, and
/// exactly the packs of that moment, hard-linked. Removed when the last user drops it.
class SnapshotFolder {
 public:
  SnapshotFolder(std::string path, std::string key)
      : path_(std::move(path)), key_(std::move(key)) {}
  ~SnapshotFolder();
  SnapshotFolder(const SnapshotFolder&) = delete;
  SnapshotFolder& operator=(const SnapshotFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Equal keys: equal refs and packs of one repository.
  [[nodiscard]] const std::string& key() const { return key_; }
  /// Of its packs, together.
  [[nodiscard]] std::uint64_t pack_bytes() const { return pack_bytes_; }

 private:
  friend class Snapshots;
  std::string path_, key_;
  std::uint64_t pack_bytes_ = 0;
  std::weak_ptr<const ObjectSet> reach_;  // Guarded by Snapshots.
};

/// The folders of snapshots, shared by requests about the same state. Thread-safe.
class Snapshots {
 public:
  /// @param folder  emptied now.
  Snapshots(history::History& history, Blocking& blocking, const std::string& folder);

  using Folder = std::shared_ptr<SnapshotFolder>;
  /// @param key  what is wanted, of `key_of`: a folder made anew may be of a later moment.
  Task<Result<Folder>> get(RepoId repo, std::string head_ref, std::string key);
  [[nodiscard]] static std::string key_of(RepoId repo, std::string_view head_ref,
                                          const history::RefList& refs, std::string_view pack_set);

  /// Every object that its refs reach: what `git rev-list --objects` says, once per folder.
  Task<Result<std::shared_ptr<const ObjectSet>>> reach(Folder folder);

  /// Forgets folders that were not asked for within a minute or two.
  void tidy();

 private:
  Result<Folder> make(RepoId repo, const std::string& head_ref);
  void keep(Folder folder);

  // Links to packs keep bytes on disk that a merge has replaced, so few are kept, and not for long.
  static constexpr std::size_t folders_max = 64;
  static constexpr std::size_t reach_kept = 4;  ///< 20 bytes per object each.

  history::History& history_;
  Blocking& blocking_;
  std::string root_;
  std::mutex mutex_;
  struct Kept {
    Folder folder;
    std::uint64_t used_at;  ///< In calls of tidy().
  };
  std::unordered_map<std::string, Kept> kept_;
  using Waiter = std::shared_ptr<boost::asio::steady_timer>;
  std::unordered_map<std::string, std::vector<Waiter>> making_;
  std::deque<std::shared_ptr<const ObjectSet>> reach_recent_;
  std::uint64_t tidied_ = 0;
};

}  // namespace cairn::fetch
