#include "hub/account/owners.h"

#include <algorithm>

#include "base/text.h"
#include "hub/account/rules.h"
#include "hub/account/store.h"

namespace cairn::account {
namespace {

using store::OwnerRow;

Failure user_not_found() {
  return fail(ErrorCode::not_found, "UserNotFound",
              "There is no such user. Check the name for typing mistakes.");
}
Failure organization_not_found() {
  return fail(ErrorCode::not_found, "OrganizationNotFound",
              "There is no such organization. Check the name for typing mistakes.");
}
Failure owner_not_found() {
  return fail(ErrorCode::not_found, "OwnerNotFound",
              "There is no user or organization of this name. Check it for typing mistakes.");
}

bool alive(const std::optional<OwnerRow>& row) {
  return row && !row->deleted_at;
}
bool alive(const std::optional<OwnerRow>& row, OwnerKind kind) {
  return alive(row) && row->owner.kind == kind;
}

/// What `create_user` and `create_organization` share.
struct NewOwner {
  OwnerKind kind;
  std::string name;
  std::optional<std::string> full_name, email;
  std::optional<PublicId> public_id;
  Plan plan;
  Visibility default_visibility = Visibility::public_;
  bool is_admin = false;
  bool must_verify = false;
};

Result<OwnerRow> create_owner(db::Tx& tx, const NewOwner& in, OwnerNameRules rules) {
  CAIRN_TRY(name, check_owner_name(in.name, rules));
  CAIRN_CHECK(check_name_free(tx, name));
  OwnerRow row;
  row.owner.kind = in.kind;
  row.owner.name = name;
  CAIRN_TRY(full_name, check_full_name(in.full_name.value_or(""), name));
  row.owner.full_name = full_name;
  CAIRN_TRY(email, check_email(in.email.value_or("")));
  row.owner.email = email;
  row.owner.plan = in.plan;
  row.owner.default_visibility = in.default_visibility;
  row.owner.public_id = in.public_id.value_or(make_public_id());
  row.is_admin = in.is_admin;
  row.must_verify = in.must_verify;
  if (in.public_id && store::owner_by_public_id(tx, *in.public_id))
    return fail(ErrorCode::conflict, "IdTaken",
                "The id " + in.public_id->hex + " belongs to another user or organization.");
  store::drop_redirect(tx, name_key(name));
  row.owner.id = store::insert_owner(tx, row);
  row.owner.created_at = tx.now();
  return row;
}

}  // namespace

std::string_view to_string(Plan plan) {
  switch (plan) {
    case Plan::free:
      return "free";
    case Plan::pro:
      return "pro";
    case Plan::team:
      return "team";
    case Plan::enterprise:
      return "enterprise";
  }
  return "free";
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::read:
      return "read";
    case Role::contributor:
      return "contributor";
    case Role::write:
      return "write";
    case Role::admin:
      return "admin";
  }
  return "read";
}

std::optional<Plan> parse_plan(std::string_view text) {
  for (Plan plan : {Plan::free, Plan::pro, Plan::team, Plan::enterprise})
    if (to_string(plan) == text) return plan;
  return std::nullopt;
}

std::optional<Role> parse_role(std::string_view text) {
  for (Role role : {Role::read, Role::contributor, Role::write, Role::admin})
    if (to_string(role) == text) return role;
  return std::nullopt;
}

// ---- Rules (rules.h) ----

User to_user(const OwnerRow& row) {
  User out;
  static_cast<Profile&>(out) = static_cast<const Profile&>(row.owner);
  out.id = UserId{row.owner.id.value};
  out.is_admin = row.is_admin;
  out.has_password = row.password_hash.has_value();
  out.must_verify = row.must_verify;
  return out;
}

Organization to_organization(const OwnerRow& row) {
  Organization out;
  static_cast<Profile&>(out) = static_cast<const Profile&>(row.owner);
  out.id = OrgId{row.owner.id.value};
  return out;
}

Result<> check_name_free(db::Tx& tx, std::string_view name, std::optional<OwnerId> who) {
  auto taken = store::owner_by_key(tx, name_key(name));
  if (!taken) {
    auto old = store::redirect(tx, name_key(name));
    bool kept = old && old->owner != who && old->since + old_name_kept > tx.now();
    if (!kept || !alive(store::owner_by_id(tx, old->owner))) return {};
    return fail(ErrorCode::conflict, "NameTaken",
                "The name \"" + std::string(name) +
                    "\" belonged to another account until lately, and still leads there. Choose "
                    "another.");
  }
  if (taken->deleted_at)
    return fail(ErrorCode::conflict, "NameTaken",
                "The name \"" + std::string(name) +
                    "\" belongs to a deleted account that can still be restored. Choose another.");
  return fail(ErrorCode::conflict, "NameTaken",
              "The name \"" + std::string(name) + "\" is taken. Choose another.");
}

