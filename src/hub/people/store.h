#pragma once
// The rows of this module. All its SQL stands in store.cpp.
#include <span>

#include "base/hash.h"
#include "hub/people/people.h"

namespace cairn::people::store {

/// All of them, for the test that holds them to their indexes.
std::span<const db::Statement* const> statements();

enum class Purpose { setup, verify_email, reset_password };

struct Code {
  std::int64_t id = 0;
  UserId user;
  std::optional<std::string> email;
};
void insert_code(db::Tx& tx, Purpose purpose, const Sha256Digest& hash, UserId user,
                 const std::optional<std::string>& email, Time expires_at);
/// One that was not used and has not expired.
std::optional<Code> find_code(db::Tx& tx, Purpose purpose, const Sha256Digest& hash);
/// Ends the user's codes of this purpose.
void drop_codes(db::Tx& tx, UserId user, Purpose purpose);
std::int64_t forget_codes(db::Tx& tx, Time ended_before, int limit);

/// @param hash  empty for one that is addressed to a user.
std::int64_t insert_invite(db::Tx& tx, const Invite& invite,
                           const std::optional<Sha256Digest>& hash);
/// Open ones alone.
std::optional<Invite> invite_by_hash(db::Tx& tx, const Sha256Digest& hash);
std::optional<Invite> invite_by_public_id(db::Tx& tx, const PublicId& id);
std::vector<Invite> invites_of_org(db::Tx& tx, OrgId org, int limit);
std::vector<Invite> invites_to_user(db::Tx& tx, UserId user, int limit);
std::vector<Invite> invites(db::Tx& tx, int limit);
/// Counts one use. @return whether there was one left.
bool use_invite(db::Tx& tx, std::int64_t id);
void revoke_invite(db::Tx& tx, std::int64_t id);
std::int64_t forget_invites(db::Tx& tx, Time ended_before, int limit);

struct ProfileRow {
  std::string details, homepage, socials;
};
std::optional<ProfileRow> profile(db::Tx& tx, OwnerId owner);
void set_profile(db::Tx& tx, OwnerId owner, const ProfileRow& row);
std::optional<Avatar> avatar(db::Tx& tx, OwnerId owner);
void set_avatar(db::Tx& tx, OwnerId owner, const Avatar& avatar);
void drop_avatar(db::Tx& tx, OwnerId owner);

/// Users who had to verify their address, made before that time.
std::vector<UserId> unverified(db::Tx& tx, Time made_before, int limit);
/// Members of that role, at most `limit`.
std::vector<UserId> members_with(db::Tx& tx, OrgId org, account::Role role, int limit);
/// Every row about an owner.
void forget_owner(db::Tx& tx, OwnerId owner);

}  // namespace cairn::people::store
