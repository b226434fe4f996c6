#include "hub/community/people_store.h"

#include "base/names.h"

namespace cairn::community::store {
namespace {

constexpr db::Statement count_all_repos{"people.count_repos", R"sql(
  SELECT kind, COUNT(*) FROM repos WHERE owner_id = $1 AND deleted_at IS NULL GROUP BY kind)sql"};
constexpr db::Statement count_seen_repos{"people.count_seen_repos", R"sql(
  SELECT kind, COUNT(*) FROM repos
  WHERE owner_id = $1 AND visibility <> 1 AND deleted_at IS NULL GROUP BY kind)sql"};
constexpr db::Statement count_likes_of{"people.count_likes", R"sql(
  SELECT COUNT(*) FROM likes l JOIN repos r ON r.id = l.repo_id
  WHERE l.user_id = $1 AND r.deleted_at IS NULL AND (r.visibility <> 1
    OR r.owner_id IN (SELECT value FROM json_each($2))))sql",
                                       R"sql(
  SELECT COUNT(*) FROM likes l JOIN repos r ON r.id = l.repo_id
  WHERE l.user_id = $1 AND r.deleted_at IS NULL AND (r.visibility <> 1
    OR r.owner_id IN (SELECT value::bigint FROM json_array_elements_text($2::json))))sql"};
constexpr db::Statement count_discussions_of{"people.count_discussions", R"sql(
  SELECT COUNT(*) FROM discussions d JOIN repos r ON r.id = d.repo_id
  WHERE d.author_id = $1 AND r.deleted_at IS NULL AND (r.visibility <> 1
    OR r.owner_id IN (SELECT value FROM json_each($2))))sql",
                                             R"sql(
  SELECT COUNT(*) FROM discussions d JOIN repos r ON r.id = d.repo_id
  WHERE d.author_id = $1 AND r.deleted_at IS NULL AND (r.visibility <> 1
    OR r.owner_id IN (SELECT value::bigint FROM json_array_elements_text($2::json))))sql"};
constexpr db::Statement count_members_of{"people.count_members", R"sql(
  SELECT COUNT(*) FROM members m JOIN owners o ON o.id = m.user_id
  WHERE m.org_id = $1 AND o.deleted_at IS NULL)sql"};
constexpr db::Statement find_seen{"people.seen_until",
                                  "SELECT event_id FROM activity_seen WHERE user_id = $1"};
constexpr db::Statement put_seen{"people.set_seen", R"sql(
  INSERT INTO activity_seen (user_id, event_id, updated_at) VALUES ($1, $2, $3)
  ON CONFLICT (user_id) DO UPDATE
    SET event_id = excluded.event_id, updated_at = excluded.updated_at
    WHERE excluded.event_id > activity_seen.event_id)sql"};

constexpr const db::Statement* all_statements[] = {
    &count_all_repos,  &count_seen_repos, &count_likes_of, &count_discussions_of,
    &count_members_of, &find_seen,        &put_seen};

std::string like_pattern(std::string_view word) {
  std::string out = "%";
  for (char c : name_key(word)) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

}  // namespace

std::span<const db::Statement* const> people_statements() {
  return all_statements;
}

db::Query open_requests_query(std::string_view owners, const std::optional<OpenRequest>& after,
                              int limit, db::Engine engine) {
  db::Query sql("people.open_requests");
  sql.add(
      "SELECT g.requested_at, g.repo_id, g.user_id FROM repos r "
      "JOIN access_grants g ON g.repo_id = r.id "
      "WHERE r.gating <> 0 AND r.deleted_at IS NULL AND g.state = 0");
  if (engine == db::Engine::sqlite)
    sql.add(" AND r.owner_id IN (SELECT value FROM json_each(", owners).add("))");
  else
    sql.add(
           " AND r.owner_id = ANY (ARRAY(SELECT value::bigint FROM "
           "json_array_elements_text(CAST(",
           owners)
        .add(" AS json))))");
  if (after)
    sql.add(" AND (g.requested_at, g.repo_id, g.user_id) < (", after->requested_at)
        .add(", ", after->repo)
        .add(", ", after->user)
        .add(")");
  sql.add(" ORDER BY g.requested_at DESC, g.repo_id DESC, g.user_id DESC LIMIT ", limit);
  return sql;
}

std::vector<OpenRequest> open_requests(db::Tx& tx, std::string_view owners,
                                       const std::optional<OpenRequest>& after, int limit) {
  std::vector<OpenRequest> out;
  for (const auto& row : tx.all(open_requests_query(owners, after, limit, tx.engine())))
    out.push_back({row.time(0), row.id<RepoId>(1), row.id<UserId>(2)});
  return out;
}

KindCounts count_repos(db::Tx& tx, OwnerId owner, bool everything) {
  KindCounts out;
  for (const auto& row : tx.all(everything ? count_all_repos : count_seen_repos, owner)) {
    auto count = row.integer(1);
    switch (row.enumeration<RepoKind>(0)) {
      case RepoKind::model:
        out.models = count;
        break;
      case RepoKind::dataset:
        out.datasets = count;
        break;
      case RepoKind::space:
        out.spaces = count;
        break;
      case RepoKind::kernel:
        out.kernels = count;
        break;
    }
  }
  return out;
}

std::int64_t count_likes(db::Tx& tx, UserId user, std::string_view owners) {
  return tx.one(count_likes_of, user, owners)->integer(0);
}
std::int64_t count_discussions(db::Tx& tx, UserId user, std::string_view owners) {
  return tx.one(count_discussions_of, user, owners)->integer(0);
}
std::int64_t count_members(db::Tx& tx, OrgId organization) {
  return tx.one(count_members_of, organization)->integer(0);
}

db::Query members_query(OrgId organization, std::string_view search, std::string_view after_key,
                        int limit) {
  db::Query sql("people.members");
  sql.add(
      "SELECT m.user_id, o.name_key FROM members m JOIN owners o ON o.id = m.user_id "
      "WHERE o.deleted_at IS NULL AND m.org_id = ",
      organization);
  sql.add(" AND o.name_key > ", after_key);
  if (!search.empty()) {
    auto pattern = like_pattern(search);
    sql.add(" AND (o.name_key LIKE ", pattern)
        .add(" ESCAPE '\\' OR LOWER(o.full_name) LIKE ", pattern);
    sql.add(" ESCAPE '\\')");
  }
  sql.add(" ORDER BY o.name_key LIMIT ", limit);
  return sql;
}

std::vector<MemberRow> members(db::Tx& tx, OrgId organization, std::string_view search,
                               std::string_view after_key, int limit) {
  std::vector<MemberRow> out;
  for (const auto& row : tx.all(members_query(organization, search, after_key, limit)))
    out.push_back({row.id<UserId>(0), row.text(1)});
  return out;
}

std::int64_t seen_until(db::Tx& tx, UserId user) {
  auto row = tx.one(find_seen, user);
  return row ? row->integer(0) : 0;
}
void set_seen(db::Tx& tx, UserId user, std::int64_t event) {
  tx.run(put_seen, user, event, tx.now());
}

}  // namespace cairn::community::store