Result<std::string> check_full_name(std::string_view text, std::string_view fallback) {
  text = trim(text);
  if (text.empty()) return std::string(fallback);
  if (text.size() > full_name_bytes_max)
    return fail(ErrorCode::invalid_argument, "InvalidFullName",
                "A full name has at most " + std::to_string(full_name_bytes_max) + " bytes.");
  bool control = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control || !is_valid_utf8(text))
    return fail(ErrorCode::invalid_argument, "InvalidFullName",
                "A full name is UTF-8 text on one line, without control characters.");
  return std::string(text);
}

Result<std::optional<std::string>> check_email(std::string_view text) {
  if (text.empty()) return std::optional<std::string>{};
  // Whether an address works is found out by writing to it; this keeps out what cannot.
  auto at = text.find('@');
  bool shape = at != text.npos && at > 0 && at + 1 < text.size() &&
               text.find('@', at + 1) == text.npos && text.size() <= email_bytes_max;
  bool characters = std::ranges::all_of(text, [](char c) {
    auto u = static_cast<unsigned char>(c);
    return u > 0x20 && u != 0x7f && c != '<' && c != '>' && c != ',' && c != ';' && c != '"';
  });
  if (!shape || !characters || !is_valid_utf8(text))
    return fail(ErrorCode::invalid_argument, "InvalidEmail",
                "An email address looks like ada@example.org, with at most " +
                    std::to_string(email_bytes_max) + " bytes.");
  return std::optional<std::string>(text);
}

// ---- Owners ----

Result<User> create_user(db::Tx& tx, const NewUser& in) {
  NewOwner owner{OwnerKind::user,     in.name,     in.full_name,  in.email, in.public_id, in.plan,
                 Visibility::public_, in.is_admin, in.must_verify};
  CAIRN_TRY(row, create_owner(tx, owner, in.rules));
  return to_user(row);
}

Result<Organization> create_organization(db::Tx& tx, const NewOrganization& in) {
  NewOwner owner{OwnerKind::organization, in.name, in.full_name, in.email, in.public_id, in.plan,
                 in.default_visibility};
  CAIRN_TRY(row, create_owner(tx, owner, in.rules));
  auto organization = to_organization(row);
  if (in.admin) CAIRN_CHECK(set_member(tx, organization.id, *in.admin, Role::admin));
  return organization;
}

Result<User> find_user(db::Tx& tx, std::string_view name) {
  auto row = store::owner_by_key(tx, name_key(name));
  if (!alive(row, OwnerKind::user)) return user_not_found();
  return to_user(*row);
}
Result<User> find_user(db::Tx& tx, UserId id) {
  auto row = store::owner_by_id(tx, owner_of(id));
  if (!alive(row, OwnerKind::user)) return user_not_found();
  return to_user(*row);
}
Result<User> find_user(db::Tx& tx, const PublicId& id) {
  auto row = store::owner_by_public_id(tx, id);
  if (!alive(row, OwnerKind::user)) return user_not_found();
  return to_user(*row);
}
Result<Organization> find_organization(db::Tx& tx, std::string_view name) {
  auto row = store::owner_by_key(tx, name_key(name));
  if (!alive(row, OwnerKind::organization)) return organization_not_found();
  return to_organization(*row);
}
Result<Organization> find_organization(db::Tx& tx, OrgId id) {
  auto row = store::owner_by_id(tx, owner_of(id));
  if (!alive(row, OwnerKind::organization)) return organization_not_found();
  return to_organization(*row);
}
Result<Owner> find_owner(db::Tx& tx, std::string_view name) {
  auto row = store::owner_by_key(tx, name_key(name));
  if (!alive(row)) return owner_not_found();
  return row->owner;
}
Result<Owner> find_owner(db::Tx& tx, OwnerId id) {
  auto row = store::owner_by_id(tx, id);
  if (!alive(row)) return owner_not_found();
  return row->owner;
}
Result<Owner> find_owner(db::Tx& tx, const PublicId& id) {
  auto row = store::owner_by_public_id(tx, id);
  if (!alive(row)) return owner_not_found();
  return row->owner;
}

