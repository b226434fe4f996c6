#include "hub/community/people.h"

#include <algorithm>

#include "hub/community/people_store.h"

namespace cairn::community {
namespace {

OwnerFigures figures_of(db::Tx& tx, const access::ListFilter& filter, OwnerId owner) {
  bool everything = filter.everything || std::ranges::count(filter.owners, owner) > 0;
  auto counts = store::count_repos(tx, owner, everything);
  return {counts.models, counts.datasets, counts.spaces, counts.kernels};
}

Result<account::User> find_user(db::Tx& tx, const std::string& name) {
  if (auto id = parse_public_id(name)) return account::find_user(tx, *id);
  return account::find_user(tx, name);
}

}  // namespace

Task<Result<UserOverview>> People::user(Actor actor, std::string name) {
  auto read = [=](db::Tx& tx) -> Result<UserOverview> {
    UserOverview out;
    CAIRN_TRY(user, find_user(tx, name));
    auto filter = access::list_filter(tx, actor);
    auto owners = filter.owners_json();
    out.figures = figures_of(tx, filter, owner_of(user.id));
    out.likes = store::count_likes(tx, user.id, owners);
    out.discussions = store::count_discussions(tx, user.id, owners);
    out.organizations = account::memberships(tx, user.id);
    out.user = std::move(user);
    return out;
  };
  co_return co_await database_.read(read);
}

Task<Result<OrganizationOverview>> People::organization(Actor actor, std::string name) {
  auto read = [=](db::Tx& tx) -> Result<OrganizationOverview> {
    OrganizationOverview out;
    CAIRN_TRY(organization, account::find_organization(tx, name));
    auto filter = access::list_filter(tx, actor);
    out.figures = figures_of(tx, filter, owner_of(organization.id));
    out.members = store::count_members(tx, organization.id);
    if (actor.has_user()) out.role = account::role_in(tx, owner_of(organization.id), actor.user);
    out.organization = std::move(organization);
    return out;
  };
  co_return co_await database_.read(read);
}

Task<Result<account::Owner>> People::owner(std::string name) {
  auto read = [=](db::Tx& tx) -> Result<account::Owner> {
    if (auto id = parse_public_id(name)) return account::find_owner(tx, *id);
    return account::find_owner(tx, name);
  };
  co_return co_await database_.read(read);
}

Task<Result<MemberPage>> People::members(Actor actor, std::string name, MemberQuery query) {
  auto read = [=](db::Tx& tx) -> Result<MemberPage> {
    CAIRN_TRY(organization, account::find_organization(tx, name));
    CAIRN_TRY(owner, account::find_owner(tx, owner_of(organization.id)));
    MemberPage page;
    page.shows_emails = access::check_manage(tx, actor, owner).has_value();
    auto rows = store::members(tx, organization.id, query.search, query.after_key, query.limit + 1);
    bool more = rows.size() > static_cast<std::size_t>(query.limit);
    if (more) rows.pop_back();
    if (more) page.next_key = rows.back().name_key;
    for (const auto& row : rows) {
      auto user = account::find_user(tx, row.user);
      auto role = account::role_in(tx, owner_of(organization.id), row.user);
      if (user && role) page.members.push_back({std::move(*user), *role});
    }
    return page;
  };
  co_return co_await database_.read(read);
}

}  // namespace cairn::community
