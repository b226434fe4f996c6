#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/community/discussions.h"

/// SQL of discussions, pull requests and likes.
namespace cairn::community::store {

/// All fixed SQL, for the test that explains each.
[[nodiscard]] std::span<const db::Statement* const> statements();

// ---- Discussions ----
struct Insert {
  RepoId repo;
  std::optional<UserId> author;
  std::string title;
  Status status = Status::open;
  std::optional<std::string> target;  ///< Of a pull request.
};
/// Takes the next number. On PostgreSQL the caller has locked the repository's row.
[[nodiscard]] Discussion insert(db::Tx& tx, const Insert& row);
[[nodiscard]] std::optional<Discussion> find(db::Tx& tx, RepoId repo, std::int64_t number);
/// @param author  of `query.author`.
[[nodiscard]] DiscussionPage list(db::Tx& tx, RepoId repo, const DiscussionQuery& query,
                                  std::optional<UserId> author);
[[nodiscard]] db::Query list_query(RepoId repo, const DiscussionQuery& query,
                                   std::optional<UserId> author, bool count);
[[nodiscard]] std::int64_t count_open(db::Tx& tx, RepoId repo, UserId author);
bool has_open_pull_request(db::Tx& tx, RepoId repo, UserId author);
void set_title(db::Tx& tx, std::int64_t discussion, std::string_view title);
void set_status(db::Tx& tx, std::int64_t discussion, Status status,
                const std::optional<std::string>& merge_commit);
void set_pinned(db::Tx& tx, std::int64_t discussion, bool pinned);
void remove(db::Tx& tx, std::int64_t discussion);
/// Of a purged repository, at most `limit` rows. @return how many.
int forget_repo(db::Tx& tx, RepoId repo, int limit);

// ---- Events ----
/// A comment is counted in its discussion.
[[nodiscard]] Event add_event(db::Tx& tx, std::int64_t discussion, EventKind kind,
                              std::optional<UserId> author, std::string_view body,
                              const json::object& data);
[[nodiscard]] std::vector<Event> events(db::Tx& tx, std::int64_t discussion, int limit);
[[nodiscard]] std::optional<Event> find_event(db::Tx& tx, std::int64_t discussion,
                                              const PublicId& id);
void edit(db::Tx& tx, const Event& comment, std::optional<UserId> author, std::string_view body);
void hide(db::Tx& tx, const Event& comment, std::optional<UserId> by);

// ---- Likes ----
/// @return false when it was so already.
[[nodiscard]] bool like(db::Tx& tx, RepoId repo, UserId user);
[[nodiscard]] bool unlike(db::Tx& tx, RepoId repo, UserId user);
[[nodiscard]] bool likes(db::Tx& tx, RepoId repo, UserId user);
struct LikeRow {
  RepoId repo;
  UserId user;
  Time created_at;
};
/// Newest first. @param after  the last one of the page before.
[[nodiscard]] std::vector<LikeRow> likers(db::Tx& tx, RepoId repo,
                                          const std::optional<LikeRow>& after, int limit);
[[nodiscard]] std::vector<LikeRow> liked(db::Tx& tx, UserId user,
                                         const std::optional<LikeRow>& after, int limit);

}  // namespace cairn::community::store
