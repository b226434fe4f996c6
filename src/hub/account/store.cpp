#include "hub/account/store.h"

#include "base/json.h"
#include "base/text.h"

// One list of columns for every statement that reads an owner, in the order of `read_owner`.
#define CAIRN_OWNER_COLUMNS                                                          \
  "o.id, o.public_id, o.kind, o.name, o.full_name, o.email, o.avatar, o.plan, "      \
  "o.default_visibility, o.is_admin, o.password_hash, o.created_at, o.disabled_at, " \
  "o.deleted_at, o.purge_at, o.version, o.deleted_by, o.email_verified_at, o.must_verify"
#define CAIRN_TOKEN_COLUMNS                                                                  \
  "id, public_id, user_id, name, role, scopes, hint, created_at, expires_at, last_used_at, " \
  "revoked_at, last_used_address, last_used_agent"
#define CAIRN_SESSION_COLUMNS                                                           \
  "id, public_id, user_id, address, user_agent, created_at, expires_at, last_used_at, " \
  "confirmed_at, revoked_at"

namespace cairn::account::store {
namespace {

using db::Statement;

constexpr int owner_column_count = 19;

constexpr Statement owner_by_key_sql{
    "account.owner_by_key", "SELECT " CAIRN_OWNER_COLUMNS " FROM owners o WHERE o.name_key = $1"};
constexpr Statement owner_by_id_sql{"account.owner_by_id",
                                    "SELECT " CAIRN_OWNER_COLUMNS " FROM owners o WHERE o.id = $1"};
constexpr Statement owner_by_public_id_sql{"account.owner_by_public_id",
                                           "SELECT " CAIRN_OWNER_COLUMNS
                                           " FROM owners o WHERE o.public_id = $1"};
constexpr Statement owners_of_email_sql{"account.owners_of_email",
                                        "SELECT " CAIRN_OWNER_COLUMNS R"sql( FROM owners o
  WHERE o.email_key = $1 ORDER BY o.id LIMIT 10)sql"};
constexpr Statement owners_of_kind_sql{"account.owners_of_kind",
                                       "SELECT " CAIRN_OWNER_COLUMNS R"sql( FROM owners o
  WHERE o.kind = $1 AND o.name_key > $2 AND o.deleted_at IS NULL
  ORDER BY o.name_key LIMIT $3)sql"};
constexpr Statement insert_owner_sql{"account.insert_owner", R"sql(
  INSERT INTO owners (public_id, kind, name, name_key, full_name, email, avatar, plan,
    default_visibility, is_admin, password_hash, created_at, updated_at, email_key, must_verify)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14) RETURNING id)sql"};
constexpr Statement update_owner_sql{"account.update_owner", R"sql(
  UPDATE owners SET full_name = $1, email = $2, avatar = $3, plan = $4, default_visibility = $5,
    is_admin = $6, password_hash = $7, disabled_at = $8, deleted_at = $9, purge_at = $10,
    deleted_by = $11, updated_at = $12, email_key = $13, email_verified_at = $14,
    must_verify = $15, version = version + 1
  WHERE id = $16)sql"};
constexpr Statement update_name_sql{"account.update_name", R"sql(
  UPDATE owners SET name = $1, name_key = $2, updated_at = $3, version = version + 1
  WHERE id = $4)sql"};
constexpr Statement any_user_sql{"account.any_user",
                                 "SELECT id FROM owners WHERE kind = 0 LIMIT 1"};
constexpr Statement acting_admins_sql{"account.acting_admins", R"sql(
  SELECT id FROM owners
  WHERE is_admin <> 0 AND kind = 0 AND disabled_at IS NULL AND deleted_at IS NULL
  ORDER BY id LIMIT 1000)sql"};
constexpr Statement counts_sql{"account.counts", R"sql(
  SELECT (SELECT count(*) FROM owners WHERE kind = 0 AND deleted_at IS NULL),
         (SELECT count(*) FROM owners WHERE kind = 1 AND deleted_at IS NULL),
         (SELECT count(*) FROM tokens WHERE revoked_at IS NULL))sql"};
constexpr Statement owners_to_purge_sql{"account.owners_to_purge", R"sql(
  SELECT id FROM owners WHERE purge_at IS NOT NULL AND purge_at <= $1
  ORDER BY purge_at, id LIMIT $2)sql"};
constexpr Statement purge_owner_sql{"account.purge_owner", R"sql(
  UPDATE owners SET name = '', name_key = $1, full_name = '', email = NULL,
    email_key = NULL, email_verified_at = NULL, avatar = NULL, password_hash = NULL, is_admin = 0, purge_at = NULL,
    updated_at = $2, version = version + 1
  WHERE id = $3)sql"};
constexpr Statement purge_tokens_sql{"account.purge_tokens",
                                     "DELETE FROM tokens WHERE user_id = $1"};
constexpr Statement purge_sessions_sql{"account.purge_sessions",
                                       "DELETE FROM sessions WHERE user_id = $1"};
constexpr Statement purge_memberships_sql{"account.purge_memberships",
                                          "DELETE FROM members WHERE user_id = $1"};
constexpr Statement purge_members_sql{"account.purge_members",
                                      "DELETE FROM members WHERE org_id = $1"};
constexpr Statement purge_redirects_sql{"account.purge_redirects",
                                        "DELETE FROM owner_redirects WHERE owner_id = $1"};

constexpr Statement redirect_sql{
    "account.redirect", "SELECT owner_id, created_at FROM owner_redirects WHERE name_key = $1"};
constexpr Statement set_redirect_sql{"account.set_redirect", R"sql(
  INSERT INTO owner_redirects (name_key, owner_id, created_at) VALUES ($1, $2, $3)
  ON CONFLICT (name_key) DO UPDATE SET owner_id = excluded.owner_id,
    created_at = excluded.created_at)sql"};
constexpr Statement drop_redirect_sql{"account.drop_redirect",
                                      "DELETE FROM owner_redirects WHERE name_key = $1"};

constexpr Statement role_sql{"account.role",
                             "SELECT role FROM members WHERE org_id = $1 AND user_id = $2"};
constexpr Statement set_role_sql{"account.set_role", R"sql(
  INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role)sql"};
constexpr Statement remove_member_sql{"account.remove_member",
                                      "DELETE FROM members WHERE org_id = $1 AND user_id = $2"};
constexpr Statement member_ids_sql{
    "account.member_ids", "SELECT user_id FROM members WHERE org_id = $1 ORDER BY user_id"};
constexpr Statement members_sql{"account.members", "SELECT " CAIRN_OWNER_COLUMNS R"sql(, m.role
  FROM members m JOIN owners o ON o.id = m.user_id
  WHERE m.org_id = $1 AND o.name_key > $2 AND o.deleted_at IS NULL
  ORDER BY o.name_key LIMIT $3)sql"};
constexpr Statement memberships_sql{"account.memberships",
                                    "SELECT " CAIRN_OWNER_COLUMNS R"sql(, m.role
  FROM members m JOIN owners o ON o.id = m.org_id
  WHERE m.user_id = $1 AND o.deleted_at IS NULL
  ORDER BY o.name_key LIMIT 1000)sql"};
constexpr Statement organization_ids_sql{"account.organization_ids", R"sql(
  SELECT m.org_id FROM members m JOIN owners o ON o.id = m.org_id
  WHERE m.user_id = $1 AND o.deleted_at IS NULL
  ORDER BY m.org_id LIMIT 1000)sql"};

constexpr Statement insert_token_sql{"account.insert_token", R"sql(
  INSERT INTO tokens (public_id, user_id, name, role, scopes, hash, hint, created_at, expires_at,
    delegated)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id)sql"};
constexpr Statement update_token_sql{"account.update_token", R"sql(
  UPDATE tokens SET name = $1, role = $2, scopes = $3, expires_at = $4, revoked_at = $5,
    version = version + 1
  WHERE id = $6)sql"};
constexpr Statement token_by_id_sql{"account.token_by_id",
                                    "SELECT " CAIRN_TOKEN_COLUMNS " FROM tokens WHERE id = $1"};
constexpr Statement token_by_public_id_sql{"account.token_by_public_id",
                                           "SELECT " CAIRN_TOKEN_COLUMNS
                                           " FROM tokens WHERE public_id = $1"};
constexpr Statement token_by_hash_sql{"account.token_by_hash",
                                      "SELECT " CAIRN_TOKEN_COLUMNS " FROM tokens WHERE hash = $1"};
constexpr Statement tokens_of_sql{"account.tokens_of", "SELECT " CAIRN_TOKEN_COLUMNS R"sql(
  FROM tokens WHERE user_id = $1 AND revoked_at IS NULL AND delegated = 0
  ORDER BY id DESC LIMIT 1000)sql"};
constexpr Statement living_tokens_sql{
    "account.living_tokens",
    "SELECT count(*) FROM tokens WHERE user_id = $1 AND revoked_at IS NULL AND delegated = 0"};
constexpr Statement revoke_token_sql{"account.revoke_token", R"sql(
  UPDATE tokens SET revoked_at = $1, version = version + 1
  WHERE id = $2 AND revoked_at IS NULL)sql"};
constexpr Statement touch_token_sql{"account.touch_token", R"sql(
  UPDATE tokens SET last_used_at = $1, last_used_address = $2, last_used_agent = $3
  WHERE id = $4 AND (last_used_at IS NULL OR last_used_at < $1))sql"};
constexpr Statement rotate_token_sql{"account.rotate_token", R"sql(
  UPDATE tokens SET hash = $1, hint = $2, expires_at = $3, version = version + 1
  WHERE id = $4)sql"};

constexpr Statement insert_session_sql{"account.insert_session", R"sql(
  INSERT INTO sessions (public_id, user_id, hash, created_at, expires_at, address, user_agent,
    confirmed_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id)sql"};
constexpr Statement session_by_hash_sql{
    "account.session_by_hash", "SELECT " CAIRN_SESSION_COLUMNS " FROM sessions WHERE hash = $1"};
constexpr Statement session_by_public_id_sql{"account.session_by_public_id",
                                             "SELECT " CAIRN_SESSION_COLUMNS
                                             " FROM sessions WHERE public_id = $1"};
constexpr Statement sessions_of_sql{"account.sessions_of", "SELECT " CAIRN_SESSION_COLUMNS R"sql(
  FROM sessions WHERE user_id = $1 AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > $2)
  ORDER BY id DESC LIMIT 1000)sql"};
constexpr Statement end_session_sql{"account.end_session", R"sql(
  UPDATE sessions SET revoked_at = $1, version = version + 1
  WHERE id = $2 AND revoked_at IS NULL)sql"};
constexpr Statement confirm_session_sql{"account.confirm_session", R"sql(
  UPDATE sessions SET hash = $1, confirmed_at = $2, expires_at = $3, version = version + 1
  WHERE id = $4 AND revoked_at IS NULL)sql"};
constexpr Statement forget_sessions_sql{"account.forget_sessions", R"sql(
  DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at IS NOT NULL AND expires_at < $1
    ORDER BY expires_at LIMIT $2))sql"};
