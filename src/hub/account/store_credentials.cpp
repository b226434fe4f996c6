#include "base/json.h"
#include "hub/account/store.h"

// Rows of tokens and sessions: what people come in with.

#define CAIRN_TOKEN_COLUMNS                                                                  \
  "id, public_id, user_id, name, role, scopes, hint, created_at, expires_at, last_used_at, " \
  "revoked_at, last_used_address, last_used_agent"
#define CAIRN_SESSION_COLUMNS                                                           \
  "id, public_id, user_id, address, user_agent, created_at, expires_at, last_used_at, " \
  "confirmed_at, revoked_at"

namespace cairn::account::store {
namespace {

using db::Statement;

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
constexpr Statement hash_of_token_sql{"account.hash_of_token",
                                      "SELECT hash FROM tokens WHERE id = $1"};
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

constexpr const Statement* all_statements[] = {
    &insert_token_sql,       &update_token_sql,         &token_by_id_sql,
    &token_by_public_id_sql, &token_by_hash_sql,        &tokens_of_sql,
    &living_tokens_sql,      &revoke_token_sql,         &touch_token_sql,
    &rotate_token_sql,       &hash_of_token_sql,        &insert_session_sql,
    &session_by_hash_sql,    &session_by_public_id_sql, &sessions_of_sql,
    &end_session_sql,        &confirm_session_sql,      &forget_sessions_sql,
    &revive_session_sql,     &end_sessions_sql,         &touch_session_sql};

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

db::Blob blob(const Sha256Digest& hash) {
  return {std::string(hash.view())};
}

}  // namespace

std::span<const db::Statement* const> credential_statements() {
  return all_statements;
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
Sha256Digest hash_of_token(db::Tx& tx, TokenId id) {
  return Sha256Digest::from_bytes(tx.one(hash_of_token_sql, id)->blob(0));
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

}  // namespace cairn::account::store
