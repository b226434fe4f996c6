#include "hub/access/store.h"

#define CAIRN_GRANT_SELECT                                                                     \
  "SELECT public_id, repo_id, user_id, state, asked, fields, rejection_reason, requested_at, " \
  "decided_at, decided_by FROM access_grants "

namespace cairn::access {
namespace {

using db::Statement;

// No reference to the repositories' table: that one is made above this module, later.
constexpr std::string_view grants_sql = R"sql(
CREATE TABLE access_grants (
  repo_id @int NOT NULL,
  user_id @int NOT NULL REFERENCES owners (id),
  public_id @text NOT NULL UNIQUE,
  state @int NOT NULL,
  fields @text,
  rejection_reason @text,
  requested_at @int NOT NULL,
  decided_at @int,
  decided_by @int REFERENCES owners (id),
  PRIMARY KEY (repo_id, user_id)
) @strict;
CREATE INDEX access_grants_by_user ON access_grants (user_id, repo_id);
CREATE INDEX access_grants_by_decider ON access_grants (decided_by) WHERE decided_by IS NOT NULL;
)sql";

// asked: by the user; access can also be given unasked.
constexpr std::string_view asked_sql = R"sql(
ALTER TABLE access_grants ADD COLUMN asked @int NOT NULL DEFAULT 0;
CREATE INDEX access_grants_by_time ON access_grants (repo_id, requested_at, user_id);
CREATE INDEX access_grants_by_state ON access_grants (repo_id, state, requested_at, user_id);
)sql";

constexpr Statement grant_state_sql{
    "access.grant_state", "SELECT state FROM access_grants WHERE repo_id = $1 AND user_id = $2"};
constexpr Statement find_by_user_sql{"access.find_request",
                                     CAIRN_GRANT_SELECT "WHERE repo_id = $1 AND user_id = $2"};
constexpr Statement find_by_id_sql{"access.find_request_by_id",
                                   CAIRN_GRANT_SELECT "WHERE public_id = $1 AND repo_id = $2"};
constexpr Statement put_request_sql{"access.put_request", R"sql(
  INSERT INTO access_grants (repo_id, user_id, public_id, state, fields, asked, requested_at,
    decided_at)
  VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
  ON CONFLICT (repo_id, user_id) DO UPDATE SET state = excluded.state, fields = excluded.fields,
    asked = 1, requested_at = excluded.requested_at, decided_at = excluded.decided_at,
    decided_by = NULL, rejection_reason = NULL)sql"};
constexpr Statement set_grant_sql{"access.set_grant", R"sql(
  INSERT INTO access_grants (repo_id, user_id, public_id, state, requested_at, decided_at,
    decided_by, rejection_reason)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (repo_id, user_id) DO UPDATE SET state = excluded.state,
    decided_at = excluded.decided_at, decided_by = excluded.decided_by,
    rejection_reason = excluded.rejection_reason)sql"};
constexpr Statement remove_request_sql{
    "access.remove_request", "DELETE FROM access_grants WHERE repo_id = $1 AND user_id = $2"};
constexpr Statement delete_grants_sql{"access.delete_grants",
                                      "DELETE FROM access_grants WHERE repo_id = $1"};

constexpr const Statement* all_statements[] = {
    &grant_state_sql, &find_by_user_sql,   &find_by_id_sql,   &put_request_sql,
    &set_grant_sql,   &remove_request_sql, &delete_grants_sql};

Request read_request(const db::Row& row) {
  Request out;
  int c = 0;
  out.id = PublicId{row.text(c++)};
  out.repo = row.id<RepoId>(c++);
  out.user = row.id<UserId>(c++);
  out.state = row.enumeration<GrantState>(c++);
  out.asked = row.boolean(c++);
  out.fields = row.opt_text(c++).value_or("");
  out.rejection_reason = row.opt_text(c++);
  out.requested_at = row.time(c++);
  out.decided_at = row.opt_time(c++);
  if (auto by = row.opt_integer(c++)) out.decided_by = UserId{*by};
  return out;
}

std::optional<Request> read_one(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return read_request(*row);
}

std::optional<Time> decided(db::Tx& tx, GrantState state) {
  if (state == GrantState::pending) return std::nullopt;
  return tx.now();
}

}  // namespace

std::vector<db::Migration> access_migrations() {
  return {{"20261125T0410_access_grants", db::Migration::Kind::expand, grants_sql},
          {"20261126T1102_access_requests", db::Migration::Kind::expand, asked_sql}};
}

namespace store {

std::span<const Statement* const> statements() {
  return all_statements;
}

db::Query list_query(RepoId repo, std::optional<GrantState> state,
                     const std::optional<RequestPlace>& after, int limit) {
  db::Query sql("access.list_requests");
  sql.add(CAIRN_GRANT_SELECT "WHERE repo_id = ", repo);
  if (state) sql.add(" AND state = ", *state);
  if (after)
    sql.add(" AND (requested_at, user_id) < (", after->requested_at)
        .add(", ", after->user)
        .add(")");
  sql.add(" ORDER BY requested_at DESC, user_id DESC LIMIT ", limit);
  return sql;
}

bool has_accepted_grant(db::Tx& tx, RepoId repo, UserId user) {
  auto row = tx.one(grant_state_sql, repo, user);
  return row && row->enumeration<GrantState>(0) == GrantState::accepted;
}
std::optional<Request> find_request(db::Tx& tx, RepoId repo, UserId user) {
  return read_one(tx.one(find_by_user_sql, repo, user));
}
std::optional<Request> find_request(db::Tx& tx, RepoId repo, const PublicId& id) {
  return read_one(tx.one(find_by_id_sql, id, repo));
}

void put_request(db::Tx& tx, RepoId repo, UserId user, std::string_view fields, GrantState state) {
  std::optional<std::string> answers;
  if (!fields.empty()) answers = fields;
  tx.run(put_request_sql, repo, user, make_public_id(), state, answers, tx.now(),
         decided(tx, state));
}

void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by,
               const std::optional<std::string>& reason) {
  tx.run(set_grant_sql, repo, user, make_public_id(), state, tx.now(), decided(tx, state), by,
         reason);
}

void remove_request(db::Tx& tx, RepoId repo, UserId user) {
  tx.run(remove_request_sql, repo, user);
}

std::vector<Request> list_requests(db::Tx& tx, RepoId repo, std::optional<GrantState> state,
                                   const std::optional<RequestPlace>& after, int limit) {
  std::vector<Request> out;
  for (const auto& row : tx.all(list_query(repo, state, after, limit)))
    out.push_back(read_request(row));
  return out;
}

void delete_grants(db::Tx& tx, RepoId repo) {
  tx.run(delete_grants_sql, repo);
}

}  // namespace store
}  // namespace cairn::access
