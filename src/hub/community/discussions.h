#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "hub/account/owners.h"
#include "hub/repo/commits.h"
#include "hub/repo/repos.h"

/// Discussions and pull requests of a repository: one sequence of numbers for both.
namespace cairn::community {

using access::Action;
using account::Actor;
using repo::RepoRef;

// hub-api.md, section 20.
constexpr std::size_t title_chars_min = 3, title_chars_max = 200;
constexpr std::size_t comment_bytes_max = 65'536;
/// A page of a list; clients count on nothing but `start`.
constexpr int discussions_per_page = 50;
/// Comments in one discussion: beyond that nobody reads on, and another can be opened.
constexpr std::int64_t comments_max = 2000;
/// Events shown of one discussion: all comments, and what else happened.
constexpr int events_max = 5000;
/// Open ones that somebody without the right to write may have in one repository: nobody needs
/// more, and a script would fill the list for everyone.
constexpr std::int64_t open_per_author_max = 200;
/// Versions of one comment that are kept.
constexpr std::int64_t edits_max = 100;

enum class Status { open, closed, merged, draft };
[[nodiscard]] std::string_view to_string(Status status);

/// Who wrote something; empty for an account that was deleted, and for the hub itself.
using Author = std::optional<account::User>;

struct Discussion {
  std::int64_t row = 0;
  PublicId id;
  RepoId repo;
  std::int64_t number = 0;
  std::optional<UserId> author_id;
  Author author;
  std::string title;
  Status status = Status::open;
  bool is_pull_request = false;
  std::string target;                       ///< Of a pull request: "refs/heads/main".
  std::optional<std::string> merge_commit;  ///< 40 hex digits, once merged.
  bool is_pinned = false;
  std::int64_t comments = 0;
  Time created_at, updated_at;
};

enum class EventKind { comment, status_change, commit, title_change, pinning_change };

/// What a comment said before an edit.
struct Edit {
  std::string body;
  Author author;
  Time created_at;
};

struct Event {
  std::int64_t row = 0;
  PublicId id;
  EventKind kind = EventKind::comment;
  std::optional<UserId> author_id;
  Author author;
  Time created_at;
  std::string body;  ///< Of a comment; empty once hidden.
  /// status_change {"status"}; commit {"subject", "oid"}; title_change {"from", "to"};
  /// pinning_change {"pinned"}: the wire's shape.
  json::object data;
  std::int64_t edits = 0;
  std::optional<Time> edited_at;
  std::optional<Time> hidden_at;
  Author hidden_by;
  std::vector<Edit> history;  ///< Oldest first.
};

struct DiscussionQuery {
  std::int64_t page = 0;
  std::optional<bool> pull_requests;  ///< Only those, or none of them.
  std::optional<bool> closed;         ///< Closed and merged ones, or open ones and drafts.
  std::optional<std::string> author;  ///< A name; an unknown one has written nothing.
  std::optional<std::string> search;  ///< Part of the title, any case.
};
struct DiscussionPage {
  std::vector<Discussion> discussions;  ///< Newest first.
  std::int64_t count = 0;               ///< Of all pages.
  std::int64_t start = 0;               ///< Place of the first one here.
  std::int64_t closed = 0;              ///< Closed and merged ones that fit the query else.
};

/// Whether a pull request can be merged as things are now.
using Conflicts = std::variant<bool, std::vector<std::string>>;  ///< Known or not; the paths.

struct DiscussionDetails {
  Discussion discussion;
  std::vector<Event> events;
  Conflicts conflicts = false;  ///< Of a pull request that is not closed.
};

/// The rows of pull requests, for commits and pushes.
class PullRequestRows final : public repo::PullRequests {
 public:
  Result<> check_open(db::Tx& tx, const Actor& actor, const repo::Repo& repo) override;
  Result<std::int64_t> open(db::Tx& tx, const Actor& actor, const repo::Repo& repo, New request,
                            const history::CommitInfo& first) override;
  bool has_own(db::Tx& tx, const Actor& actor, const repo::Repo& repo) override;
  Result<> check_push(db::Tx& tx, const Actor& actor, const repo::Repo& repo,
                      std::string_view ref) override;
  void pushed(db::Tx& tx, const Actor& actor, const repo::Repo& repo, std::string_view ref,
              const history::CommitInfo& commit) override;
};

struct NewDiscussion {
  std::string title;
  std::string description;
  bool pull_request = false;  ///< A draft whose ref begins at the head of the default branch.
};

/// Reads take a repository that the actor may see. Changes ask `discuss` again in their
/// transaction; "author or writer" below is who opened the discussion, or may write to the
/// repository. Thread-safe.
///
/// Errors of all that take a number: `not_found`, word "DiscussionNotFound". Of changes also
/// `forbidden` "DiscussionsDisabled" and "Forbidden"; `invalid_argument` "InvalidDiscussion".
class Discussions {
 public:
  Discussions(db::Database& database, history::History& history, repo::Repos& repos,
              repo::Commits& commits, Blocking& blocking);

  Task<Result<DiscussionPage>> list(RepoRef repo, DiscussionQuery query);
  /// Who may not list the repository's files sees neither commits nor the paths of conflicts.
  Task<Result<DiscussionDetails>> details(Actor actor, RepoRef repo, std::int64_t number);

  /// @return its number.
  Task<Result<std::int64_t>> create(Actor actor, RepoRef repo, NewDiscussion request);
  /// @return also `conflict` "DiscussionFull".
  Task<Result<Event>> comment(Actor actor, RepoRef repo, std::int64_t number, std::string text);
  /// Author or writer.
  Task<Result<Event>> rename(Actor actor, RepoRef repo, std::int64_t number, std::string title);
  /// Author or writer: opens (also a draft) or closes. @param comment  empty: none.
  /// @return `conflict` "DiscussionUnchanged" when it is so already, "PullRequestMerged".
  Task<Result<Event>> set_open(Actor actor, RepoRef repo, std::int64_t number, bool open,
                               std::string comment);
  /// Author of the comment.
  Task<Result<Event>> edit_comment(Actor actor, RepoRef repo, std::int64_t number, PublicId comment,
                                   std::string text);
  /// Author of the comment, or writer. The text is gone for good, with its history.
  Task<Result<Event>> hide_comment(Actor actor, RepoRef repo, std::int64_t number,
                                   PublicId comment);
  /// Writer.
  Task<Result<>> pin(Actor actor, RepoRef repo, std::int64_t number, bool pinned);
  /// Needs `administer`. A pull request's ref goes with it.
  Task<Result<>> remove(Actor actor, RepoRef repo, std::int64_t number);
  /// Writer: drops the ref of a pull request that is closed or merged, so that space can be freed.
  /// @return `conflict` "PullRequestOpen".
  Task<Result<>> remove_ref(Actor actor, RepoRef repo, std::int64_t number);

  /// Writer: one commit on the target with all that the pull request changes, when nothing it
  /// changes was changed there since.
  /// @return `conflict` "MergeConflict", naming paths; "PullRequestMerged", "PullRequestClosed",
  ///         "PullRequestDraft"; `unprocessable` "PullRequestTooLarge".
  Task<Result<>> merge(Actor actor, RepoRef repo, std::int64_t number, std::string comment);

 private:
  db::Database& database_;
  history::History& history_;
  repo::Repos& repos_;
  repo::Commits& commits_;
  Blocking& blocking_;
};

}  // namespace cairn::community
