#include "hub/people/parts.h"

namespace cairn::people {
namespace {

/// Fails when nobody could manage the organization without this admin.
Result<> keep_an_admin(db::Tx& tx, const Organization& org, UserId user) {
  if (account::role_in(tx, owner_of(org.id), user) != Role::admin) return {};
  for (UserId admin : store::members_with(tx, org.id, Role::admin, 2))
    if (admin != user) return {};
  return fail(ErrorCode::conflict, "LastAdmin",
              "This is the last admin of \"" + org.name +
                  "\". Make another member admin first; nothing was changed.");
}

}  // namespace

Task<Result<Organization>> People::create_organization(Actor actor, OrganizationRequest request) {
  auto write = [actor, request](db::Tx& tx) -> Result<Organization> {
    if (!actor.has_user()) return signed_out();
    CAIRN_TRY(self, account::find_owner(tx, owner_of(actor.user)));
    CAIRN_CHECK(access::check_manage(tx, actor, self));
    auto rules = settings::load(tx);
    if (rules.organization_creators == settings::OrganizationCreators::administrators &&
        !actor.is_admin)
      return fail(ErrorCode::forbidden, "Forbidden",
                  "Only administrators create organizations on this hub. Ask one of them.");
    if (account::organization_ids(tx, actor.user).size() >= organizations_per_user_max)
      return fail(ErrorCode::conflict, "TooManyOrganizations",
                  "You are in " + std::to_string(organizations_per_user_max) +
                      " organizations. Leave one that you do not need.");
    account::NewOrganization wanted;
    wanted.name = request.name;
    wanted.full_name = request.full_name;
    wanted.admin = actor.user;
    auto made = account::create_organization(tx, wanted);
    if (!made) return fail(about_its_field(made.error()));
    tell(tx, actor, "organization.created", owner_of(made->id), made->name);
    return made;
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<>> People::set_role(Actor actor, std::string org_name, std::string user_name,
                                std::optional<Role> role) {
  auto write = [actor, org_name, user_name, role](db::Tx& tx) -> Result<> {
    CAIRN_TRY(org, account::find_organization(tx, org_name));
    CAIRN_TRY(owner, account::find_owner(tx, owner_of(org.id)));
    tx.lock_row(db::Lockable::owner, org.id.value);
    CAIRN_CHECK(access::check_manage(tx, actor, owner));
    auto user = account::find_user(tx, user_name);
    auto before = user ? account::role_in(tx, owner.id, user->id) : std::nullopt;
    if (!before)
      return fail(ErrorCode::not_found, "MemberNotFound",
                  "\"" + user_name + "\" is no member of \"" + org.name + "\". Invite them first.");
    if (role == before) return {};
    if (role != Role::admin) CAIRN_CHECK(keep_an_admin(tx, org, user->id));
    json::object data{{"user", user->name}};
    if (!role) {
      CAIRN_CHECK(account::remove_member(tx, org.id, user->id));
      tell(tx, actor, "organization.member.removed", owner.id, owner.name, std::move(data));
      return {};
    }
    CAIRN_CHECK(account::set_member(tx, org.id, user->id, *role));
    data["role"] = json::string_view(account::to_string(*role));
    tell(tx, actor, "organization.member.changed", owner.id, owner.name, std::move(data));
    return {};
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<>> People::remove_member(Actor actor, std::string org_name, std::string user_name) {
  auto write = [actor, org_name, user_name](db::Tx& tx) -> Result<> {
    CAIRN_TRY(org, account::find_organization(tx, org_name));
    CAIRN_TRY(owner, account::find_owner(tx, owner_of(org.id)));
    tx.lock_row(db::Lockable::owner, org.id.value);
    if (!actor.has_user() && !actor.is_system()) return signed_out();
    auto user = account::find_user(tx, user_name);
    bool oneself = user && actor.has_user() && user->id == actor.user;
    if (oneself) {
      CAIRN_TRY(self, account::find_owner(tx, owner_of(actor.user)));
      CAIRN_CHECK(access::check_manage(tx, actor, self));
    } else {
      CAIRN_CHECK(access::check_manage(tx, actor, owner));
    }
    if (!user || !account::role_in(tx, owner.id, user->id))
      return fail(ErrorCode::not_found, "MemberNotFound",
                  "This user is not a member of the organization.");
    CAIRN_CHECK(keep_an_admin(tx, org, user->id));
    CAIRN_CHECK(account::remove_member(tx, org.id, user->id));
    tell(tx, actor, "organization.member.removed", owner.id, owner.name, {{"user", user->name}});
    return {};
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<>> People::delete_organization(Actor actor, std::string org_name) {
  auto* parts = parts_.get();
  auto write = [parts, actor, org_name](db::Tx& tx) -> Result<> {
    CAIRN_TRY(org, account::find_organization(tx, org_name));
    CAIRN_TRY(owner, account::find_owner(tx, owner_of(org.id)));
    CAIRN_CHECK(access::check_manage(tx, actor, owner));
    CAIRN_CHECK(account::check_confirmed(actor, tx.now()));
    parts->options.owner_changed(tx, owner.id);
    CAIRN_CHECK(parts->accounts.delete_owner(
        tx, owner.id, actor.has_user() ? std::optional(actor.user) : std::nullopt));
    tell(tx, actor, "organization.deleted", owner.id, owner.name);
    return {};
  };
  co_return co_await parts->database.write(write);
}

}  // namespace cairn::people
