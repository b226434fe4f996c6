#pragma once
// The rows of this module. All its SQL stands in store.cpp, of tokens and sessions in
// store_credentials.cpp; rules stand in the files that call this.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "hub/account/owners.h"
#include "hub/account/sessions.h"
#include "hub/account/tokens.h"
#include "platform/db/db.h"

namespace cairn::account::store {

/// All of them, for the test that holds them to their indexes.
std::span<const db::Statement* const> statements();
std::span<const db::Statement* const> credential_statements();

/// A row of `owners`, with what the outside never sees.
struct OwnerRow {
  Owner owner;
  bool is_admin = false;
  bool must_verify = false;
  std::optional<std::string> password_hash;
  std::optional<Time> deleted_at, purge_at;  ///< purge_at: while it can be restored.
  std::optional<UserId> deleted_by;
};

std::optional<OwnerRow> owner_by_key(db::Tx& tx, std::string_view name_key);  // deleted ones too
std::optional<OwnerRow> owner_by_id(db::Tx& tx, OwnerId id);                  // deleted ones too
std::optional<OwnerRow> owner_by_public_id(db::Tx& tx, const PublicId& id);   // deleted ones too
std::vector<OwnerRow> owners_of_email(db::Tx& tx, std::string_view email);    // deleted ones too
std::vector<OwnerRow> owners_of_kind(db::Tx& tx, OwnerKind kind, const OwnerPage& page);
/// Fills in id, created_at. `owner.owner.public_id` must be set.
OwnerId insert_owner(db::Tx& tx, const OwnerRow& owner);
/// Writes all columns that can change but the name, and raises the version.
void update_owner(db::Tx& tx, const OwnerRow& owner);
void update_name(db::Tx& tx, OwnerId id, std::string_view name);
bool any_user_ever(db::Tx& tx);
/// Living administrators who are not disabled.
std::vector<UserId> acting_admins(db::Tx& tx);
OwnerCounts counts(db::Tx& tx);
std::vector<OwnerId> owners_to_purge(db::Tx& tx, int limit);
/// Tokens, sessions, memberships, old names and personal columns; the row stays.
void purge(db::Tx& tx, OwnerId id, const PublicId& public_id);

/// An old name: whose it was, and since when.
struct Redirect {
  OwnerId owner;
  Time since;
};
std::optional<Redirect> redirect(db::Tx& tx, std::string_view name_key);
void set_redirect(db::Tx& tx, std::string_view name_key, OwnerId owner);
void drop_redirect(db::Tx& tx, std::string_view name_key);

std::optional<Role> role(db::Tx& tx, OwnerId organization, UserId user);
void set_role(db::Tx& tx, OrgId organization, UserId user, Role role);
bool remove_member(db::Tx& tx, OrgId organization, UserId user);
std::vector<UserId> member_ids(db::Tx& tx, OrgId organization);
std::vector<std::pair<OwnerRow, Role>> members(db::Tx& tx, OrgId organization,
                                               const OwnerPage& page);
std::vector<std::pair<OwnerRow, Role>> memberships(db::Tx& tx, UserId user);
std::vector<OrgId> organization_ids(db::Tx& tx, UserId user);

/// Names the token; `hash` is its value's SHA-256.
TokenId insert_token(db::Tx& tx, const Token& token, const Sha256Digest& hash,
                     bool delegated = false);
/// Everything but user and hash; raises the version.
void update_token(db::Tx& tx, const Token& token);
std::optional<Token> token_by_id(db::Tx& tx, TokenId id);
std::optional<Token> token_by_public_id(db::Tx& tx, const PublicId& id);
std::optional<Token> token_by_hash(db::Tx& tx, const Sha256Digest& hash);
std::vector<Token> tokens_of(db::Tx& tx, UserId user);  // living ones, newest first
std::int64_t living_tokens(db::Tx& tx, UserId user);
bool revoke_token(db::Tx& tx, TokenId id);
/// Hash, hint and expiry; raises the version.
void rotate_token(db::Tx& tx, const Token& token, const Sha256Digest& hash);
/// What a token's value hashes to.
Sha256Digest hash_of_token(db::Tx& tx, TokenId token);
void touch_token(db::Tx& tx, TokenId id, Time used, const Seen& seen);

SessionId insert_session(db::Tx& tx, const Session& session, const Sha256Digest& hash);
std::optional<Session> session_by_hash(db::Tx& tx, const Sha256Digest& hash);
void revive_session(db::Tx& tx, SessionId id);
std::optional<Session> session_by_public_id(db::Tx& tx, const PublicId& id);
/// Living ones, newest first.
std::vector<Session> sessions_of(db::Tx& tx, UserId user, Time now);
void end_session(db::Tx& tx, SessionId id);
void end_sessions(db::Tx& tx, UserId user, std::optional<SessionId> kept);
/// @return whether it was alive.
bool confirm_session(db::Tx& tx, SessionId id, const Sha256Digest& hash, Time expires_at);
void touch_session(db::Tx& tx, SessionId id, Time used, const Seen& seen);
std::int64_t forget_sessions(db::Tx& tx, Time ended_before, int limit);

std::optional<std::string> meta(db::Tx& tx, std::string_view key);
void set_meta(db::Tx& tx, std::string_view key, std::string_view value);

}  // namespace cairn::account::store