constexpr Statement revive_session_sql{"account.revive_session", R"sql(
  UPDATE sessions SET revoked_at = NULL, expires_at = NULL, version = version + 1
  WHERE id = $1)sql"};
constexpr Statement end_sessions_sql{"account.end_sessions", R"sql(
  UPDATE sessions SET revoked_at = $1, version = version + 1
  WHERE user_id = $2 AND id <> $3 AND revoked_at IS NULL)sql"};
constexpr Statement touch_session_sql{"account.touch_session", R"sql(
  UPDATE sessions SET last_used_at = $1, address = $2, user_agent = $3
  WHERE id = $4 AND (last_used_at IS NULL OR last_used_at < $1))sql"};

constexpr Statement set_alias_sql{"account.set_alias", R"sql(
  INSERT INTO aliases (type, from_key, from_name, to_name, created_at) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (type, from_key) DO UPDATE SET from_name = excluded.from_name,
    to_name = excluded.to_name)sql"};
constexpr Statement find_alias_sql{"account.find_alias",
                                   "SELECT to_name FROM aliases WHERE type = $1 AND from_key = $2"};

constexpr Statement meta_sql{"account.meta", "SELECT value FROM meta WHERE key = $1"};
constexpr Statement set_meta_sql{"account.set_meta", R"sql(
  INSERT INTO meta (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value)sql"};

constexpr const Statement* all_statements[] = {&owner_by_key_sql,
                                               &owner_by_id_sql,
                                               &owner_by_public_id_sql,
                                               &owners_of_email_sql,
                                               &owners_of_kind_sql,
                                               &insert_owner_sql,
                                               &update_owner_sql,
                                               &update_name_sql,
                                               &any_user_sql,
                                               &acting_admins_sql,
                                               &counts_sql,
                                               &owners_to_purge_sql,
                                               &purge_owner_sql,
                                               &purge_tokens_sql,
                                               &purge_sessions_sql,
                                               &purge_memberships_sql,
                                               &purge_members_sql,
                                               &purge_redirects_sql,
                                               &redirect_sql,
                                               &set_redirect_sql,
                                               &drop_redirect_sql,
                                               &role_sql,
                                               &set_role_sql,
                                               &remove_member_sql,
                                               &member_ids_sql,
                                               &members_sql,
                                               &memberships_sql,
                                               &organization_ids_sql,
                                               &insert_token_sql,
                                               &update_token_sql,
                                               &token_by_id_sql,
                                               &token_by_public_id_sql,
                                               &token_by_hash_sql,
                                               &tokens_of_sql,
                                               &living_tokens_sql,
                                               &revoke_token_sql,
                                               &touch_token_sql,
                                               &rotate_token_sql,
                                               &insert_session_sql,
                                               &session_by_hash_sql,
                                               &session_by_public_id_sql,
                                               &sessions_of_sql,
                                               &end_session_sql,
                                               &confirm_session_sql,
                                               &forget_sessions_sql,
                                               &revive_session_sql,
                                               &end_sessions_sql,
                                               &touch_session_sql,
                                               &set_alias_sql,
                                               &find_alias_sql,
                                               &meta_sql,
                                               &set_meta_sql};

OwnerRow read_owner(const db::Row& row) {
  OwnerRow out;
  Owner& o = out.owner;
  o.id = row.id<OwnerId>(0);
  o.public_id = PublicId{row.text(1)};
  o.kind = row.enumeration<OwnerKind>(2);
  o.name = row.text(3);
  o.full_name = row.text(4);
  o.email = row.opt_text(5);
  o.avatar = row.opt_text(6);
  o.plan = row.enumeration<Plan>(7);
  o.default_visibility = row.enumeration<Visibility>(8);
  out.is_admin = row.boolean(9);
  out.password_hash = row.opt_text(10);
  o.created_at = row.time(11);
  o.disabled_at = row.opt_time(12);
  out.deleted_at = row.opt_time(13);
  out.purge_at = row.opt_time(14);
  o.version = row.integer(15);
  if (auto by = row.opt_integer(16)) out.deleted_by = UserId{*by};
  o.email_verified_at = row.opt_time(17);
  out.must_verify = row.boolean(18);
  return out;
}

std::optional<OwnerRow> read_owner(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return read_owner(*row);
}

std::vector<std::pair<OwnerRow, Role>> read_roles(const std::vector<db::Row>& rows) {
  std::vector<std::pair<OwnerRow, Role>> out;
  for (const auto& row : rows)
    out.emplace_back(read_owner(row), row.enumeration<Role>(owner_column_count));
  return out;
}

std::optional<std::string> scopes_column(const Token& token) {
  if (token.role != TokenRole::fine_grained) return std::nullopt;
  return json::serialize(scopes_json(token.scopes));
}

Token read_token(const db::Row& row) {
  Token out;
  out.id = row.id<TokenId>(0);
  out.public_id = PublicId{row.text(1)};
  out.user = row.id<UserId>(2);
  out.name = row.text(3);
  out.role = row.enumeration<TokenRole>(4);
  if (auto text = row.opt_text(5)) {
    // We wrote it, so it reads; if it does not, the token opens nothing.
    if (auto value = parse_json(*text))
      if (auto scopes = read_scopes(*value, "scopes")) out.scopes = *std::move(scopes);
  }
  out.hint = row.text(6);
  out.created_at = row.time(7);
  out.expires_at = row.opt_time(8);
  out.last_used_at = row.opt_time(9);
  out.revoked_at = row.opt_time(10);
  out.last_used_address = row.text(11);
  out.last_used_agent = row.text(12);
  return out;
}

std::optional<Token> read_token(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return read_token(*row);
}

Session read_session(const db::Row& row) {
  Session out;
  out.id = row.id<SessionId>(0);
  out.public_id = PublicId{row.text(1)};
  out.user = row.id<UserId>(2);
  out.seen = {row.text(3), row.text(4)};
  out.created_at = row.time(5);
  out.expires_at = row.opt_time(6);
  out.last_used_at = row.opt_time(7);
  out.confirmed_at = row.opt_time(8);
  out.revoked_at = row.opt_time(9);
  return out;
}

std::optional<std::string> email_key(const Owner& owner) {
  if (!owner.email) return std::nullopt;
  return to_lower_ascii(*owner.email);
}

db::Blob blob(const Sha256Digest& hash) {
  return {std::string(hash.view())};
}

}  // namespace

