#include "hub/keys/store.h"

#include "base/json.h"

namespace cairn::keys {

std::vector<db::Migration> keys_migrations() {
  return {{"20261126T1000_ssh_keys", db::Migration::Kind::expand, R"sql(
-- Keys of people (repo_id is null) and deploy keys of repositories. A key is one account's or one
-- repository's: the fingerprint alone says who comes.
CREATE TABLE ssh_keys (
  id           @id,
  public_id    @text NOT NULL,
  user_id      @int NOT NULL,
  repo_id      @int,
  may_write    @int NOT NULL,
  title        @text NOT NULL,
  type         @text NOT NULL,
  fingerprint  @text NOT NULL,
  text         @text NOT NULL,
  created_at   @int NOT NULL,
  last_used_at @int
) @strict;
CREATE UNIQUE INDEX ssh_keys_by_fingerprint ON ssh_keys (fingerprint);
CREATE INDEX ssh_keys_by_user ON ssh_keys (user_id, id) WHERE repo_id IS NULL;
CREATE INDEX ssh_keys_by_repo ON ssh_keys (repo_id, id) WHERE repo_id IS NOT NULL;
)sql"},
          {"20261126T1510_ssh_keys_by_adder", db::Migration::Kind::expand, R"sql(
CREATE INDEX ssh_keys_by_adder ON ssh_keys (user_id, id) WHERE repo_id IS NOT NULL;
)sql"},
          {"20261126T2140_gpg_keys", db::Migration::Kind::expand, R"sql(
-- What signatures of a person's commits are held against. emails: JSON, lower case. text: armored,
-- as it came; ring: the key alone, binary.
CREATE TABLE gpg_keys (
  id          @id,
  public_id   @text NOT NULL,
  user_id     @int NOT NULL,
  title       @text NOT NULL,
  fingerprint @text NOT NULL,
  emails      @text NOT NULL,
  text        @text NOT NULL,
  ring        @blob NOT NULL,
  expires_at  @int,
  created_at  @int NOT NULL
) @strict;
CREATE UNIQUE INDEX gpg_keys_by_user ON gpg_keys (user_id, fingerprint);
)sql"}};
}

namespace store {
namespace {

constexpr db::Statement insert_sql{"keys.insert", R"sql(
  INSERT INTO ssh_keys (public_id, user_id, repo_id, may_write, title, type, fingerprint, text,
                        created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id)sql"};
constexpr db::Statement of_user_sql{"keys.of_user", R"sql(
  SELECT id, public_id, user_id, repo_id, may_write, title, type, fingerprint, text, created_at,
         last_used_at
  FROM ssh_keys WHERE user_id = $1 AND repo_id IS NULL ORDER BY id DESC)sql"};
constexpr db::Statement of_repo_sql{"keys.of_repo", R"sql(
  SELECT id, public_id, user_id, repo_id, may_write, title, type, fingerprint, text, created_at,
         last_used_at
  FROM ssh_keys WHERE repo_id = $1 AND repo_id IS NOT NULL ORDER BY id DESC)sql"};
constexpr db::Statement find_sql{"keys.find", R"sql(
  SELECT id, public_id, user_id, repo_id, may_write, title, type, fingerprint, text, created_at,
         last_used_at
  FROM ssh_keys WHERE fingerprint = $1)sql"};
constexpr db::Statement remove_of_user_sql{"keys.remove_of_user", R"sql(
  DELETE FROM ssh_keys WHERE user_id = $1 AND repo_id IS NULL AND public_id = $2)sql"};
constexpr db::Statement remove_of_repo_sql{"keys.remove_of_repo", R"sql(
  DELETE FROM ssh_keys WHERE repo_id = $1 AND repo_id IS NOT NULL AND public_id = $2)sql"};
constexpr db::Statement remove_sql{"keys.remove", "DELETE FROM ssh_keys WHERE id = $1"};
constexpr db::Statement set_used_sql{"keys.set_used", R"sql(
  UPDATE ssh_keys SET last_used_at = $1 WHERE id = $2)sql"};
constexpr db::Statement some_of_repo_sql{"keys.some_of_repo", R"sql(
  SELECT id FROM ssh_keys WHERE repo_id = $1 AND repo_id IS NOT NULL ORDER BY id DESC LIMIT $2)sql"};
constexpr db::Statement forget_own_sql{
    "keys.forget_own", "DELETE FROM ssh_keys WHERE user_id = $1 AND repo_id IS NULL"};
constexpr db::Statement forget_added_sql{
    "keys.forget_added", "DELETE FROM ssh_keys WHERE user_id = $1 AND repo_id IS NOT NULL"};

constexpr db::Statement insert_gpg_sql{"keys.insert_gpg", R"sql(
  INSERT INTO gpg_keys (public_id, user_id, title, fingerprint, emails, text, ring, expires_at,
                        created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id)sql"};
constexpr db::Statement gpg_of_user_sql{"keys.gpg_of_user", R"sql(
  SELECT id, public_id, user_id, title, fingerprint, emails, text, ring, expires_at, created_at
  FROM gpg_keys WHERE user_id = $1 ORDER BY id DESC)sql"};
constexpr db::Statement remove_gpg_sql{"keys.remove_gpg", R"sql(
  DELETE FROM gpg_keys WHERE user_id = $1 AND public_id = $2)sql"};
constexpr db::Statement forget_gpg_sql{"keys.forget_gpg",
                                       "DELETE FROM gpg_keys WHERE user_id = $1"};

GpgKey gpg_key_of(const db::Row& row) {
  GpgKey key;
  key.id = row.id<GpgKeyId>(0);
  key.public_id = PublicId{row.text(1)};
  key.user = row.id<UserId>(2);
  key.title = row.text(3);
  key.fingerprint = row.text(4);
  key.emails =
      parse_json_as<std::vector<std::string>>(row.text(5)).value_or(std::vector<std::string>{});
  key.text = row.text(6);
  key.ring = row.blob(7);
  key.expires_at = row.opt_time(8);
  key.created_at = row.time(9);
  return key;
}

Key key_of(const db::Row& row) {
  Key key;
  key.id = row.id<KeyId>(0);
  key.public_id = PublicId{row.text(1)};
  key.user = row.id<UserId>(2);
  if (auto repo = row.opt_integer(3)) key.repo = RepoId{*repo};
  key.may_write = row.boolean(4);
  key.title = row.text(5);
  key.type = row.text(6);
  key.fingerprint = row.text(7);
  key.text = row.text(8);
  key.created_at = row.time(9);
  key.last_used_at = row.opt_time(10);
  return key;
}

std::vector<Key> keys_of(const std::vector<db::Row>& rows) {
  std::vector<Key> out;
  for (const auto& row : rows) out.push_back(key_of(row));
  return out;
}

}  // namespace

Key insert(db::Tx& tx, Key key) {
  key.created_at = tx.now();
  auto row = tx.one(insert_sql, key.public_id, key.user, key.repo, key.may_write, key.title,
                    key.type, key.fingerprint, key.text, key.created_at);
  key.id = row->id<KeyId>(0);
  return key;
}

std::vector<Key> of_user(db::Tx& tx, UserId user) {
  return keys_of(tx.all(of_user_sql, user));
}

std::vector<Key> of_repo(db::Tx& tx, RepoId repo) {
  return keys_of(tx.all(of_repo_sql, repo));
}

std::optional<Key> find(db::Tx& tx, std::string_view fingerprint) {
  auto row = tx.one(find_sql, fingerprint);
  if (!row) return std::nullopt;
  return key_of(*row);
}

bool remove_of_user(db::Tx& tx, UserId user, const PublicId& key) {
  return tx.run(remove_of_user_sql, user, key) == 1;
}

bool remove_of_repo(db::Tx& tx, RepoId repo, const PublicId& key) {
  return tx.run(remove_of_repo_sql, repo, key) == 1;
}

void remove(db::Tx& tx, KeyId key) {
  tx.run(remove_sql, key);
}

void set_used(db::Tx& tx, KeyId key) {
  tx.run(set_used_sql, tx.now(), key);
}

int forget_repo(db::Tx& tx, RepoId repo, int limit) {
  auto rows = tx.all(some_of_repo_sql, repo, limit);
  for (const auto& row : rows) tx.run(remove_sql, row.id<KeyId>(0));
  return static_cast<int>(rows.size());
}

void forget_user(db::Tx& tx, UserId user) {
  tx.run(forget_own_sql, user);
  tx.run(forget_added_sql, user);
  tx.run(forget_gpg_sql, user);
}

GpgKey insert(db::Tx& tx, GpgKey key) {
  key.created_at = tx.now();
  auto row = tx.one(insert_gpg_sql, key.public_id, key.user, key.title, key.fingerprint,
                    to_json_text(key.emails), key.text, db::Blob{key.ring}, key.expires_at,
                    key.created_at);
  key.id = row->id<GpgKeyId>(0);
  return key;
}

std::vector<GpgKey> gpg_of_user(db::Tx& tx, UserId user) {
  std::vector<GpgKey> out;
  for (const auto& row : tx.all(gpg_of_user_sql, user)) out.push_back(gpg_key_of(row));
  return out;
}

bool remove_gpg(db::Tx& tx, UserId user, const PublicId& key) {
  return tx.run(remove_gpg_sql, user, key) == 1;
}

std::vector<const db::Statement*> statements() {
  return {&insert_sql,         &of_user_sql,        &of_repo_sql,      &find_sql,
          &remove_of_user_sql, &remove_of_repo_sql, &remove_sql,       &set_used_sql,
          &some_of_repo_sql,   &forget_own_sql,     &forget_added_sql, &insert_gpg_sql,
          &gpg_of_user_sql,    &remove_gpg_sql,     &forget_gpg_sql};
}

}  // namespace store
}  // namespace cairn::keys
