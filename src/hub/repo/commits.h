#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "hub/history/history.h"
#include "hub/repo/files.h"
#include "hub/repo/pull_requests.h"
#include "hub/repo/repos.h"
#include "hub/repo/types.h"
#include "platform/git/path.h"

/// Changing what lies in repositories.
namespace cairn::repo {

// ---- Before an upload --------------------------------------------------------------------------

constexpr std::size_t preupload_files_max = 1000;
constexpr std::size_t sample_bytes_max = 4096;  ///< Clients send 512.
/// Regular files from this size on go to large-file storage, as in production.
constexpr std::uint64_t regular_bytes_max = 10'000'000;

enum class UploadMode { regular, lfs };

struct PreuploadFile {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::string sample;  ///< The first bytes, decoded.
};
struct PreuploadQuery {
  std::vector<PreuploadFile> files;
  std::optional<std::string> git_ignore;      ///< Instead of the repository's.
  std::optional<std::string> git_attributes;  ///< Instead of the repository's.
};
struct PreuploadAnswer {
  struct File {
    std::string path;  ///< Exactly as asked.
    UploadMode mode = UploadMode::regular;
    bool ignored = false;
    std::optional<std::string> oid;  ///< Of what is there now: SHA-256 if large, else git's.
  };
  std::vector<File> files;  ///< One per file asked, in that order.
  CommitRef commit;
};

// ---- A commit ----------------------------------------------------------------------------------

/// A regular file, new or replaced.
struct PutFile {
  git::RepoPath path;
  git::Oid blob;  ///< In the request's staging, or of the repository.
  std::uint64_t size_bytes = 0;
  git::FileMode mode = git::FileMode::regular;
};
/// A large file, uploaded before to this repository.
struct PutLarge {
  git::RepoPath path;
  Sha256Digest sha256;
  std::optional<std::uint64_t> size_bytes;  ///< Copies do not say.
  git::FileMode mode = git::FileMode::regular;
};
/// A file or folder goes.
struct Delete {
  git::RepoPath path;
};
/// A file or folder gets another path; what is put at `to` in the same commit replaces its content.
struct Rename {
  git::RepoPath from;
  git::RepoPath to;
};
using CommitOp = std::variant<PutFile, PutLarge, Delete, Rename>;

struct CommitHeader {
  std::string summary;
  std::string description;
  std::optional<std::string> parent;  ///< 5 to 40 lower-case hex digits.
};
/// What a client asks to commit; `commit_body.h` reads it from the wire.
struct CommitRequest {
  CommitHeader header;
  std::vector<CommitOp> ops;  ///< In the order sent; renames, deletions, then additions apply.
  std::shared_ptr<history::Staging> staging;  ///< Of the blobs of PutFile; may be null.
};
struct CommitMade {
  CommitRef commit;
  std::string url;          ///< Of its page, absolute.
  std::string hook_output;  ///< What the author should know, a line each; mostly empty.
  std::optional<std::int64_t> pull_request;  ///< The number of the one that was opened.
};
/// A commit that brings to a branch what the repository has elsewhere: a merge.
struct Merge {
  std::string branch;  ///< "refs/heads/main"
  git::Oid head;       ///< Of the branch; `precondition_failed` when it moved meanwhile.
  history::Message message;
  std::vector<CommitOp> ops;  ///< Blobs are the repository's own.
  /// In the transaction that moves the branch, after the commit's own rows. May run again.
  std::function<Result<>(db::Tx&, const Repo&, const history::CommitInfo&)> within;
};

/// Thread-safe. References outlive it.
class Commits {
 public:
  /// @param pull_requests  null: there are none, and what needs them is `not_implemented`.
  Commits(db::Database& database, history::History& history, Repos& repos, Files& files,
          Blocking& blocking, const Clock& clock, PullRequests* pull_requests = nullptr);
  ~Commits();
  Commits(const Commits&) = delete;
  Commits& operator=(const Commits&) = delete;

  /// Which files go where, and which are there already. Needs `write`, or with `create_pr`
  /// `create_pr`, or for "refs/pr/N" what its pushes need.
  /// @return `too_large`; `unprocessable` "InvalidPath"; "RevisionNotFound".
  Task<Result<PreuploadAnswer>> preupload(Actor actor, RepoRef repo, std::string revision,
                                          PreuploadQuery query, bool create_pr);

  /// What can be refused from the header line alone, before the body is read: rights, the branch,
  /// a stale parent. `commit` checks all of it again.
  Task<Result<>> admit(Actor actor, RepoRef repo, std::string revision, CommitHeader header,
                       bool create_pr);

  /// Applies all operations, or none, on top of the branch's head.
  /// @param revision  a branch: "main", "refs/heads/main", "refs/pr/1".
  /// @param create_pr  leaves the branch alone and opens a pull request for it, whose ref is made
  ///         with the commit. The header's parent, or else the branch's head, is what it builds on.
  /// @return `precondition_failed` "StaleParent", "The branch was updated since you opened this
  ///         page. …"; `invalid_argument` "NotABranch" for tags and commit ids, "EmptyCommit",
  ///         "InvalidCard" with a message per line; `unprocessable` "LfsObjectNotFound" for a
  ///         large file never uploaded to this repository; `not_found` "RevisionNotFound",
  ///         "EntryNotFound"; `conflict` "PathConflict".
  Task<Result<CommitMade>> commit(Actor actor, RepoRef repo, std::string revision,
                                  CommitRequest request, bool create_pr);

  /// Needs `write`. @return as `commit`; "StaleParent" when the head is another one.
  Task<Result<CommitMade>> merge(Actor actor, RepoRef repo, Merge merge);

  /// A place for the blobs of one commit, for the body's parser.
  [[nodiscard]] std::shared_ptr<history::Staging> stage();

  struct Parts;  ///< What the members work with: commits_parts.h.

 private:
  std::shared_ptr<Parts> parts_;
};

}  // namespace cairn::repo
