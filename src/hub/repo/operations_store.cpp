#include "hub/repo/operations_store.h"

#include "base/json.h"
#include "base/names.h"
#include "hub/repo/columns.h"

namespace cairn::repo::store {
namespace {

// ---- copies ----

constexpr db::Statement insert_copy_row{"repo.copy.insert", R"sql(
  INSERT INTO repos (public_id, kind, owner_id, creator_id, name, name_key, full_key, visibility,
                     gating, settings, default_branch, sha, created_at, updated_at, deleted_at,
                     purge_at)
  SELECT $1, kind, CAST($2 AS BIGINT), CAST($3 AS BIGINT), $4, $5, $6, CAST($7 AS BIGINT), gating,
         settings, default_branch, '', CAST($8 AS BIGINT), CAST($8 AS BIGINT),
         CAST($8 AS BIGINT), CAST($9 AS BIGINT)
  FROM repos WHERE id = $10 RETURNING id)sql",
                                        R"sql(
  INSERT INTO repos (public_id, kind, owner_id, creator_id, name, name_key, full_key, visibility,
                     gating, settings, default_branch, sha, created_at, updated_at, deleted_at,
                     purge_at)
  SELECT CAST($1 AS TEXT), kind, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS TEXT),
         CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS BIGINT), gating, settings, default_branch,
         '', CAST($8 AS BIGINT), CAST($8 AS BIGINT), CAST($8 AS BIGINT), CAST($9 AS BIGINT)
  FROM repos WHERE id = $10 RETURNING id)sql"};
constexpr db::Statement finish_copy_row{"repo.copy.finish", R"sql(
  UPDATE repos SET sha = $1, created_at = $2, updated_at = $2, deleted_at = NULL, purge_at = NULL,
         git_bytes = (SELECT s.git_bytes FROM repos s WHERE s.id = $3),
         large_bytes = (SELECT CAST(COALESCE(SUM(l.size_bytes), 0) AS BIGINT) FROM lfs_links l
                        WHERE l.repo_id = repos.id),
         version = version + 1
  WHERE id = $4)sql"};
constexpr db::Statement abandon_copy_row{"repo.copy.abandon", R"sql(
  UPDATE repos SET purge_at = $1 WHERE id = $2 AND sha = '')sql"};

// ---- names ----

constexpr db::Statement find_deleted_name{
    "repo.find_deleted_name", CAIRN_REPO_SELECT
    "WHERE r.kind = $1 AND r.owner_id = $2 AND r.name_key = $3 "
    "AND r.deleted_at IS NOT NULL AND r.sha <> '' "
    "ORDER BY r.purge_at DESC LIMIT 1"};
constexpr db::Statement find_redirect_time{"repo.redirected_since", R"sql(
  SELECT created_at FROM repo_redirects
  WHERE kind = $1 AND owner_key = $2 AND name_key = $3)sql"};

// ---- large files ----

constexpr db::Statement put_file_purge{"repo.file_purge.put", R"sql(
  INSERT INTO repo_file_purges (repo_id, sha256, purged_at, purged_by) VALUES ($1, $2, $3, $4)
  ON CONFLICT (repo_id, sha256) DO UPDATE SET purged_at = excluded.purged_at,
                                              purged_by = excluded.purged_by)sql"};
constexpr db::Statement find_file_purge{"repo.file_purge.find", R"sql(
  SELECT 1 FROM repo_file_purges WHERE repo_id = $1 AND sha256 = $2)sql"};
constexpr db::Statement find_git_bytes{"repo.git_bytes",
                                       "SELECT git_bytes FROM repos WHERE id = $1"};
constexpr db::Statement update_storage_anew{"repo.set_storage", R"sql(
  UPDATE repos SET git_bytes = $1, large_bytes = $2, version = version + 1 WHERE id = $3)sql"};

// ---- values of spaces ----

constexpr db::Statement list_values{"repo.space_value.list", R"sql(
  SELECT key, value, description, updated_at FROM space_values
  WHERE repo_id = $1 AND kind = $2 ORDER BY key)sql"};
constexpr db::Statement find_value{"repo.space_value.find", R"sql(
  SELECT 1 FROM space_values WHERE repo_id = $1 AND kind = $2 AND key = $3)sql"};
constexpr db::Statement count_values{"repo.space_value.count", R"sql(
  SELECT count(*) FROM space_values WHERE repo_id = $1 AND kind = $2)sql"};
