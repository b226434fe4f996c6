#pragma once
// The rows of this module: clients, consents, codes, devices, refresh tokens, signing keys. Values
// are kept as SHA-256 only.
#include "base/hash.h"
#include "hub/oauth/oauth.h"

namespace cairn::oauth::store {

std::optional<Client> client(db::Tx& tx, std::string_view client_id);
std::optional<Client> client(db::Tx& tx, ClientRow id);
std::vector<Client> clients_of(db::Tx& tx, UserId owner);
std::int64_t count_clients(db::Tx& tx, UserId owner);
std::int64_t count_anonymous_clients(db::Tx& tx);
ClientRow insert_client(db::Tx& tx, const Client& client,
                        const std::optional<Sha256Digest>& secret);
std::optional<std::string> secret_of(db::Tx& tx, ClientRow id);  ///< 32 bytes.
void end_client(db::Tx& tx, ClientRow id);
std::int64_t forget_unused_clients(db::Tx& tx, Time before);

struct GrantRow {
  GrantId id;
  PublicId public_id;
  ClientRow client;
  UserId user;
  std::vector<std::string> scopes;
  bool whole_account = false;
  std::vector<OrgId> organizations;
  Time created_at;
  std::optional<Time> last_used_at, revoked_at;
};
GrantId insert_grant(db::Tx& tx, const GrantRow& grant);
std::optional<GrantRow> grant(db::Tx& tx, GrantId id);
std::optional<GrantRow> grant(db::Tx& tx, const PublicId& id);
std::vector<GrantRow> grants_of(db::Tx& tx, UserId user);
std::vector<GrantRow> grants_of(db::Tx& tx, ClientRow client);
void end_grant(db::Tx& tx, GrantId id);
void touch_grant(db::Tx& tx, GrantId id);

struct CodeRow {
  Sha256Digest hash;
  ClientRow client;
  UserId user;
  std::string redirect_uri;
  std::vector<std::string> scopes;
  std::vector<OrgId> organizations;
  std::string challenge;  ///< Empty: none was sent (confidential clients only).
  std::string nonce;
  Time expires_at;
  std::optional<GrantId> grant;  ///< Given by its one use.
};
void insert_code(db::Tx& tx, const CodeRow& code);
std::optional<CodeRow> code(db::Tx& tx, const Sha256Digest& hash);
void use_code(db::Tx& tx, const Sha256Digest& hash, GrantId grant);

enum class DeviceState { waiting, approved, denied, used };
struct DeviceRow {
  std::int64_t id = 0;
  Sha256Digest hash;
  std::string user_code;  ///< Without '-'.
  ClientRow client;
  std::vector<std::string> scopes;
  std::string address, user_agent;
  DeviceState state = DeviceState::waiting;
  std::optional<UserId> user;
  Time created_at, expires_at;
  std::int64_t interval_s = device_interval_s;
  std::optional<Time> polled_at;
};
void insert_device(db::Tx& tx, const DeviceRow& device);
std::optional<DeviceRow> device(db::Tx& tx, const Sha256Digest& hash);
std::optional<DeviceRow> device_by_code(db::Tx& tx, std::string_view user_code);
std::int64_t count_waiting(db::Tx& tx);
void decide_device(db::Tx& tx, std::int64_t id, DeviceState state, std::optional<UserId> user);
void poll_device(db::Tx& tx, std::int64_t id, std::int64_t interval_s);

struct RefreshRow {
  GrantId grant;
  Time expires_at;
  std::optional<Time> used_at;
};
void insert_refresh(db::Tx& tx, const Sha256Digest& hash, GrantId grant, Time expires_at);
std::optional<RefreshRow> refresh(db::Tx& tx, const Sha256Digest& hash);
void use_refresh(db::Tx& tx, const Sha256Digest& hash);

/// The access token belongs to the grant.
void insert_access(db::Tx& tx, TokenId token, GrantId grant);
std::optional<GrantId> grant_of(db::Tx& tx, TokenId token);
std::vector<TokenId> tokens_of(db::Tx& tx, GrantId grant);
/// Revokes access tokens whose time is over and forgets that they belonged here.
std::vector<TokenId> tokens_over(db::Tx& tx, int limit);

struct KeyRow {
  std::string key_id;
  std::string sealed;
  Time created_at;
};
std::vector<KeyRow> keys(db::Tx& tx, Time not_before);  ///< Newest first.
void insert_key(db::Tx& tx, std::string_view key_id, std::string_view sealed);

void forget_expired(db::Tx& tx, Time before);

}  // namespace cairn::oauth::store
