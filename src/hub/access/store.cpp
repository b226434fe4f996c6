#include "hub/access/store.h"

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

constexpr Statement grant_state_sql{
    "access.grant_state", "SELECT state FROM access_grants WHERE repo_id = $1 AND user_id = $2"};
constexpr Statement set_grant_sql{"access.set_grant", R"sql(
  INSERT INTO access_grants (repo_id, user_id, public_id, state, requested_at, decided_at,
    decided_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (repo_id, user_id) DO UPDATE SET state = excluded.state,
    decided_at = excluded.decided_at, decided_by = excluded.decided_by)sql"};
constexpr Statement delete_grants_sql{"access.delete_grants",
                                      "DELETE FROM access_grants WHERE repo_id = $1"};

}  // namespace

std::vector<db::Migration> access_migrations() {
  return {{"20261125T0410_access_grants", db::Migration::Kind::expand, grants_sql}};
}

namespace store {

bool has_accepted_grant(db::Tx& tx, RepoId repo, UserId user) {
  auto row = tx.one(grant_state_sql, repo, user);
  return row && row->enumeration<GrantState>(0) == GrantState::accepted;
}

void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by) {
  auto decided = state == GrantState::pending ? std::nullopt : std::optional(tx.now());
  tx.run(set_grant_sql, repo, user, make_public_id(), state, tx.now(), decided, by);
}

void delete_grants(db::Tx& tx, RepoId repo) {
  tx.run(delete_grants_sql, repo);
}

}  // namespace store
}  // namespace cairn::access