constexpr db::Statement put_value{"repo.space_value.put", R"sql(
  INSERT INTO space_values (repo_id, kind, key, value, description, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (repo_id, kind, key) DO UPDATE SET value = excluded.value,
    description = excluded.description, updated_at = excluded.updated_at)sql"};
constexpr db::Statement delete_value{"repo.space_value.delete", R"sql(
  DELETE FROM space_values WHERE repo_id = $1 AND kind = $2 AND key = $3)sql"};
constexpr db::Statement copy_values{"repo.space_value.copy", R"sql(
  INSERT INTO space_values (repo_id, kind, key, value, description, updated_at)
  SELECT CAST($1 AS BIGINT), kind, key, value, description, CAST($2 AS BIGINT)
  FROM space_values WHERE repo_id = $3 AND kind = $4
  ON CONFLICT (repo_id, kind, key) DO NOTHING)sql"};
constexpr db::Statement delete_values{"repo.space_value.purge", R"sql(
  DELETE FROM space_values WHERE repo_id = $1)sql"};
constexpr db::Statement page_secrets{"repo.space_value.secrets", R"sql(
  SELECT v.id, r.public_id, v.key, v.value FROM space_values v JOIN repos r ON r.id = v.repo_id
  WHERE v.id > $1 AND v.kind = 1 ORDER BY v.id LIMIT $2)sql"};
constexpr db::Statement update_sealed{"repo.space_value.reseal", R"sql(
  UPDATE space_values SET value = $1 WHERE id = $2)sql"};

constexpr const db::Statement* all_statements[] = {
    &insert_copy_row,     &finish_copy_row, &abandon_copy_row, &find_deleted_name,
    &find_redirect_time,  &put_file_purge,  &find_file_purge,  &find_git_bytes,
    &update_storage_anew, &list_values,     &find_value,       &count_values,
    &put_value,           &delete_value,    &copy_values,      &delete_values,
    &page_secrets,        &update_sealed};

}  // namespace

std::span<const db::Statement* const> operation_statements() {
  return all_statements;
}

RepoId insert_copy(db::Tx& tx, const PublicId& public_id, const Repo& from, OwnerId owner,
                   std::optional<UserId> creator, const RepoName& name, Visibility visibility,
                   Time purge_at) {
  auto row = tx.one(insert_copy_row, public_id, owner, creator, name.name, name_key(name.name),
                    name.key(), visibility, tx.now(), purge_at, from.id);
  return row->id<RepoId>(0);
}

void finish_copy(db::Tx& tx, RepoId id, const Repo& from, std::string_view sha) {
  tx.run(finish_copy_row, sha, tx.now(), from.id, id);
}

void abandon_copy(db::Tx& tx, RepoId id) {
  tx.run(abandon_copy_row, tx.now(), id);
}

std::optional<Repo> find_deleted_named(db::Tx& tx, RepoKind kind, OwnerId owner,
                                       std::string_view key) {
  auto row = tx.one(find_deleted_name, kind, owner, key);
  if (!row) return std::nullopt;
  return read_repo(*row);
}

std::optional<Time> redirected_since(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                                     std::string_view key) {
  auto row = tx.one(find_redirect_time, kind, owner_key, key);
  if (!row) return std::nullopt;
  return row->time(0);
}

void remember_file_purge(db::Tx& tx, RepoId repo, const Sha256Digest& file,
                         std::optional<UserId> by) {
  tx.run(put_file_purge, repo, file.hex(), tx.now(), by);
}

bool file_purged(db::Tx& tx, RepoId repo, const Sha256Digest& file) {
  return tx.one(find_file_purge, repo, file.hex()).has_value();
}

std::int64_t git_bytes(db::Tx& tx, RepoId repo) {
  auto row = tx.one(find_git_bytes, repo);
  return row ? row->integer(0) : 0;
}

void set_storage(db::Tx& tx, RepoId repo, std::int64_t git, std::int64_t large) {
  tx.run(update_storage_anew, git, large, repo);
}

std::vector<SpaceValue> space_values(db::Tx& tx, RepoId repo, ValueKind kind) {
  std::vector<SpaceValue> out;
  for (const auto& row : tx.all(list_values, repo, kind))
    out.push_back({row.text(0), row.text(1), row.text(2), row.time(3)});
  return out;
}

bool has_space_value(db::Tx& tx, RepoId repo, ValueKind kind, std::string_view key) {
  return tx.one(find_value, repo, kind, key).has_value();
}

int count_space_values(db::Tx& tx, RepoId repo, ValueKind kind) {
  return static_cast<int>(tx.one(count_values, repo, kind)->integer(0));
}

void put_space_value(db::Tx& tx, RepoId repo, ValueKind kind, std::string_view key,
                     std::string_view value, std::string_view description) {
  tx.run(put_value, repo, kind, key, value, description, tx.now());
}

bool delete_space_value(db::Tx& tx, RepoId repo, ValueKind kind, std::string_view key) {
  return tx.run(delete_value, repo, kind, key) > 0;
}

void copy_space_values(db::Tx& tx, RepoId from, RepoId to, ValueKind kind) {
  tx.run(copy_values, to, tx.now(), from, kind);
}

void delete_space_values(db::Tx& tx, RepoId repo) {
  tx.run(delete_values, repo);
}

std::vector<SealedRow> secrets_after(db::Tx& tx, std::int64_t after, int limit) {
  std::vector<SealedRow> out;
  for (const auto& row : tx.all(page_secrets, after, limit))
    out.push_back({row.integer(0), row.text(1), row.text(2), row.text(3)});
  return out;
}

void set_sealed(db::Tx& tx, std::int64_t id, std::string_view sealed) {
  tx.run(update_sealed, sealed, id);
}

}  // namespace cairn::repo::store
