#include "hub/locks/store.h"

namespace cairn::locks {

std::vector<db::Migration> locks_migrations() {
  return {{"20261126T1200_lfs_locks", db::Migration::Kind::expand, R"sql(
CREATE TABLE lfs_locks (
  repo_id   @int NOT NULL,
  path      @text NOT NULL,
  public_id @text NOT NULL UNIQUE,
  user_id   @int NOT NULL,
  locked_at @int NOT NULL,
  PRIMARY KEY (repo_id, path)
) @strict;
)sql"},
          {"20261126T1520_lfs_locks_by_user", db::Migration::Kind::expand, R"sql(
CREATE INDEX lfs_locks_by_user ON lfs_locks (user_id);
)sql"}};
}

namespace store {
namespace {

constexpr db::Statement insert_sql{"locks.insert", R"sql(
  INSERT INTO lfs_locks (repo_id, path, public_id, user_id, locked_at)
  VALUES ($1, $2, $3, $4, $5))sql"};
constexpr db::Statement by_path_sql{"locks.by_path", R"sql(
  SELECT public_id, path, user_id, locked_at FROM lfs_locks WHERE repo_id = $1 AND path = $2)sql"};
constexpr db::Statement by_id_sql{"locks.by_id", R"sql(
  SELECT public_id, path, user_id, locked_at FROM lfs_locks
  WHERE repo_id = $1 AND public_id = $2)sql"};
constexpr db::Statement list_sql{"locks.list", R"sql(
  SELECT public_id, path, user_id, locked_at FROM lfs_locks
  WHERE repo_id = $1 AND path > $2 ORDER BY path LIMIT $3)sql"};
constexpr db::Statement count_sql{"locks.count", R"sql(
  SELECT count(*) FROM lfs_locks WHERE repo_id = $1)sql"};
constexpr db::Statement remove_sql{"locks.remove", R"sql(
  DELETE FROM lfs_locks WHERE repo_id = $1 AND path = $2)sql"};
constexpr db::Statement forget_user_sql{"locks.forget_user",
                                        "DELETE FROM lfs_locks WHERE user_id = $1"};

Lock lock_of(const db::Row& row) {
  return {PublicId{row.text(0)}, row.text(1), row.time(3), row.id<UserId>(2), {}};
}

std::optional<Lock> lock_of(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return lock_of(*row);
}

}  // namespace

void insert(db::Tx& tx, RepoId repo, const Lock& lock) {
  tx.run(insert_sql, repo, lock.path, lock.id, lock.user, lock.locked_at);
}

std::optional<Lock> find(db::Tx& tx, RepoId repo, const std::string& path) {
  return lock_of(tx.one(by_path_sql, repo, path));
}

std::optional<Lock> find(db::Tx& tx, RepoId repo, const PublicId& id) {
  return lock_of(tx.one(by_id_sql, repo, id));
}

std::vector<Lock> list(db::Tx& tx, RepoId repo, const std::string& after, int limit) {
  std::vector<Lock> out;
  for (const auto& row : tx.all(list_sql, repo, after, limit)) out.push_back(lock_of(row));
  return out;
}

std::int64_t count(db::Tx& tx, RepoId repo) {
  return tx.one(count_sql, repo)->integer(0);
}

void remove(db::Tx& tx, RepoId repo, const std::string& path) {
  tx.run(remove_sql, repo, path);
}

int forget_repo(db::Tx& tx, RepoId repo, int limit) {
  auto locks = list(tx, repo, "", limit);
  for (const auto& lock : locks) remove(tx, repo, lock.path);
  return static_cast<int>(locks.size());
}

void forget_user(db::Tx& tx, UserId user) {
  tx.run(forget_user_sql, user);
}

std::vector<const db::Statement*> statements() {
  return {&insert_sql, &by_path_sql, &by_id_sql,      &list_sql,
          &count_sql,  &remove_sql,  &forget_user_sql};
}

}  // namespace store
}  // namespace cairn::locks
