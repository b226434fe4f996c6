#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/lru.h"
#include "hub/history/staged_blobs.h"
#include "hub/history/store.h"
#include "hub/history/working_tree.h"
#include "platform/git/git_program.h"
#include "platform/git/object_source.h"
#include "platform/git/pack.h"

namespace cairn::history {

/// A name of this set of packs.
[[nodiscard]] std::string pack_set_of(const std::vector<store::PackRow>& rows);

/// The packs of repositories: reading objects through them, storing new ones, merging.
/// Thread-safe; everything blocks.
class Packs {
 public:
  Packs(db::Database&, storage::ObjectStore&, const Options&);

  /// @return `not_found` when no pack of the repository has it.
  [[nodiscard]] Result<git::Object> read(RepoId, const git::Oid&, std::size_t bytes_max);
  [[nodiscard]] Result<std::shared_ptr<const git::ObjectSource>> source(RepoId, bool fresh);

  /// A pack of these objects: in its row when small (a batch of many commits may be so many times
  /// larger), else written to the object store.
  [[nodiscard]] Result<store::PackRow> store_objects(const std::vector<NewObject>&,
                                                     std::size_t commits = 1);
  /// The pack of a large staging, written to the object store.
  [[nodiscard]] Result<store::PackRow> store_staged(StagedBlobs&);

  /// A pack in a file of ours becomes an object; the file gets a second name in the cache, so that
  /// the first read copies nothing. @param row  all but level and key.
  [[nodiscard]] Result<store::PackRow> adopt_packed(const git::PackFile& file);
  [[nodiscard]] Result<store::PackRow> adopt_file(const std::string& path, store::PackRow row);
  /// A new pack of exactly these objects of the repository, made by git in a child.
  [[nodiscard]] Result<store::PackRow> select(RepoId, const std::vector<git::Oid>& objects);
  /// The rows of the repository's packs as they are now, without bodies, with their indexes.
  struct Contents {
    store::PackRow row;
    std::vector<git::Oid> objects;  ///< Sorted.
    /// Those of them that need no other pack: not trees that are deltas. Where one pack goes, what
    /// leans on another cannot stand for it.
    std::vector<git::Oid> whole;
  };
  [[nodiscard]] Result<std::vector<Contents>> contents(RepoId);

  /// Tier 1: when more than `inline_packs_max` small packs are linked, one takes their place.
  /// Tier 2: the same for packs on disk, by `git pack-objects` in a child. @return packs replaced.
  Result<int> merge(RepoId);
  /// Cheap: counts from the cached list, so that a lane may ask after each batch.
  [[nodiscard]] bool merge_due(RepoId);
  void forget(RepoId);
  [[nodiscard]] std::uint64_t merged() const { return merged_; }

  /// What these rows hold, for a folder of git's: one pack of all inline ones, and those on disk.
  [[nodiscard]] Result<std::vector<git::FolderPack>> folder_packs(
      const std::vector<store::PackRow>& rows);
  /// Paths of .pack files (each with its .idx beside it) that hold the whole repository.
  [[nodiscard]] Result<std::vector<std::string>> files(RepoId, const std::string& into_folder);

 private:
  struct Entry {
    std::shared_ptr<const git::ObjectSource> source;
    std::vector<store::PackRow> rows;
  };
  Result<std::shared_ptr<const Entry>> load(RepoId);
  Result<std::shared_ptr<const git::InlinePack>> inline_pack(std::int64_t id);
  Result<std::string> disk_pack(std::int64_t id);
  struct CachePaths {
    std::string folder, pack, idx;
  };
  [[nodiscard]] CachePaths cache_paths(const std::string& checksum) const;
  Result<store::PackRow> store_file(const std::string& path, store::PackRow row);
  Result<int> merge_group(RepoId, const std::vector<store::PackRow>& group, int level);

  db::Database& database_;
  storage::ObjectStore& objects_;
  Options options_;
  Lru<std::int64_t, std::shared_ptr<const git::InlinePack>> inline_cache_;
  Lru<std::int64_t, std::shared_ptr<const Entry>> entries_;
  std::atomic<std::uint64_t> merged_ = 0;
  /// Copies of packs in the cache folder, as far as this process used them; by checksum.
  struct CachedFile {
    std::chrono::steady_clock::time_point used_at;
    std::weak_ptr<const git::DiskPack> open;  ///< As `entries_` has it.
    std::unordered_set<std::int64_t> repos;   ///< Whose entry that is.
  };
  void note_use(const std::string& checksum);
  void note_open(const std::string& checksum, RepoId repo,
                 const std::shared_ptr<const git::DiskPack>& pack);
  [[nodiscard]] bool let_go(const std::string& checksum, std::chrono::steady_clock::time_point now);
  std::mutex files_mutex_;
  std::unordered_map<std::string, CachedFile> files_;
  std::mutex merging_mutex_;
  std::unordered_map<std::int64_t, int> fresh_packs_;  ///< Commits' packs since the last merge.

 public:
  /// See History::trim_cache.
  std::uint64_t trim_files();

  /// Told by the lane that a pack was linked.
  void added(RepoId, int level);
};

}  // namespace cairn::history
