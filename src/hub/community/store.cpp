#include "hub/community/store.h"

#include "base/names.h"

namespace cairn::community::store {
namespace {

#define CAIRN_DISCUSSION_SELECT                                                          \
  "SELECT d.id, d.public_id, d.repo_id, d.number, d.author_id, d.title, d.status, "      \
  "d.is_pull_request, d.target, d.merge_commit, d.is_pinned, d.comments, d.created_at, " \
  "d.updated_at FROM discussions d "
#define CAIRN_EVENT_SELECT                                                                \
  "SELECT e.id, e.public_id, e.kind, e.author_id, e.body, e.data, e.edits, e.edited_at, " \
  "e.hidden_at, e.hidden_by, e.created_at FROM discussion_events e "

constexpr db::Statement next_number{"discussion.next_number", R"sql(
  INSERT INTO discussion_numbers (repo_id, last) VALUES ($1, 1)
  ON CONFLICT (repo_id) DO UPDATE SET last = discussion_numbers.last + 1 RETURNING last)sql"};
constexpr db::Statement insert_discussion{"discussion.insert", R"sql(
  INSERT INTO discussions (public_id, repo_id, number, author_id, title, title_key, status,
                           is_pull_request, target, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10))sql"};
constexpr db::Statement find_discussion{
    "discussion.find", CAIRN_DISCUSSION_SELECT "WHERE d.repo_id = $1 AND d.number = $2"};
constexpr db::Statement count_open_of_author{"discussion.count_open", R"sql(
  SELECT COUNT(*) FROM discussions
  WHERE author_id = $1 AND repo_id = $2 AND status IN (0, 3))sql"};
constexpr db::Statement open_pull_request_of_author{"discussion.open_pull_request", R"sql(
  SELECT 1 FROM discussions
  WHERE author_id = $1 AND repo_id = $2 AND status IN (0, 3) AND is_pull_request = 1 LIMIT 1)sql"};
constexpr db::Statement update_title{"discussion.set_title", R"sql(
  UPDATE discussions SET title = $1, title_key = $2, updated_at = $3 WHERE id = $4)sql"};
constexpr db::Statement update_status{"discussion.set_status", R"sql(
  UPDATE discussions SET status = $1, merge_commit = COALESCE($2, merge_commit), updated_at = $3
  WHERE id = $4)sql"};
constexpr db::Statement update_pinned{"discussion.set_pinned", R"sql(
  UPDATE discussions SET is_pinned = $1 WHERE id = $2)sql"};
constexpr db::Statement count_comment{"discussion.count_comment", R"sql(
  UPDATE discussions SET comments = comments + 1, updated_at = $1 WHERE id = $2)sql"};
constexpr db::Statement delete_edits{"discussion.delete_edits", R"sql(
  DELETE FROM comment_edits WHERE event_id IN (
    SELECT id FROM discussion_events WHERE discussion_id = $1))sql"};
constexpr db::Statement delete_events{"discussion.delete_events",
                                      "DELETE FROM discussion_events WHERE discussion_id = $1"};
constexpr db::Statement delete_discussion{"discussion.delete",
                                          "DELETE FROM discussions WHERE id = $1"};
constexpr db::Statement some_events_of_repo{"discussion.some_events", R"sql(
  SELECT e.id FROM discussions d JOIN discussion_events e ON e.discussion_id = d.id
  WHERE d.repo_id = $1 LIMIT $2)sql"};
constexpr db::Statement delete_event{"discussion.delete_event",
                                     "DELETE FROM discussion_events WHERE id = $1"};
constexpr db::Statement delete_some{"discussion.delete_some", R"sql(
  DELETE FROM discussions WHERE id IN (SELECT id FROM discussions WHERE repo_id = $1 LIMIT $2))sql"};
constexpr db::Statement delete_numbers{"discussion.delete_numbers",
                                       "DELETE FROM discussion_numbers WHERE repo_id = $1"};

constexpr db::Statement insert_event{"discussion.insert_event", R"sql(
  INSERT INTO discussion_events (public_id, discussion_id, kind, author_id, body, data, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7))sql"};
constexpr db::Statement list_events{
    "discussion.events", CAIRN_EVENT_SELECT "WHERE e.discussion_id = $1 ORDER BY e.id LIMIT $2"};
constexpr db::Statement find_event_by_id{
    "discussion.find_event", CAIRN_EVENT_SELECT "WHERE e.public_id = $1 AND e.discussion_id = $2"};
constexpr db::Statement list_edits{"discussion.edits", R"sql(
  SELECT body, author_id, created_at FROM comment_edits WHERE event_id = $1 ORDER BY number)sql"};
constexpr db::Statement insert_edit{"discussion.insert_edit", R"sql(
  INSERT INTO comment_edits (event_id, number, body, author_id, created_at)
  VALUES ($1, $2, $3, $4, $5))sql"};
constexpr db::Statement update_body{"discussion.set_body", R"sql(
  UPDATE discussion_events SET body = $1, edits = edits + 1, edited_at = $2 WHERE id = $3)sql"};
constexpr db::Statement hide_event{"discussion.hide", R"sql(
  UPDATE discussion_events SET body = '', hidden_at = $1, hidden_by = $2 WHERE id = $3)sql"};
constexpr db::Statement delete_edits_of_event{"discussion.delete_edits_of_event",
                                              "DELETE FROM comment_edits WHERE event_id = $1"};

constexpr db::Statement insert_like{"like.insert", R"sql(
  INSERT INTO likes (repo_id, user_id, created_at) VALUES ($1, $2, $3)
  ON CONFLICT (repo_id, user_id) DO NOTHING)sql"};
constexpr db::Statement delete_like{"like.delete",
                                    "DELETE FROM likes WHERE repo_id = $1 AND user_id = $2"};
constexpr db::Statement find_like{"like.find",
                                  "SELECT 1 FROM likes WHERE repo_id = $1 AND user_id = $2"};
constexpr db::Statement delete_some_likes{"like.delete_some", R"sql(
  DELETE FROM likes WHERE repo_id = $1 AND user_id IN (
    SELECT user_id FROM likes WHERE repo_id = $1 LIMIT $2))sql"};
constexpr db::Statement first_likers{"like.first_likers", R"sql(
  SELECT repo_id, user_id, created_at FROM likes WHERE repo_id = $1
  ORDER BY created_at DESC, user_id DESC LIMIT $2)sql"};
constexpr db::Statement next_likers{"like.next_likers", R"sql(
  SELECT repo_id, user_id, created_at FROM likes
  WHERE repo_id = $1 AND (created_at, user_id) < ($2, $3)
  ORDER BY created_at DESC, user_id DESC LIMIT $4)sql"};
constexpr db::Statement first_liked{"like.first_liked", R"sql(
  SELECT repo_id, user_id, created_at FROM likes WHERE user_id = $1
  ORDER BY created_at DESC, repo_id DESC LIMIT $2)sql"};
constexpr db::Statement next_liked{"like.next_liked", R"sql(
  SELECT repo_id, user_id, created_at FROM likes
  WHERE user_id = $1 AND (created_at, repo_id) < ($2, $3)
  ORDER BY created_at DESC, repo_id DESC LIMIT $4)sql"};

constexpr const db::Statement* all_statements[] = {&next_number,
                                                   &insert_discussion,
                                                   &find_discussion,
                                                   &count_open_of_author,
                                                   &open_pull_request_of_author,
                                                   &update_title,
                                                   &update_status,
                                                   &update_pinned,
                                                   &count_comment,
                                                   &delete_edits,
                                                   &delete_events,
                                                   &delete_discussion,
                                                   &some_events_of_repo,
                                                   &delete_numbers,
                                                   &insert_event,
                                                   &list_events,
                                                   &find_event_by_id,
                                                   &list_edits,
                                                   &insert_edit,
                                                   &update_body,
                                                   &hide_event,
                                                   &delete_edits_of_event,
                                                   &delete_event,
                                                   &delete_some,
                                                   &insert_like,
                                                   &delete_like,
                                                   &find_like,
                                                   &delete_some_likes,
                                                   &first_likers,
                                                   &next_likers,
                                                   &first_liked,
                                                   &next_liked};

// ------------------------------------------------------------------------------------------------

std::optional<UserId> opt_user(const db::Row& row, int column) {
  auto id = row.opt_integer(column);
  if (!id) return std::nullopt;
  return UserId{*id};
}

Author author_of(db::Tx& tx, const std::optional<UserId>& id) {
  if (!id) return std::nullopt;
  auto user = account::find_user(tx, *id);
  if (!user) return std::nullopt;
  return std::move(*user);
}

Discussion read_discussion(db::Tx& tx, const db::Row& row) {
  Discussion out;
  int c = 0;
  out.row = row.integer(c++);
  out.id = PublicId{row.text(c++)};
  out.repo = row.id<RepoId>(c++);
  out.number = row.integer(c++);
  out.author_id = opt_user(row, c++);
  out.title = row.text(c++);
  out.status = row.enumeration<Status>(c++);
  out.is_pull_request = row.boolean(c++);
  out.target = row.opt_text(c++).value_or("");
  out.merge_commit = row.opt_text(c++);
  out.is_pinned = row.boolean(c++);
  out.comments = row.integer(c++);
  out.created_at = row.time(c++);
  out.updated_at = row.time(c++);
  out.author = author_of(tx, out.author_id);
  return out;
}

std::vector<Edit> edits_of(db::Tx& tx, std::int64_t event) {
  std::vector<Edit> out;
  for (const auto& row : tx.all(list_edits, event))
    out.push_back({row.text(0), author_of(tx, opt_user(row, 1)), row.time(2)});
  return out;
}

Event read_event(db::Tx& tx, const db::Row& row) {
  Event out;
  int c = 0;
  out.row = row.integer(c++);
  out.id = PublicId{row.text(c++)};
  out.kind = row.enumeration<EventKind>(c++);
  out.author_id = opt_user(row, c++);
  out.body = row.opt_text(c++).value_or("");
  if (auto data = parse_json(row.text(c++)); data && data->is_object())
    out.data = std::move(data->get_object());
  out.edits = row.integer(c++);
  out.edited_at = row.opt_time(c++);
  out.hidden_at = row.opt_time(c++);
  out.hidden_by = author_of(tx, opt_user(row, c++));
  out.created_at = row.time(c++);
  out.author = author_of(tx, out.author_id);
  if (out.edits > 0 && !out.hidden_at) out.history = edits_of(tx, out.row);
  return out;
}

/// "%word%", with LIKE's own characters escaped.
std::string like_pattern(std::string_view word) {
  std::string out = "%";
  for (char c : name_key(word)) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

std::vector<LikeRow> read_likes(const std::vector<db::Row>& rows) {
  std::vector<LikeRow> out;
  for (const auto& row : rows) out.push_back({row.id<RepoId>(0), row.id<UserId>(1), row.time(2)});
  return out;
}

}  // namespace

std::span<const db::Statement* const> statements() {
  return all_statements;
}

// ---- Discussions ----

Discussion insert(db::Tx& tx, const Insert& row) {
  auto number = tx.one(next_number, row.repo)->integer(0);
  tx.run(insert_discussion, make_public_id(), row.repo, number, row.author, row.title,
         name_key(row.title), row.status, row.target.has_value(), row.target, tx.now());
  return *find(tx, row.repo, number);
}

std::optional<Discussion> find(db::Tx& tx, RepoId repo, std::int64_t number) {
  auto row = tx.one(find_discussion, repo, number);
  if (!row) return std::nullopt;
  return read_discussion(tx, *row);
}

db::Query list_query(RepoId repo, const DiscussionQuery& query, std::optional<UserId> author,
                     bool count) {
  db::Query sql("discussion.list");
  if (count)
    sql.add("SELECT COUNT(*) FROM discussions d WHERE d.repo_id = ", repo);
  else
    sql.add(CAIRN_DISCUSSION_SELECT "WHERE d.repo_id = ", repo);
  if (query.pull_requests) sql.add(" AND d.is_pull_request = ", *query.pull_requests);
  if (query.closed && *query.closed) sql.add(" AND d.status IN (1, 2)");
  if (query.closed && !*query.closed) sql.add(" AND d.status IN (0, 3)");
  if (author) sql.add(" AND d.author_id = ", *author);
  if (query.search)
    sql.add(" AND d.title_key LIKE ", like_pattern(*query.search)).add(" ESCAPE '\\'");
  if (count) return sql;
  sql.add(" ORDER BY d.number DESC LIMIT ", discussions_per_page);
  sql.add(" OFFSET ", query.page * discussions_per_page);
  return sql;
}

DiscussionPage list(db::Tx& tx, RepoId repo, const DiscussionQuery& query,
                    std::optional<UserId> author) {
  DiscussionPage page;
  page.start = query.page * discussions_per_page;
  page.count = tx.one(list_query(repo, query, author, true))->integer(0);
  auto closed = query;
  closed.closed = true;
  page.closed = tx.one(list_query(repo, closed, author, true))->integer(0);
  if (page.start < page.count)
    for (const auto& row : tx.all(list_query(repo, query, author, false)))
      page.discussions.push_back(read_discussion(tx, row));
  return page;
}

std::int64_t count_open(db::Tx& tx, RepoId repo, UserId author) {
  return tx.one(count_open_of_author, author, repo)->integer(0);
}
bool has_open_pull_request(db::Tx& tx, RepoId repo, UserId author) {
  return tx.one(open_pull_request_of_author, author, repo).has_value();
}
void set_title(db::Tx& tx, std::int64_t discussion, std::string_view title) {
  tx.run(update_title, title, name_key(title), tx.now(), discussion);
}
void set_status(db::Tx& tx, std::int64_t discussion, Status status,
                const std::optional<std::string>& merge_commit) {
  tx.run(update_status, status, merge_commit, tx.now(), discussion);
}
void set_pinned(db::Tx& tx, std::int64_t discussion, bool pinned) {
  tx.run(update_pinned, pinned, discussion);
}
void remove(db::Tx& tx, std::int64_t discussion) {
  tx.run(delete_edits, discussion);
  tx.run(delete_events, discussion);
  tx.run(delete_discussion, discussion);
}
int forget_repo(db::Tx& tx, RepoId repo, int limit) {
  std::int64_t gone = 0;
  for (const auto& row : tx.all(some_events_of_repo, repo, limit)) {
    tx.run(delete_edits_of_event, row.integer(0));
    tx.run(delete_event, row.integer(0));
    ++gone;
  }
  if (gone < limit) gone += tx.run(delete_some, repo, limit - gone);
  if (gone < limit) gone += tx.run(delete_some_likes, repo, limit - gone);
  if (gone < limit) tx.run(delete_numbers, repo);
  return static_cast<int>(gone);
}

// ---- Events ----

Event add_event(db::Tx& tx, std::int64_t discussion, EventKind kind, std::optional<UserId> author,
                std::string_view body, const json::object& data) {
  auto id = make_public_id();
  std::optional<std::string> text;
  if (kind == EventKind::comment) text = body;
  tx.run(insert_event, id, discussion, kind, author, text, json::serialize(data), tx.now());
  if (kind == EventKind::comment) tx.run(count_comment, tx.now(), discussion);
  return *find_event(tx, discussion, id);
}

std::vector<Event> events(db::Tx& tx, std::int64_t discussion, int limit) {
  std::vector<Event> out;
  for (const auto& row : tx.all(list_events, discussion, limit)) out.push_back(read_event(tx, row));
  return out;
}

std::optional<Event> find_event(db::Tx& tx, std::int64_t discussion, const PublicId& id) {
  auto row = tx.one(find_event_by_id, id, discussion);
  if (!row) return std::nullopt;
  return read_event(tx, *row);
}

void edit(db::Tx& tx, const Event& comment, std::optional<UserId> author, std::string_view body) {
  auto since = comment.edited_at.value_or(comment.created_at);
  tx.run(insert_edit, comment.row, comment.edits, comment.body, author, since);
  tx.run(update_body, body, tx.now(), comment.row);
}

void hide(db::Tx& tx, const Event& comment, std::optional<UserId> by) {
  tx.run(delete_edits_of_event, comment.row);
  tx.run(hide_event, tx.now(), by, comment.row);
}

// ---- Likes ----

bool like(db::Tx& tx, RepoId repo, UserId user) {
  return tx.run(insert_like, repo, user, tx.now()) > 0;
}
bool unlike(db::Tx& tx, RepoId repo, UserId user) {
  return tx.run(delete_like, repo, user) > 0;
}
bool likes(db::Tx& tx, RepoId repo, UserId user) {
  return tx.one(find_like, repo, user).has_value();
}
std::vector<LikeRow> likers(db::Tx& tx, RepoId repo, const std::optional<LikeRow>& after,
                            int limit) {
  if (!after) return read_likes(tx.all(first_likers, repo, limit));
  return read_likes(tx.all(next_likers, repo, after->created_at, after->user, limit));
}
std::vector<LikeRow> liked(db::Tx& tx, UserId user, const std::optional<LikeRow>& after,
                           int limit) {
  if (!after) return read_likes(tx.all(first_liked, user, limit));
  return read_likes(tx.all(next_liked, user, after->created_at, after->repo, limit));
}

}  // namespace cairn::community::store
