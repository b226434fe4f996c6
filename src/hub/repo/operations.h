#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/keyring.h"
#include "base/task.h"
#include "hub/history/history.h"
#include "hub/lfs/lfs.h"
#include "hub/repo/repos.h"
#include "hub/repo/space_values.h"
#include "hub/repo/types.h"

/// What is done to a repository as a whole: copied, squashed, rid of large files, collected.
namespace cairn::repo {

constexpr std::size_t squash_message_chars_max = 500;
constexpr std::size_t large_file_deletions_max = 1000;  ///< In one request; the client's batch.
constexpr std::size_t large_file_copies_max = 500;      ///< Likewise.
constexpr int large_file_limit_max = 1000;

struct DuplicateRequest {
  RepoName to;
  std::optional<Visibility> visibility;  ///< Empty: the source's.
  std::vector<NewSpaceValue> secrets, variables;
};

struct LargeFileLine {
  lfs::File file;
  std::string pusher;  ///< Name of the user; empty for the hub itself and for accounts that went.
  std::string pusher_id;
};
struct LargeFilePage {
  std::vector<LargeFileLine> files;  ///< Newest first.
  std::optional<std::string> next;
};

/// One large file that another repository is to have.
struct FileCopy {
  Sha256Digest sha256;
  std::optional<Error> error;  ///< Why not.
};

/// Work that these operations leave behind. app hands it to the worker.
constexpr std::string_view collect_work = "repo.collect";

/// Thread-safe. References outlive it.
class Operations {
 public:
  Operations(db::Database& database, history::History& history, Repos& repos, lfs::Lfs& large_files,
             const Keyring& keyring, Blocking& blocking, const Clock& clock);
  ~Operations();
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  /// A new repository with the branches, tags and converted refs of another, their history, card,
  /// settings and variables: not its pull requests, likes, secrets, or what no ref reaches. No
  /// bytes of large files move.
  /// @param from  from `Repos::find` with Action::read_content.
  /// @return as Repos::create; `unavailable` "SheetPending" while a push is being indexed.
  Task<Result<RepoRef>> duplicate(Actor actor, RepoRef from, DuplicateRequest request);

  /// One commit with the same files takes the place of a branch's history. What only the old
  /// commits reach, large files too, goes after the grace of deleted things.
  /// @param revision  a branch, or "refs/pr/1", "refs/convert/parquet"; empty = the default branch.
  /// @param message   empty: a standard one.
  /// @return `invalid_argument` "NotABranch" for tags and commit ids, "MessageTooLong";
  ///         "RevisionNotFound".
  Task<Result<CommitRef>> super_squash(Actor actor, RepoRef repo, std::string revision,
                                       std::string message);

  /// Every large file that was ever pushed here and not deleted. Needs `write`.
  Task<Result<LargeFilePage>> large_files(Actor actor, RepoRef repo, int limit,
                                          std::optional<std::string> cursor);
  /// For good: not restorable, and remembered. Files that are not there are passed over.
  /// @param rewrite  also takes them out of every commit; else their pointers stay, dangling.
  Task<Result<>> delete_large_files(Actor actor, RepoRef repo, std::vector<Sha256Digest> files,
                                    bool rewrite);
  /// Gives `to` large files of `from`, without moving bytes. Needs `read_content` there, and
  /// `write` here. @return a line per file asked, in order.
  Task<Result<std::vector<FileCopy>>> copy_large_files(Actor actor, RepoRef from, RepoRef to,
                                                       std::vector<Sha256Digest> files);

  /// Gives back the room of what no ref reaches and no move of a ref since then remembers.
  /// @param only_if_unreached  as history::CollectPlan has it.
  Task<Result<>> collect(RepoId repo, Time logged_before, bool only_if_unreached = false);
  /// The same for every repository that waits for it. @return how many.
  Task<Result<int>> collect_waiting(Duration grace);

 private:
  struct Parts;
  Task<Result<RepoRef>> finish_duplicate(Actor actor, RepoRef from, DuplicateRequest request,
                                         RepoId id, std::shared_ptr<const history::Copy> copy);
  std::shared_ptr<Parts> parts_;
};

/// Asks for `Operations::collect` when the grace of what was let go is over.
void plan_collection(db::Tx& tx, RepoId repo, Duration grace);
/// Asks for it now where large files came longer ago than the grace and no commit named them: an
/// upload whose commit never followed. For the 10 000 oldest of them.
void plan_unnamed(db::Tx& tx, Duration grace);
/// Whether a large file was deleted from the repository for good.
[[nodiscard]] bool was_purged(db::Tx& tx, RepoId repo, const Sha256Digest& file);

}  // namespace cairn::repo
