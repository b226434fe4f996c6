#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/keyring.h"
#include "base/task.h"
#include "hub/history/history.h"
#include "hub/repo/compare.h"
#include "hub/repo/repos.h"
#include "hub/repo/types.h"

/// What lies in repositories: files, folders, refs and commits.
namespace cairn::repo {

/// The branch that a repository begins with and keeps: clients ask for it by name unless they are
/// told otherwise, whatever the default branch is (docs/decisions/0014).
constexpr std::string_view clients_branch = "main";

constexpr std::size_t paths_info_max = 2000;  ///< The published schema's; clients send ≤ 1000.
constexpr int tree_limit_max = 1000;          ///< Without `expand`.
constexpr int tree_expand_limit_max = 100;    ///< With it: each entry reads a commit row.
constexpr int log_limit_max = 1000;
/// Largest blob served from Git: commits inline at most 32 MiB, pushes may bring more.
constexpr std::size_t blob_bytes_max = 256u << 20;

/// An entry of a tree, and with `expand` the commit that last changed it.
struct Entry {
  history::SheetEntry entry;  ///< `entry.path` from the root.
  CommitRef last_commit;      ///< Null without `expand`.
};

/// What a download sends. `entry.lfs` tells where the bytes are: in `blob`, or (when it is there)
/// with hub/lfs under that SHA-256, `entry.size_bytes` long; `blob` is then null.
struct Content {
  CommitRef commit;
  history::SheetEntry entry;
  std::shared_ptr<const std::string> blob;
  /// The revision asked for was a whole commit id: the answer never changes.
  bool immutable = false;
};

struct TreeQuery {
  std::string folder;  ///< "" = root; one '/' at the end is dropped.
  bool recursive = false;
  bool expand = false;
  int limit = tree_limit_max;
  std::optional<std::string> cursor;  ///< `TreePage::next`: pages stay on one commit.
};
struct TreePage {
  CommitRef commit;
  std::vector<Entry> entries;
  std::optional<std::string> next;
};

struct RefInfo {
  std::string name;  ///< "main"; of a pull request its number.
  std::string ref;   ///< "refs/heads/main".
  git::Oid commit;   ///< Never the tag object.
};
struct RefList {
  std::vector<RefInfo> branches, converts, tags, pull_requests;
};

struct NewBranch {
  std::string name;                           ///< Without "refs/heads/".
  std::optional<std::string> starting_point;  ///< Any revision; empty = head of the default branch.
  bool empty = false;                         ///< Starts with one commit without files.
  bool overwrite = false;                     ///< Moves a branch that exists.
};
struct NewTag {
  std::string name;  ///< Without "refs/tags/".
  std::string revision;
  std::string message;  ///< Empty: a lightweight tag.
};

struct LogQuery {
  int limit = 50;
  std::int64_t page = 0;
  std::optional<std::string> cursor;  ///< `LogPage::next`; then `page` does not count.
};
struct LogPage {
  std::vector<CommitRef> commits;  ///< Newest first.
  std::int64_t total = 0;
  std::optional<std::string> next;
};

/// "x" for a branch or tag that may be called so. @param kind  "heads" or "tags".
/// @return its full name; `invalid_argument`, word "InvalidReference", "Invalid reference for a
///         branch" (a tag), and why.
[[nodiscard]] Result<std::string> full_ref(std::string_view kind, std::string_view name);

/// Reads take a repository that `Repos::find` has let the actor see: `list_files` for names and
/// history, `read_content` for bytes. Writes check again in their transaction. Thread-safe.
///
/// Errors of every read: `not_found` "RevisionNotFound", "Invalid rev id: …"; `not_found`
/// "EntryNotFound" with the field "commit" (40 hex digits) for X-Repo-Commit; for paths that no
/// repository can hold the same "EntryNotFound".
class Files {
 public:
  Files(db::Database& database, history::History& history, Repos& repos, const Keyring& keyring,
        Blocking& blocking, const Clock& clock);
  ~Files();
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  // ---- Reading ----

  /// @param revision  in every form of `history.resolve`; empty = the default branch.
  Task<Result<CommitRef>> resolve(RepoRef repo, std::string revision);
  /// From memory alone: empty when it takes the database to answer.
  [[nodiscard]] CommitRef cached_resolve(const Repo& repo, std::string_view revision);

  /// A regular file's bytes, or which large file it is. Counts nothing.
  Task<Result<Content>> content(RepoRef repo, std::string revision, std::string path);
  [[nodiscard]] std::optional<Content> cached_content(const Repo& repo, std::string_view revision,
                                                      std::string_view path);
  /// As git has it: large files give their pointer text in `blob`.
  Task<Result<Content>> raw(RepoRef repo, std::string revision, std::string path);
  /// The entry alone (HEAD of large files, treesize); "" is the root folder.
  Task<Result<Entry>> entry(RepoRef repo, std::string revision, std::string path);

  /// @return "EntryNotFound" also for the path of a file; `invalid_argument` "InvalidCursor".
  Task<Result<TreePage>> tree(RepoRef repo, std::string revision, TreeQuery query);
  /// Those that exist, in the order asked. @return `too_large`, "too many parameters".
  Task<Result<std::vector<Entry>>> paths_info(RepoRef repo, std::string revision,
                                              std::vector<std::string> paths, bool expand);
  /// What changed between two revisions. Needs `read_content`.
  /// @return `invalid_argument`, word "InvalidRange".
  Task<Result<Comparison>> compare(RepoRef repo, CompareQuery query);
  Task<Result<RefList>> refs(RepoRef repo, bool pull_requests);
  Task<Result<LogPage>> log(RepoRef repo, std::string revision, LogQuery query);

  // ---- Changing refs: Action::write ----

  /// @return `conflict` "RefExists", "Reference refs/heads/x already exists"; `invalid_argument`
  ///         "InvalidReference", "Invalid reference for a branch"; "RevisionNotFound".
  Task<Result<CommitRef>> create_branch(Actor actor, RepoRef repo, NewBranch branch);
  /// The default branch stays, and so does main, which clients ask for unless told otherwise.
  /// @return `forbidden` "CannotDeleteBranch", "Cannot delete refs/heads/main"; "RevisionNotFound".
  Task<Result<>> delete_branch(Actor actor, RepoRef repo, std::string name);
  /// @return `conflict` "RefExists"; `invalid_argument` "InvalidReference"; "RevisionNotFound".
  Task<Result<>> create_tag(Actor actor, RepoRef repo, NewTag tag);
  Task<Result<>> delete_tag(Actor actor, RepoRef repo, std::string name);

  /// What pages, cards, lists, git's HEAD and requests without a revision follow from then on.
  /// Needs `administer`. The same one again changes nothing.
  /// @param name  of a branch that is there: "dev". @return its head; "RevisionNotFound";
  ///        `unavailable` "RefMoved" when it moved meanwhile.
  Task<Result<CommitRef>> set_default_branch(Actor actor, RepoRef repo, std::string name);

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace cairn::repo