std::span<const db::Statement* const> statements() {
  return all_statements;
}

std::optional<OwnerRow> owner_by_key(db::Tx& tx, std::string_view key) {
  return read_owner(tx.one(owner_by_key_sql, key));
}
std::optional<OwnerRow> owner_by_id(db::Tx& tx, OwnerId id) {
  return read_owner(tx.one(owner_by_id_sql, id));
}
std::optional<OwnerRow> owner_by_public_id(db::Tx& tx, const PublicId& id) {
  return read_owner(tx.one(owner_by_public_id_sql, id));
}
std::vector<OwnerRow> owners_of_email(db::Tx& tx, std::string_view email) {
  std::vector<OwnerRow> out;
  for (const auto& row : tx.all(owners_of_email_sql, to_lower_ascii(email)))
    out.push_back(read_owner(row));
  return out;
}
std::vector<OwnerRow> owners_of_kind(db::Tx& tx, OwnerKind kind, const OwnerPage& page) {
  std::vector<OwnerRow> out;
  for (const auto& row : tx.all(owners_of_kind_sql, kind, page.after_key, page.limit))
    out.push_back(read_owner(row));
  return out;
}

OwnerId insert_owner(db::Tx& tx, const OwnerRow& row) {
  const Owner& o = row.owner;
  return tx
      .one(insert_owner_sql, o.public_id, o.kind, o.name, name_key(o.name), o.full_name, o.email,
           o.avatar, o.plan, o.default_visibility, row.is_admin, row.password_hash, tx.now(),
           email_key(o), row.must_verify)
      ->id<OwnerId>(0);
}
void update_owner(db::Tx& tx, const OwnerRow& row) {
  const Owner& o = row.owner;
  tx.run(update_owner_sql, o.full_name, o.email, o.avatar, o.plan, o.default_visibility,
         row.is_admin, row.password_hash, o.disabled_at, row.deleted_at, row.purge_at,
         row.deleted_by, tx.now(), email_key(o), o.email_verified_at, row.must_verify, o.id);
}
void update_name(db::Tx& tx, OwnerId id, std::string_view name) {
  tx.run(update_name_sql, name, name_key(name), tx.now(), id);
}
bool any_user_ever(db::Tx& tx) {
  return tx.one(any_user_sql).has_value();
}
std::vector<UserId> acting_admins(db::Tx& tx) {
  std::vector<UserId> out;
  for (const auto& row : tx.all(acting_admins_sql)) out.push_back(row.id<UserId>(0));
  return out;
}
OwnerCounts counts(db::Tx& tx) {
  auto row = *tx.one(counts_sql);
  return {row.integer(0), row.integer(1), row.integer(2)};
}
std::vector<OwnerId> owners_to_purge(db::Tx& tx, int limit) {
  std::vector<OwnerId> out;
  for (const auto& row : tx.all(owners_to_purge_sql, tx.now(), limit))
    out.push_back(row.id<OwnerId>(0));
  return out;
}
void purge(db::Tx& tx, OwnerId id, const PublicId& public_id) {
  tx.run(purge_tokens_sql, id);
  tx.run(purge_sessions_sql, id);
  tx.run(purge_memberships_sql, id);
  tx.run(purge_members_sql, id);
  tx.run(purge_redirects_sql, id);
  tx.run(purge_owner_sql, "~" + public_id.hex, tx.now(), id);
}

