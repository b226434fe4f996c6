#include "hub/oauth/store.h"

#include "base/json.h"

namespace cairn::oauth {
namespace {

using db::Statement;

// Lists of texts and numbers are JSON: nothing is looked up by what stands in them.
constexpr std::string_view oauth_sql = R"sql(
CREATE TABLE oauth_clients (
  id @id,
  client_id @text NOT NULL UNIQUE,
  name @text NOT NULL,
  homepage @text NOT NULL DEFAULT '',
  owner_id @int REFERENCES owners (id),
  redirect_uris @text NOT NULL,
  scopes @text NOT NULL,
  secret_hash @blob,
  built_in @int NOT NULL DEFAULT 0,
  created_at @int NOT NULL,
  used_at @int,
  deleted_at @int
) @strict;
CREATE INDEX oauth_clients_by_owner ON oauth_clients (owner_id, id);
CREATE INDEX oauth_clients_unused ON oauth_clients (created_at) WHERE owner_id IS NULL AND used_at IS NULL AND built_in = 0;

CREATE TABLE oauth_grants (
  id @id,
  public_id @text NOT NULL UNIQUE,
  client_id @int NOT NULL REFERENCES oauth_clients (id),
  user_id @int NOT NULL REFERENCES owners (id),
  scopes @text NOT NULL,
  whole_account @int NOT NULL DEFAULT 0,
  organizations @text NOT NULL,
  created_at @int NOT NULL,
  last_used_at @int,
  revoked_at @int
) @strict;
CREATE INDEX oauth_grants_by_user ON oauth_grants (user_id, id);
CREATE INDEX oauth_grants_by_client ON oauth_grants (client_id, id);

CREATE TABLE oauth_codes (
  hash @blob PRIMARY KEY,
  client_id @int NOT NULL REFERENCES oauth_clients (id),
  user_id @int NOT NULL REFERENCES owners (id),
  redirect_uri @text NOT NULL,
  scopes @text NOT NULL,
  organizations @text NOT NULL,
  challenge @text NOT NULL,
  nonce @text NOT NULL,
  expires_at @int NOT NULL,
  grant_id @int REFERENCES oauth_grants (id)
) @strict;
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_by_client ON oauth_codes (client_id);

CREATE TABLE oauth_devices (
  id @id,
  hash @blob NOT NULL UNIQUE,
  user_code @text NOT NULL UNIQUE,
  client_id @int NOT NULL REFERENCES oauth_clients (id),
  scopes @text NOT NULL,
  address @text NOT NULL,
  user_agent @text NOT NULL,
  state @int NOT NULL DEFAULT 0,
  user_id @int REFERENCES owners (id),
  created_at @int NOT NULL,
  expires_at @int NOT NULL,
  interval_s @int NOT NULL,
  polled_at @int
) @strict;
CREATE INDEX oauth_devices_by_expiry ON oauth_devices (expires_at);
CREATE INDEX oauth_devices_by_client ON oauth_devices (client_id);

CREATE TABLE oauth_refresh_tokens (
  hash @blob PRIMARY KEY,
  grant_id @int NOT NULL REFERENCES oauth_grants (id),
  expires_at @int NOT NULL,
  used_at @int
) @strict;
CREATE INDEX oauth_refresh_tokens_by_expiry ON oauth_refresh_tokens (expires_at);
CREATE INDEX oauth_refresh_tokens_by_grant ON oauth_refresh_tokens (grant_id);

CREATE TABLE oauth_access_tokens (
  token_id @int PRIMARY KEY,
  grant_id @int NOT NULL REFERENCES oauth_grants (id),
  expires_at @int NOT NULL
) @strict;
CREATE INDEX oauth_access_tokens_by_grant ON oauth_access_tokens (grant_id);
CREATE INDEX oauth_access_tokens_by_expiry ON oauth_access_tokens (expires_at);

CREATE TABLE oauth_keys (
  id @id,
  key_id @text NOT NULL UNIQUE,
  sealed @text NOT NULL,
  created_at @int NOT NULL
) @strict;
CREATE INDEX oauth_keys_by_time ON oauth_keys (created_at);

INSERT INTO oauth_clients (client_id, name, redirect_uris, scopes, built_in, created_at)
VALUES ('26be6b09-91c5-47da-9861-d2d2bb7a7e36', 'Command line (hf)', '[]', '[]', 1, 0);
)sql";

#define CAIRN_CLIENT_COLUMNS                                                                  \
  "id, client_id, name, homepage, owner_id, redirect_uris, scopes, secret_hash IS NOT NULL, " \
  "built_in, created_at"

// Boolean expressions are integers on SQLite and booleans on PostgreSQL, hence the second texts.
#define CAIRN_CLIENT_COLUMNS_POSTGRES                                \
  "id, client_id, name, homepage, owner_id, redirect_uris, scopes, " \
  "(secret_hash IS NOT NULL)::int::bigint, built_in, created_at"

#define CAIRN_CLIENT_SELECT(rest)                             \
  "SELECT " CAIRN_CLIENT_COLUMNS " FROM oauth_clients " rest, \
      "SELECT " CAIRN_CLIENT_COLUMNS_POSTGRES " FROM oauth_clients " rest

constexpr Statement client_by_name{
    "oauth.client", CAIRN_CLIENT_SELECT("WHERE client_id = $1 AND deleted_at IS NULL")};
constexpr Statement client_by_id{"oauth.client_by_id", CAIRN_CLIENT_SELECT("WHERE id = $1")};
constexpr Statement clients_by_owner{
    "oauth.clients_of",
    CAIRN_CLIENT_SELECT("WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id DESC LIMIT 1000")};
constexpr Statement count_by_owner{
    "oauth.count_clients",
    "SELECT count(*) FROM oauth_clients WHERE owner_id = $1 AND deleted_at IS NULL"};
constexpr Statement count_anonymous{"oauth.count_anonymous",
                                    "SELECT count(*) FROM oauth_clients WHERE owner_id IS NULL AND "
                                    "used_at IS NULL AND built_in = 0"};
constexpr Statement insert_client_sql{"oauth.insert_client", R"sql(
  INSERT INTO oauth_clients (client_id, name, homepage, owner_id, redirect_uris, scopes,
    secret_hash, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id)sql"};
constexpr Statement secret_sql{"oauth.secret",
                               "SELECT secret_hash FROM oauth_clients WHERE id = $1"};
constexpr Statement end_client_sql{"oauth.end_client",
                                   "UPDATE oauth_clients SET deleted_at = $1 WHERE id = $2"};
constexpr Statement use_client_sql{
    "oauth.use_client", "UPDATE oauth_clients SET used_at = $1 WHERE id = $2 AND used_at IS NULL"};
// A code or a device that still waits holds its client.
constexpr Statement forget_clients_sql{"oauth.forget_clients", R"sql(
  DELETE FROM oauth_clients WHERE owner_id IS NULL AND used_at IS NULL AND built_in = 0
    AND created_at < $1
    AND NOT EXISTS (SELECT 1 FROM oauth_codes c WHERE c.client_id = oauth_clients.id)
    AND NOT EXISTS (SELECT 1 FROM oauth_devices d WHERE d.client_id = oauth_clients.id))sql"};

#define CAIRN_GRANT_COLUMNS                                                               \
  "id, public_id, client_id, user_id, scopes, whole_account, organizations, created_at, " \
  "last_used_at, revoked_at"
constexpr Statement insert_grant_sql{"oauth.insert_grant", R"sql(
  INSERT INTO oauth_grants (public_id, client_id, user_id, scopes, whole_account, organizations,
    created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id)sql"};
constexpr Statement grant_sql{"oauth.grant",
                              "SELECT " CAIRN_GRANT_COLUMNS " FROM oauth_grants WHERE id = $1"};
constexpr Statement grant_by_public_id{"oauth.grant_by_public_id",
                                       "SELECT " CAIRN_GRANT_COLUMNS
                                       " FROM oauth_grants WHERE public_id = $1"};
constexpr Statement grants_by_user{"oauth.grants_of", "SELECT " CAIRN_GRANT_COLUMNS R"sql(
  FROM oauth_grants WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id DESC LIMIT 1000)sql"};
constexpr Statement grants_by_client{"oauth.grants_of_client", "SELECT " CAIRN_GRANT_COLUMNS R"sql(
  FROM oauth_grants WHERE client_id = $1 AND revoked_at IS NULL ORDER BY id LIMIT 100000)sql"};
constexpr Statement end_grant_sql{
    "oauth.end_grant",
    "UPDATE oauth_grants SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL"};
constexpr Statement end_refresh_sql{"oauth.end_refresh",
                                    "DELETE FROM oauth_refresh_tokens WHERE grant_id = $1"};
constexpr Statement touch_grant_sql{"oauth.touch_grant",
                                    "UPDATE oauth_grants SET last_used_at = $1 WHERE id = $2"};

constexpr Statement insert_code_sql{"oauth.insert_code", R"sql(
  INSERT INTO oauth_codes (hash, client_id, user_id, redirect_uri, scopes, organizations,
    challenge, nonce, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr Statement code_sql{"oauth.code", R"sql(
  SELECT client_id, user_id, redirect_uri, scopes, organizations, challenge, nonce, expires_at,
    grant_id FROM oauth_codes WHERE hash = $1)sql"};
constexpr Statement use_code_sql{"oauth.use_code",
                                 "UPDATE oauth_codes SET grant_id = $1 WHERE hash = $2"};

#define CAIRN_DEVICE_COLUMNS                                                                  \
  "id, hash, user_code, client_id, scopes, address, user_agent, state, user_id, created_at, " \
  "expires_at, interval_s, polled_at"
constexpr Statement insert_device_sql{"oauth.insert_device", R"sql(
  INSERT INTO oauth_devices (hash, user_code, client_id, scopes, address, user_agent, created_at,
    expires_at, interval_s)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql"};
constexpr Statement device_sql{
    "oauth.device", "SELECT " CAIRN_DEVICE_COLUMNS " FROM oauth_devices WHERE hash = $1"};
constexpr Statement device_by_code_sql{"oauth.device_by_code",
                                       "SELECT " CAIRN_DEVICE_COLUMNS
                                       " FROM oauth_devices WHERE user_code = $1"};
constexpr Statement count_devices{"oauth.count_devices",
                                  "SELECT count(*) FROM oauth_devices WHERE expires_at > $1"};
constexpr Statement decide_device_sql{
    "oauth.decide_device", "UPDATE oauth_devices SET state = $1, user_id = $2 WHERE id = $3"};
constexpr Statement poll_device_sql{
    "oauth.poll_device", "UPDATE oauth_devices SET polled_at = $1, interval_s = $2 WHERE id = $3"};

constexpr Statement insert_refresh_sql{
    "oauth.insert_refresh",
    "INSERT INTO oauth_refresh_tokens (hash, grant_id, expires_at) VALUES ($1, $2, $3)"};
constexpr Statement refresh_sql{
    "oauth.refresh",
    "SELECT grant_id, expires_at, used_at FROM oauth_refresh_tokens WHERE hash = $1"};
constexpr Statement use_refresh_sql{"oauth.use_refresh", R"sql(
  UPDATE oauth_refresh_tokens SET used_at = $1 WHERE hash = $2 AND used_at IS NULL)sql"};

constexpr Statement insert_access_sql{
    "oauth.insert_access",
    "INSERT INTO oauth_access_tokens (token_id, grant_id, expires_at) VALUES ($1, $2, $3)"};
constexpr Statement access_grant_sql{
    "oauth.grant_of_token", "SELECT grant_id FROM oauth_access_tokens WHERE token_id = $1"};
constexpr Statement access_tokens_sql{
    "oauth.tokens_of_grant", "SELECT token_id FROM oauth_access_tokens WHERE grant_id = $1"};
constexpr Statement tokens_over_sql{"oauth.tokens_over", R"sql(
  SELECT token_id FROM oauth_access_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)sql"};
constexpr Statement forget_access_sql{"oauth.forget_access",
                                      "DELETE FROM oauth_access_tokens WHERE token_id = $1"};

constexpr Statement keys_sql{"oauth.keys", R"sql(
  SELECT key_id, sealed, created_at FROM oauth_keys WHERE created_at >= $1
  ORDER BY created_at DESC, id DESC LIMIT 100)sql"};
constexpr Statement insert_key_sql{
    "oauth.insert_key", "INSERT INTO oauth_keys (key_id, sealed, created_at) VALUES ($1, $2, $3)"};

constexpr Statement forget_codes_sql{"oauth.forget_codes",
                                     "DELETE FROM oauth_codes WHERE expires_at < $1"};
constexpr Statement forget_devices_sql{"oauth.forget_devices",
                                       "DELETE FROM oauth_devices WHERE expires_at < $1"};
constexpr Statement forget_refresh_sql{"oauth.forget_refresh",
                                       "DELETE FROM oauth_refresh_tokens WHERE expires_at < $1"};

std::string to_json(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return json::serialize(out);
}

std::vector<std::string> texts_of(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& item : json::parse(text).as_array()) out.emplace_back(item.as_string());
  return out;
}

std::string to_json(const std::vector<OrgId>& ids) {
  json::array out;
  for (auto id : ids) out.emplace_back(id.value);
  return json::serialize(out);
}

std::vector<OrgId> ids_of(const std::string& text) {
  std::vector<OrgId> out;
  for (const auto& item : json::parse(text).as_array())
    out.push_back({item.to_number<std::int64_t>()});
  return out;
}

db::Blob bytes_of(const Sha256Digest& digest) {
  return {std::string(digest.view())};
}

Client read_client(const db::Row& row) {
  Client out;
  out.id = row.id<ClientRow>(0);
  out.client_id = row.text(1);
  out.name = row.text(2);
  out.homepage = row.text(3);
  if (auto owner = row.opt_integer(4)) out.owner = UserId{*owner};
  out.redirect_uris = texts_of(row.text(5));
  out.scopes = texts_of(row.text(6));
  out.confidential = row.boolean(7);
  out.built_in = row.boolean(8);
  out.created_at = row.time(9);
  return out;
}

std::optional<Client> opt_client(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return read_client(*row);
}

store::GrantRow read_grant(const db::Row& row) {
  store::GrantRow out;
  out.id = row.id<GrantId>(0);
  out.public_id = PublicId{row.text(1)};
  out.client = row.id<ClientRow>(2);
  out.user = row.id<UserId>(3);
  out.scopes = texts_of(row.text(4));
  out.whole_account = row.boolean(5);
  out.organizations = ids_of(row.text(6));
  out.created_at = row.time(7);
  out.last_used_at = row.opt_time(8);
  out.revoked_at = row.opt_time(9);
  return out;
}

std::vector<store::GrantRow> read_grants(const std::vector<db::Row>& rows) {
  std::vector<store::GrantRow> out;
  for (const auto& row : rows) out.push_back(read_grant(row));
  return out;
}

std::optional<store::DeviceRow> opt_device(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  store::DeviceRow out;
  out.id = row->integer(0);
  out.hash = Sha256Digest::from_bytes(row->blob(1));
  out.user_code = row->text(2);
  out.client = row->id<ClientRow>(3);
  out.scopes = texts_of(row->text(4));
  out.address = row->text(5);
  out.user_agent = row->text(6);
  out.state = row->enumeration<store::DeviceState>(7);
  if (auto user = row->opt_integer(8)) out.user = UserId{*user};
  out.created_at = row->time(9);
  out.expires_at = row->time(10);
  out.interval_s = row->integer(11);
  out.polled_at = row->opt_time(12);
  return out;
}

}  // namespace

std::vector<db::Migration> oauth_migrations() {
  return {{"20261126T1100_oauth", db::Migration::Kind::expand, oauth_sql}};
}

namespace store {

std::optional<Client> client(db::Tx& tx, std::string_view client_id) {
  return opt_client(tx.one(client_by_name, client_id));
}
std::optional<Client> client(db::Tx& tx, ClientRow id) {
  return opt_client(tx.one(client_by_id, id));
}
std::vector<Client> clients_of(db::Tx& tx, UserId owner) {
  std::vector<Client> out;
  for (const auto& row : tx.all(clients_by_owner, owner)) out.push_back(read_client(row));
  return out;
}
std::int64_t count_clients(db::Tx& tx, UserId owner) {
  return tx.one(count_by_owner, owner)->integer(0);
}
std::int64_t count_anonymous_clients(db::Tx& tx) {
  return tx.one(count_anonymous)->integer(0);
}
ClientRow insert_client(db::Tx& tx, const Client& c, const std::optional<Sha256Digest>& secret) {
  std::optional<db::Blob> hash;
  if (secret) hash = bytes_of(*secret);
  return tx
      .one(insert_client_sql, c.client_id, c.name, c.homepage, c.owner, to_json(c.redirect_uris),
           to_json(c.scopes), hash, tx.now())
      ->id<ClientRow>(0);
}
std::optional<std::string> secret_of(db::Tx& tx, ClientRow id) {
  auto row = tx.one(secret_sql, id);
  if (!row || row->is_null(0)) return std::nullopt;
  return row->blob(0);
}
void end_client(db::Tx& tx, ClientRow id) {
  tx.run(end_client_sql, tx.now(), id);
}
std::int64_t forget_unused_clients(db::Tx& tx, Time before) {
  return tx.run(forget_clients_sql, before);
}

GrantId insert_grant(db::Tx& tx, const GrantRow& g) {
  tx.run(use_client_sql, tx.now(), g.client);
  return tx
      .one(insert_grant_sql, g.public_id, g.client, g.user, to_json(g.scopes), g.whole_account,
           to_json(g.organizations), tx.now())
      ->id<GrantId>(0);
}
std::optional<GrantRow> grant(db::Tx& tx, GrantId id) {
  auto row = tx.one(grant_sql, id);
  return row ? std::optional(read_grant(*row)) : std::nullopt;
}
std::optional<GrantRow> grant(db::Tx& tx, const PublicId& id) {
  auto row = tx.one(grant_by_public_id, id);
  return row ? std::optional(read_grant(*row)) : std::nullopt;
}
std::vector<GrantRow> grants_of(db::Tx& tx, UserId user) {
  return read_grants(tx.all(grants_by_user, user));
}
std::vector<GrantRow> grants_of(db::Tx& tx, ClientRow client) {
  return read_grants(tx.all(grants_by_client, client));
}
void end_grant(db::Tx& tx, GrantId id) {
  tx.run(end_grant_sql, tx.now(), id);
  tx.run(end_refresh_sql, id);
}
void touch_grant(db::Tx& tx, GrantId id) {
  tx.run(touch_grant_sql, tx.now(), id);
}

void insert_code(db::Tx& tx, const CodeRow& c) {
  tx.run(insert_code_sql, bytes_of(c.hash), c.client, c.user, c.redirect_uri, to_json(c.scopes),
         to_json(c.organizations), c.challenge, c.nonce, c.expires_at);
}
std::optional<CodeRow> code(db::Tx& tx, const Sha256Digest& hash) {
  auto row = tx.one(code_sql, bytes_of(hash));
  if (!row) return std::nullopt;
  CodeRow out;
  out.hash = hash;
  out.client = row->id<ClientRow>(0);
  out.user = row->id<UserId>(1);
  out.redirect_uri = row->text(2);
  out.scopes = texts_of(row->text(3));
  out.organizations = ids_of(row->text(4));
  out.challenge = row->text(5);
  out.nonce = row->text(6);
  out.expires_at = row->time(7);
  if (auto grant = row->opt_integer(8)) out.grant = GrantId{*grant};
  return out;
}
void use_code(db::Tx& tx, const Sha256Digest& hash, GrantId grant) {
  tx.run(use_code_sql, grant, bytes_of(hash));
}

void insert_device(db::Tx& tx, const DeviceRow& d) {
  tx.run(insert_device_sql, bytes_of(d.hash), d.user_code, d.client, to_json(d.scopes), d.address,
         d.user_agent, tx.now(), d.expires_at, d.interval_s);
}
std::optional<DeviceRow> device(db::Tx& tx, const Sha256Digest& hash) {
  return opt_device(tx.one(device_sql, bytes_of(hash)));
}
std::optional<DeviceRow> device_by_code(db::Tx& tx, std::string_view user_code) {
  return opt_device(tx.one(device_by_code_sql, user_code));
}
std::int64_t count_waiting(db::Tx& tx) {
  return tx.one(count_devices, tx.now())->integer(0);
}
void decide_device(db::Tx& tx, std::int64_t id, DeviceState state, std::optional<UserId> user) {
  tx.run(decide_device_sql, state, user, id);
}
void poll_device(db::Tx& tx, std::int64_t id, std::int64_t interval_s) {
  tx.run(poll_device_sql, tx.now(), interval_s, id);
}

void insert_refresh(db::Tx& tx, const Sha256Digest& hash, GrantId grant, Time expires_at) {
  tx.run(insert_refresh_sql, bytes_of(hash), grant, expires_at);
}
std::optional<RefreshRow> refresh(db::Tx& tx, const Sha256Digest& hash) {
  auto row = tx.one(refresh_sql, bytes_of(hash));
  if (!row) return std::nullopt;
  return RefreshRow{row->id<GrantId>(0), row->time(1), row->opt_time(2)};
}
void use_refresh(db::Tx& tx, const Sha256Digest& hash) {
  tx.run(use_refresh_sql, tx.now(), bytes_of(hash));
}

void insert_access(db::Tx& tx, TokenId token, GrantId grant) {
  tx.run(insert_access_sql, token, grant, tx.now() + access_life);
}
std::optional<GrantId> grant_of(db::Tx& tx, TokenId token) {
  auto row = tx.one(access_grant_sql, token);
  return row ? std::optional(row->id<GrantId>(0)) : std::nullopt;
}
std::vector<TokenId> tokens_of(db::Tx& tx, GrantId grant) {
  std::vector<TokenId> out;
  for (const auto& row : tx.all(access_tokens_sql, grant)) out.push_back(row.id<TokenId>(0));
  return out;
}
std::vector<TokenId> tokens_over(db::Tx& tx, int limit) {
  std::vector<TokenId> out;
  for (const auto& row : tx.all(tokens_over_sql, tx.now(), limit)) {
    out.push_back(row.id<TokenId>(0));
    tx.run(forget_access_sql, out.back());
  }
  return out;
}

std::vector<KeyRow> keys(db::Tx& tx, Time not_before) {
  std::vector<KeyRow> out;
  for (const auto& row : tx.all(keys_sql, not_before))
    out.push_back({row.text(0), row.text(1), row.time(2)});
  return out;
}
void insert_key(db::Tx& tx, std::string_view key_id, std::string_view sealed) {
  tx.run(insert_key_sql, key_id, sealed, tx.now());
}

void forget_expired(db::Tx& tx, Time before) {
  tx.run(forget_codes_sql, before);
  tx.run(forget_devices_sql, before);
  tx.run(forget_refresh_sql, before);
}

}  // namespace store
}  // namespace cairn::oauth
