#pragma once
#include "hub/repo/between.h"
#include "hub/repo/files.h"

/// What happened to files: the changes of a commit, the versions of a file, who wrote which line.
namespace cairn::repo {

constexpr int file_history_limit_max = 100;
/// Older versions than so many are not looked at; their lines belong to the oldest seen.
constexpr int blame_versions_max = 200;

/// What a commit changed, against its first parent; the first commit of all against nothing.
struct CommitChanges {
  CommitRef commit;
  CommitRef parent;  ///< Null for a first commit.
  std::vector<FileChange> files;
  bool more = false;
};

/// A commit that changed a file, and what the file was then.
struct FileVersion {
  CommitRef commit;
  history::SheetEntry entry;
};
struct FileHistory {
  std::vector<FileVersion> versions;  ///< Newest first.
  std::optional<git::Oid> next;       ///< The revision at which to go on.
};

/// Lines that one commit wrote, one after another.
struct BlameRange {
  int start = 1, lines = 0;  ///< From 1.
  CommitRef commit;
};
struct Blame {
  CommitRef commit;  ///< The revision asked for.
  history::SheetEntry entry;
  std::vector<BlameRange> ranges;
  bool complete = true;  ///< No: the history is longer than was looked at.
};

/// Takes repositories that `Repos::find` has let the actor read. Errors as Files has them.
/// Thread-safe.
class Past {
 public:
  Past(db::Database& database, history::History& history, Files& files, Blocking& blocking)
      : database_(database), history_(history), files_(files), blocking_(blocking) {}

  Task<Result<CommitChanges>> changes(RepoRef repo, std::string revision,
                                      std::optional<std::string> path, git::DiffOptions options);
  /// @param range  as `CompareQuery` has it: what the newer side has and the older has not.
  Task<Result<Between>> between(RepoRef repo, std::string range, std::size_t commits_max);
  /// Follows first parents through merges that brought the file.
  Task<Result<FileHistory>> file_history(RepoRef repo, std::string revision, std::string path,
                                         int limit);
  /// @return `unprocessable`, word "NotText", for large, binary and too long files.
  Task<Result<Blame>> blame(RepoRef repo, std::string revision, std::string path);

 private:
  Task<Result<CommitRef>> find(RepoRef repo, git::Oid oid);
  /// The version before one, in a parent; empty when the file began with it.
  Task<Result<std::optional<FileVersion>>> before(RepoRef repo, FileVersion version);
  /// The newest version at a commit.
  Task<Result<std::optional<FileVersion>>> version_at(RepoRef repo, CommitRef commit,
                                                      std::string path);

  db::Database& database_;
  history::History& history_;
  Files& files_;
  Blocking& blocking_;
};

}  // namespace cairn::repo