std::optional<Redirect> redirect(db::Tx& tx, std::string_view key) {
  auto row = tx.one(redirect_sql, key);
  if (!row) return std::nullopt;
  return Redirect{row->id<OwnerId>(0), row->time(1)};
}
void set_redirect(db::Tx& tx, std::string_view key, OwnerId owner) {
  tx.run(set_redirect_sql, key, owner, tx.now());
}
void drop_redirect(db::Tx& tx, std::string_view key) {
  tx.run(drop_redirect_sql, key);
}

std::optional<Role> role(db::Tx& tx, OwnerId organization, UserId user) {
  auto row = tx.one(role_sql, organization, user);
  if (!row) return std::nullopt;
  return row->enumeration<Role>(0);
}
void set_role(db::Tx& tx, OrgId organization, UserId user, Role role) {
  tx.run(set_role_sql, organization, user, role, tx.now());
}
bool remove_member(db::Tx& tx, OrgId organization, UserId user) {
  return tx.run(remove_member_sql, organization, user) > 0;
}
std::vector<UserId> member_ids(db::Tx& tx, OrgId organization) {
  std::vector<UserId> out;
  for (const auto& row : tx.all(member_ids_sql, organization)) out.push_back(row.id<UserId>(0));
  return out;
}
std::vector<std::pair<OwnerRow, Role>> members(db::Tx& tx, OrgId organization,
                                               const OwnerPage& page) {
  return read_roles(tx.all(members_sql, organization, page.after_key, page.limit));
}
std::vector<std::pair<OwnerRow, Role>> memberships(db::Tx& tx, UserId user) {
  return read_roles(tx.all(memberships_sql, user));
}
std::vector<OrgId> organization_ids(db::Tx& tx, UserId user) {
  std::vector<OrgId> out;
  for (const auto& row : tx.all(organization_ids_sql, user)) out.push_back(row.id<OrgId>(0));
  return out;
}

