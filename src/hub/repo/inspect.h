#pragma once
#include <string>
#include <string_view>

#include "base/task.h"
#include "hub/lfs/lfs.h"
#include "hub/repo/commits.h"
#include "hub/repo/repos.h"

/// Keeps what the files of the default branch tell (hub/card, files.h) in the card's row.
namespace cairn::repo {

/// Reads parts of files, wherever their bytes are. Blocks; thread-safe.
class FileBytes {
 public:
  virtual ~FileBytes() = default;
  /// @param entry  a file of the repository.
  /// @return as many bytes as there are from `offset` on, at most `count`; empty at the end.
  [[nodiscard]] virtual Result<std::string> read(RepoId repo, const history::SheetEntry& entry,
                                                 std::uint64_t offset, std::uint64_t count) = 0;
};
/// Regular files from history, large ones from the object store.
/// @param large_files  opens those that are made of chunks.
[[nodiscard]] std::unique_ptr<FileBytes> make_file_bytes(db::Database& database,
                                                         history::History& history,
                                                         storage::ObjectStore& objects,
                                                         const lfs::Lfs& large_files);

/// Background work of this module: key and payload are the repository's number.
constexpr std::string_view inspect_work = "repo.inspect";
/// In the transaction that moved the default branch.
void plan_inspection(db::Tx& tx, RepoId repo);

/// Whether a commit touches a file that tells something.
[[nodiscard]] bool changes_facts(RepoKind kind, const std::vector<CommitOp>& ops);

enum class Depth {
  small_files,  ///< Names and configurations: a few reads of what history holds.
  everything,   ///< The headers of weights too.
};

/// Thread-safe. References outlive it.
class Inspector {
 public:
  /// @param bytes  for Depth::everything; may be null without it.
  Inspector(db::Database& database, history::History& history, Repos& repos, FileBytes* bytes,
            Blocking& blocking)
      : database_(database), history_(history), repos_(repos), bytes_(bytes), blocking_(blocking) {}

  /// Looks at the default branch and writes the card's row, if the branch is still there then. A
  /// file that is broken, or larger than its limit, tells nothing and is no error.
  Task<Result<>> inspect(RepoId repo, Depth depth);

  /// The headers of a sharded model's weights (`safetensors-metadata`).
  /// @param path  of the index file. @return {headers: {shard: header}, index: {metadata?}};
  ///        "EntryNotFound"; `unprocessable` "InvalidWeights".
  Task<Result<json::object>> safetensors_metadata(RepoRef repo, CommitRef commit, std::string path);

 private:
  db::Database& database_;
  history::History& history_;
  Repos& repos_;
  FileBytes* bytes_;
  Blocking& blocking_;
};

}  // namespace cairn::repo
