#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"
#include "hub/account/types.h"
#include "platform/db/db.h"

/// Users, organizations and who belongs to which: plain functions on a transaction, for any thread
/// that runs one. Names are compared folded (`name_key`). Deleted owners are not found by any
/// function but those that say so.
namespace cairn::account {

enum class Plan { free, pro, team, enterprise };
/// In an organization, each with the rights of those before it:
/// read: see and read every repository · contributor: create, write own · write: write any ·
/// admin: settings, members, delete, move. (hub/access decides.)
enum class Role { read, contributor, write, admin };

[[nodiscard]] std::string_view to_string(Plan plan);
[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::optional<Plan> parse_plan(std::string_view text);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);

constexpr std::size_t full_name_bytes_max = 200;
constexpr std::size_t email_bytes_max = 254;  // RFC 5321, 4.5.3.1.3, without the brackets.
constexpr std::size_t avatar_bytes_max = 2000;
/// A deleted owner can be restored, and keeps the name, for so long.
constexpr Duration kept_after_delete = days(30);

/// What users and organizations have in common.
struct Profile {
  PublicId public_id;
  std::string name;       ///< As typed.
  std::string full_name;  ///< Falls back to `name`; never empty.
  std::optional<std::string> email;
  std::optional<Time> email_verified_at;  ///< Who writes there was seen to read it.
  std::optional<std::string> avatar;      ///< URL or path; absent = drawn from the public id.
  Plan plan = Plan::free;
  Visibility default_visibility = Visibility::public_;  ///< Of new repositories.
  Time created_at;
  std::optional<Time> disabled_at;
  std::int64_t version = 1;  ///< Raised by every change of the row.
};

struct User : Profile {
  UserId id;
  bool is_admin = false;
  bool has_password = false;
  bool must_verify = false;  ///< Cannot act before the email address is verified.
};
struct Organization : Profile {
  OrgId id;
};
struct Owner : Profile {
  OwnerId id;
  OwnerKind kind = OwnerKind::user;
};

struct NewUser {
  std::string name;
  std::optional<std::string> full_name, email;
  std::optional<PublicId> public_id;  ///< Kept from elsewhere; else a new one.
  bool is_admin = false;
  bool must_verify = false;
  Plan plan = Plan::free;
  OwnerNameRules rules = OwnerNameRules::people;
};
struct NewOrganization {
  std::string name;
  std::optional<std::string> full_name, email;
  std::optional<PublicId> public_id;
  Plan plan = Plan::free;
  Visibility default_visibility = Visibility::public_;
  std::optional<UserId> admin;  ///< Becomes its first member.
  OwnerNameRules rules = OwnerNameRules::people;
};

/// @return `invalid_argument` ("InvalidName", "InvalidFullName", "InvalidEmail") or `conflict`,
///         word "NameTaken", also when a deleted owner still keeps the name.
Result<User> create_user(db::Tx& tx, const NewUser& user);
Result<Organization> create_organization(db::Tx& tx, const NewOrganization& organization);

/// @return `not_found`, words "UserNotFound", "OrganizationNotFound", "OwnerNotFound".
[[nodiscard]] Result<User> find_user(db::Tx& tx, std::string_view name);
[[nodiscard]] Result<User> find_user(db::Tx& tx, UserId id);
/// By 24 hex digits. No name has this shape, so `name` and id can share a route's segment.
[[nodiscard]] Result<User> find_user(db::Tx& tx, const PublicId& id);
[[nodiscard]] Result<Organization> find_organization(db::Tx& tx, std::string_view name);
[[nodiscard]] Result<Organization> find_organization(db::Tx& tx, OrgId id);
[[nodiscard]] Result<Owner> find_owner(db::Tx& tx, std::string_view name);
[[nodiscard]] Result<Owner> find_owner(db::Tx& tx, OwnerId id);
[[nodiscard]] Result<Owner> find_owner(db::Tx& tx, const PublicId& id);
/// Living users whose verified address this is, in any letter case; at most 10.
[[nodiscard]] std::vector<User> users_of_email(db::Tx& tx, std::string_view email);
/// The owner that had this name before it was renamed, unless somebody has it now.
[[nodiscard]] std::optional<Owner> find_renamed_owner(db::Tx& tx, std::string_view old_name);

struct OwnerPage {
  int limit = 100;          ///< At most 1000.
  std::string after_key{};  ///< `name_key` of the last of the page before; empty = from the start.
};
/// By name; disabled ones too.
[[nodiscard]] std::vector<User> list_users(db::Tx& tx, const OwnerPage& page);
[[nodiscard]] std::vector<Organization> list_organizations(db::Tx& tx, const OwnerPage& page);

struct OwnerCounts {
  std::int64_t users = 0, organizations = 0, tokens = 0;
};
[[nodiscard]] OwnerCounts count_owners(db::Tx& tx);

/// The administrator who can act and was made first.
[[nodiscard]] std::optional<User> first_administrator(db::Tx& tx);
/// @return `invalid_argument`, word "InvalidEmail", unless a text that may be an address.
[[nodiscard]] Result<> check_email_shape(std::string_view text);

/// The first account of a new hub: an administrator without password.
/// @param candidates  names in order of preference; those that are not allowed are passed over.
///        "keeper" comes last by itself.
/// @return nothing when the hub has, or had, a user.
Result<std::optional<User>> ensure_first_account(db::Tx& tx,
                                                 const std::vector<std::string>& candidates);

// ---- Members -----------------------------------------------------------------------------------

struct Member {
  User user;
  Role role = Role::read;
};
struct Membership {
  Organization organization;
  Role role = Role::read;
};

/// Adds or changes. @return `not_found` when either is gone.
Result<> set_member(db::Tx& tx, OrgId organization, UserId user, Role role);
/// @return `not_found`, word "MemberNotFound".
Result<> remove_member(db::Tx& tx, OrgId organization, UserId user);
/// One indexed read; empty for strangers.
[[nodiscard]] std::optional<Role> role_in(db::Tx& tx, OwnerId organization, UserId user);
[[nodiscard]] std::vector<Member> members(db::Tx& tx, OrgId organization, const OwnerPage& page);
/// Of living ones; at most 1000.
[[nodiscard]] std::vector<OrgId> organization_ids(db::Tx& tx, UserId user);
/// By name; at most 1000.
[[nodiscard]] std::vector<Membership> memberships(db::Tx& tx, UserId user);

// ---- Aliases -----------------------------------------------------------------------------------

/// An old or single-segment name ("gpt2") that leads to a repository; hub/repo follows it. May
/// dangle. Setting one that exists changes its target.
void set_alias(db::Tx& tx, RepoKind kind, std::string_view from, std::string_view to);
/// @return the target, "owner/name".
[[nodiscard]] std::optional<std::string> find_alias(db::Tx& tx, RepoKind kind,
                                                    std::string_view from);

}  // namespace cairn::account