TokenId insert_token(db::Tx& tx, const Token& t, const Sha256Digest& hash, bool delegated) {
  return tx
      .one(insert_token_sql, t.public_id, t.user, t.name, t.role, scopes_column(t), blob(hash),
           t.hint, tx.now(), t.expires_at, delegated)
      ->id<TokenId>(0);
}
void update_token(db::Tx& tx, const Token& t) {
  tx.run(update_token_sql, t.name, t.role, scopes_column(t), t.expires_at, t.revoked_at, t.id);
}
std::optional<Token> token_by_id(db::Tx& tx, TokenId id) {
  return read_token(tx.one(token_by_id_sql, id));
}
std::optional<Token> token_by_public_id(db::Tx& tx, const PublicId& id) {
  return read_token(tx.one(token_by_public_id_sql, id));
}
std::optional<Token> token_by_hash(db::Tx& tx, const Sha256Digest& hash) {
  return read_token(tx.one(token_by_hash_sql, blob(hash)));
}
std::vector<Token> tokens_of(db::Tx& tx, UserId user) {
  std::vector<Token> out;
  for (const auto& row : tx.all(tokens_of_sql, user)) out.push_back(read_token(row));
  return out;
}
std::int64_t living_tokens(db::Tx& tx, UserId user) {
  return tx.one(living_tokens_sql, user)->integer(0);
}
bool revoke_token(db::Tx& tx, TokenId id) {
  return tx.run(revoke_token_sql, tx.now(), id) > 0;
}
void rotate_token(db::Tx& tx, const Token& t, const Sha256Digest& hash) {
  tx.run(rotate_token_sql, blob(hash), t.hint, t.expires_at, t.id);
}
void touch_token(db::Tx& tx, TokenId id, Time used, const Seen& seen) {
  tx.run(touch_token_sql, used, seen.address, seen.user_agent, id);
}