std::vector<User> users_of_email(db::Tx& tx, std::string_view email) {
  std::vector<User> out;
  for (const auto& row : store::owners_of_email(tx, email))
    if (alive(row, OwnerKind::user) && row.owner.email_verified_at) out.push_back(to_user(row));
  return out;
}

std::optional<Owner> find_renamed_owner(db::Tx& tx, std::string_view old_name) {
  auto found = store::redirect(tx, name_key(old_name));
  if (!found) return std::nullopt;
  auto row = store::owner_by_id(tx, found->owner);
  if (!alive(row)) return std::nullopt;
  return row->owner;
}

static OwnerPage bounded(OwnerPage page) {
  page.limit = std::clamp(page.limit, 1, 1000);
  return page;
}

std::vector<User> list_users(db::Tx& tx, const OwnerPage& page) {
  std::vector<User> out;
  for (const auto& row : store::owners_of_kind(tx, OwnerKind::user, bounded(page)))
    out.push_back(to_user(row));
  return out;
}

std::vector<Organization> list_organizations(db::Tx& tx, const OwnerPage& page) {
  std::vector<Organization> out;
  for (const auto& row : store::owners_of_kind(tx, OwnerKind::organization, bounded(page)))
    out.push_back(to_organization(row));
  return out;
}

std::vector<Owner> owners_beginning_with(db::Tx& tx, OwnerKind kind, std::string_view beginning,
                                         int limit) {
  std::string key = name_key(beginning);
  std::vector<Owner> out;
  auto add = [&](const Owner& owner) {
    if (owner.kind == kind && !owner.disabled_at && std::ssize(out) < limit) out.push_back(owner);
  };
  if (auto exact = find_owner(tx, key)) add(*exact);
  // By name, so those that begin with the key follow it.
  for (const auto& row :
       store::owners_of_kind(tx, kind, bounded({.limit = limit, .after_key = key})))
    if (name_key(row.owner.name).starts_with(key)) add(row.owner);
  return out;
}

OwnerCounts count_owners(db::Tx& tx) {
  return store::counts(tx);
}

std::optional<User> first_administrator(db::Tx& tx) {
  auto admins = store::acting_admins(tx);
  if (admins.empty()) return std::nullopt;
  auto user = find_user(tx, admins.front());
  return user ? std::optional(*std::move(user)) : std::nullopt;
}

Result<> check_email_shape(std::string_view text) {
  CAIRN_TRY(email, check_email(text));
  if (email) return {};
  return fail(ErrorCode::invalid_argument, "InvalidEmail", "An email address is needed here.");
}

Result<std::optional<User>> ensure_first_account(db::Tx& tx,
                                                 const std::vector<std::string>& candidates) {
  if (store::any_user_ever(tx)) return std::optional<User>{};
  NewUser first;
  first.name = "keeper";
  first.is_admin = true;
  auto usable = [&](const std::string& name) {
    return check_owner_name(name).has_value() && check_name_free(tx, name).has_value();
  };
  auto chosen = std::ranges::find_if(candidates, usable);
  if (chosen != candidates.end()) first.name = *chosen;
  CAIRN_TRY(user, create_user(tx, first));
  return std::optional<User>(user);
}

// ---- Members ----

Result<> set_member(db::Tx& tx, OrgId organization, UserId user, Role role) {
  tx.lock_row(db::Lockable::owner, organization.value);
  CAIRN_CHECK(find_organization(tx, organization));
  CAIRN_CHECK(find_user(tx, user));
  store::set_role(tx, organization, user, role);
  return {};
}

Result<> remove_member(db::Tx& tx, OrgId organization, UserId user) {
  if (!store::remove_member(tx, organization, user))
    return fail(ErrorCode::not_found, "MemberNotFound",
                "This user is not a member of the organization.");
  return {};
}

std::optional<Role> role_in(db::Tx& tx, OwnerId organization, UserId user) {
  return store::role(tx, organization, user);
}

std::vector<Member> members(db::Tx& tx, OrgId organization, const OwnerPage& page) {
  std::vector<Member> out;
  for (const auto& [row, role] : store::members(tx, organization, bounded(page)))
    out.push_back({to_user(row), role});
  return out;
}

std::vector<Membership> memberships(db::Tx& tx, UserId user) {
  std::vector<Membership> out;
  for (const auto& [row, role] : store::memberships(tx, user))
    out.push_back({to_organization(row), role});
  return out;
}

std::vector<OrgId> organization_ids(db::Tx& tx, UserId user) {
  return store::organization_ids(tx, user);
}

}  // namespace cairn::account
