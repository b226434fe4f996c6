#include "api/accounts/parts.h"

namespace cairn::api::accounts {
namespace {

struct OrganizationIn {
  std::string name;
  std::optional<std::string> fullname;
};
BOOST_DESCRIBE_STRUCT(OrganizationIn, (), (name, fullname))

struct RoleIn {
  std::string role;
  std::optional<json::value> resourceGroups;
};
BOOST_DESCRIBE_STRUCT(RoleIn, (), (role, resourceGroups))

Result<std::optional<hub::Role>> read_role(const RoleIn& in) {
  auto* groups = in.resourceGroups ? in.resourceGroups->if_array() : nullptr;
  if (groups && !groups->empty())
    return fail(ErrorCode::not_implemented, "NotImplemented",
                "This hub has no resource groups. Give the role alone.");
  if (in.role == "no_access") return std::optional<hub::Role>{};
  auto role = hub::parse_role(in.role);
  if (role) return role;
  return fail(ErrorCode::invalid_argument, "InvalidRole",
              "A role is no_access, read, contributor, write or admin.")
      .with("field", "role");
}

}  // namespace

void add_organization_routes(http::Router& router, Services& services) {
  using http::Method;
  auto create = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<OrganizationIn>());
    people::OrganizationRequest wanted{in.name, in.fullname};
    CAIRN_CO_TRY(made, co_await services.people.create_organization(actor, std::move(wanted)));
    co_return http::json(201, json::value(json::object{{"id", made.public_id.hex},
                                                       {"name", made.name},
                                                       {"fullname", made.full_name},
                                                       {"avatarUrl", avatar_url(services, made)}}));
  };
  add(router, {.method = Method::post,
               .path = "/organizations",
               .operation = "organization.create",
               .summary = "Make an organization; its maker is its first admin.",
               .scope = "write",
               .access = "account",
               .handler = create,
               .request_schema = json_schema<OrganizationIn>()});

  auto mine = [&services](http::Request&, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(check_signed_in(actor));
    auto read = [user = actor.user](db::Tx& tx) -> Result<std::vector<hub::Membership>> {
      return hub::memberships(tx, user);
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    json::array out;
    for (const auto& m : found)
      out.push_back(json::object{{"id", m.organization.public_id.hex},
                                 {"name", m.organization.name},
                                 {"fullname", m.organization.full_name},
                                 {"avatarUrl", avatar_url(services, m.organization)},
                                 {"role", json::string_view(hub::to_string(m.role))}});
    co_return http::json(200, json::value(std::move(out)));
  };
  add(router, {.method = Method::get,
               .path = "/organizations",
               .operation = "organization.mine",
               .summary = "Organizations that one is in, with the role.",
               .scope = "read",
               .access = "signed_in",
               .handler = mine});

  auto remove = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(
        co_await services.people.delete_organization(actor, std::string(request.param("name"))));
    co_return done();
  };
  add(router, {.method = Method::delete_,
               .path = "/organizations/{name}",
               .operation = "organization.delete",
               .summary = "Delete an organization with its repositories; restorable for 30 days.",
               .scope = "write",
               .access = "owner.manage",
               .handler = remove,
               .asks_password = true});

  auto set_role = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<RoleIn>());
    CAIRN_CO_TRY(role, read_role(in));
    CAIRN_CO_CHECK(co_await services.people.set_role(actor, std::string(request.param("name")),
                                                     std::string(request.param("user")), role));
    co_return done();
  };
  add(router, {.method = Method::put,
               .path = "/api/organizations/{name}/members/{user}/role",
               .operation = "organization.member.role",
               .summary = "Change a member's role.",
               .scope = "write",
               .access = "owner.manage",
               .handler = set_role,
               .request_schema = json_schema<RoleIn>()});

  auto leave = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(co_await services.people.remove_member(actor, std::string(request.param("name")),
                                                          std::string(request.param("user"))));
    co_return done();
  };
  add(router, {.method = Method::delete_,
               .path = "/organizations/{name}/members/{user}",
               .operation = "organization.member.remove",
               .summary = "Leave an organization, or as its admin remove a member.",
               .scope = "write",
               .access = "owner.manage",
               .handler = leave});
}

}  // namespace cairn::api::accounts