SessionId insert_session(db::Tx& tx, const Session& s, const Sha256Digest& hash) {
  return tx
      .one(insert_session_sql, s.public_id, s.user, blob(hash), tx.now(), s.expires_at,
           s.seen.address, s.seen.user_agent, s.confirmed_at)
      ->id<SessionId>(0);
}
std::optional<Session> session_by_hash(db::Tx& tx, const Sha256Digest& hash) {
  auto row = tx.one(session_by_hash_sql, blob(hash));
  if (!row) return std::nullopt;
  return read_session(*row);
}
std::optional<Session> session_by_public_id(db::Tx& tx, const PublicId& id) {
  auto row = tx.one(session_by_public_id_sql, id);
  if (!row) return std::nullopt;
  return read_session(*row);
}
std::vector<Session> sessions_of(db::Tx& tx, UserId user, Time now) {
  std::vector<Session> out;
  for (const auto& row : tx.all(sessions_of_sql, user, now)) out.push_back(read_session(row));
  return out;
}
void end_session(db::Tx& tx, SessionId id) {
  tx.run(end_session_sql, tx.now(), id);
}
bool confirm_session(db::Tx& tx, SessionId id, const Sha256Digest& hash, Time expires_at) {
  return tx.run(confirm_session_sql, blob(hash), tx.now(), expires_at, id) > 0;
}
std::int64_t forget_sessions(db::Tx& tx, Time ended_before, int limit) {
  return tx.run(forget_sessions_sql, ended_before, limit);
}
void revive_session(db::Tx& tx, SessionId id) {
  tx.run(revive_session_sql, id);
}
void end_sessions(db::Tx& tx, UserId user, std::optional<SessionId> kept) {
  tx.run(end_sessions_sql, tx.now(), user, kept.value_or(SessionId{0}));
}
void touch_session(db::Tx& tx, SessionId id, Time used, const Seen& seen) {
  tx.run(touch_session_sql, used, seen.address, seen.user_agent, id);
}

std::optional<std::string> meta(db::Tx& tx, std::string_view key) {
  auto row = tx.one(meta_sql, key);
  if (!row) return std::nullopt;
  return row->text(0);
}
void set_meta(db::Tx& tx, std::string_view key, std::string_view value) {
  tx.run(set_meta_sql, key, value);
}

}  // namespace cairn::account::store

namespace cairn::account {

void set_alias(db::Tx& tx, RepoKind kind, std::string_view from, std::string_view to) {
  tx.run(store::set_alias_sql, kind, name_key(from), from, to, tx.now());
}

std::optional<std::string> find_alias(db::Tx& tx, RepoKind kind, std::string_view from) {
  auto row = tx.one(store::find_alias_sql, kind, name_key(from));
  if (!row) return std::nullopt;
  return row->text(0);
}

}  // namespace cairn::account
