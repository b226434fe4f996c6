#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/admin/admin.h"
#include "api/admin/cache_folder.h"
#include "base/json.h"

namespace cairn::api::admin {

/// One entry of a cache into one repository: a commit per complete snapshot that is not there yet.
/// A commit says where it comes from, which makes a second import find it; a repository whose head
/// somebody else made is left alone.
class CacheImport {
 public:
  /// @param owner  of the repository; empty: the one the cache names.
  CacheImport(Services& services, std::string root, CacheEntry entry,
              std::optional<std::string> owner);

  /// @return {"folder", "type", "repo", "state", "commits", "files", "bytes", "notes"}; `state` is
  ///         importable (dry run), imported, present, skipped, incomplete or failed. An error is
  ///         trouble that the next entry would meet as well: a full disk, a database that is gone.
  [[nodiscard]] Task<Result<json::object>> run(bool dry_run);

 private:
  /// Whose repository, and which; the reason when that cannot be.
  Task<Result<std::optional<std::string>>> find_target();
  /// What earlier imports made. @return the reason when the repository is not one of theirs.
  Task<Result<std::optional<std::string>>> read_history();
  Task<Result<>> import_all();
  Task<Result<>> make_repo();
  Task<Result<>> import_snapshot(const Snapshot& snapshot);
  Task<Result<repo::CommitOp>> put(const SnapshotFile& file,
                                   const std::shared_ptr<history::Staging>& staging);
  Task<Result<repo::CommitOp>> put_regular(git::RepoPath path, const SnapshotFile& file,
                                           const std::shared_ptr<history::Staging>& staging);
  Task<Result<repo::CommitOp>> put_large(git::RepoPath path, const SnapshotFile& file);
  Task<Result<bool>> goes_large(const git::RepoPath& path, const SnapshotFile& file);
  Task<Result<>> add_deletions(const Snapshot& snapshot, std::vector<repo::CommitOp>& ops);
  Task<Result<>> make_branches();
  void note(std::string text);
  [[nodiscard]] json::object report(std::string_view state) const;

  Services& services_;
  std::string root_;
  CacheEntry entry_;
  std::optional<std::string> owner_;

  account::Actor actor_;       ///< The hub itself, in the name of the owner.
  std::string repo_name_;      ///< "owner/name"
  repo::RepoRef repo_;         ///< Null until it is there.
  std::set<std::string> had_;  ///< Commits here, and revisions that earlier imports brought.
  std::vector<const Snapshot*> wanted_;
  std::map<std::string, git::Oid> commits_;  ///< Revision → the commit made for it.
  std::size_t commits_made_ = 0, files_ = 0;
  std::uint64_t bytes_ = 0;
  bool head_is_foreign_ = false;  ///< Somebody committed to the repository by other means.
  bool failed_ = false;
  std::vector<std::string> notes_;
};

}  // namespace cairn::api::admin
