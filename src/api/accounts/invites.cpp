#include "api/accounts/parts.h"

namespace cairn::api::accounts {
namespace {

struct InviteIn {
  std::optional<std::string> user, email, role;
  std::optional<int> uses;
  std::optional<int> days;
};
BOOST_DESCRIBE_STRUCT(InviteIn, (), (user, email, role, uses, days))

struct CodeOnly {
  std::string code;
};
BOOST_DESCRIBE_STRUCT(CodeOnly, (), (code))

Result<people::NewInvite> read_invite(const InviteIn& in, std::string organization) {
  people::NewInvite out;
  out.user = in.user;
  out.email = in.email;
  out.organization = std::move(organization);
  auto role = hub::parse_role(in.role.value_or("read"));
  if (!role)
    return fail(ErrorCode::invalid_argument, "InvalidRole",
                "A role is read, contributor, write or admin.")
        .with("field", "role");
  out.role = *role;
  out.uses = in.uses.value_or(1);
  if (in.days) out.lifetime = days(std::clamp(*in.days, 0, 10'000));
  return out;
}

json::array invites_json(const std::vector<people::Invite>& invites) {
  json::array out;
  for (const auto& invite : invites) out.push_back(invite_json(invite));
  return out;
}

void add_organization_invites(http::Router& router, Services& services) {
  using http::Method;
  auto create = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<InviteIn>());
    CAIRN_CO_TRY(wanted, read_invite(in, std::string(request.param("name"))));
    CAIRN_CO_TRY(made, co_await services.people.create_invite(actor, std::move(wanted)));
    auto out = invite_json(made.invite);
    if (!made.link.empty()) out["link"] = made.link;
    out["mailed"] = made.mailed;
    co_return http::json(201, json::value(std::move(out)));
  };
  add(router, {.method = Method::post,
               .path = "/organizations/{name}/invites",
               .operation = "organization.invite",
               .summary = "Invite a user by name, an address by mail, or whoever has the link.",
               .scope = "write",
               .access = "owner.manage",
               .handler = create,
               .request_schema = json_schema<InviteIn>()});

  auto list = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(found,
                 co_await services.people.list_invites(actor, std::string(request.param("name"))));
    co_return http::json(200, json::value(invites_json(found)));
  };
  add(router, {.method = Method::get,
               .path = "/organizations/{name}/invites",
               .operation = "organization.invites",
               .summary = "Open invites of an organization.",
               .scope = "write",
               .access = "owner.manage",
               .handler = list});

  auto revoke = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    CAIRN_CO_CHECK(co_await services.people.revoke_invite(actor, id));
    co_return done();
  };
  add(router, {.method = Method::delete_,
               .path = "/invites/{id}",
               .operation = "invite.revoke",
               .summary = "Withdraw an invite.",
               .scope = "write",
               .access = "owner.invite",
               .handler = revoke});
}

}  // namespace

void add_invite_routes(http::Router& router, Services& services) {
  using http::Method;
  add_organization_invites(router, services);

  auto look = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CodeOnly>());
    CAIRN_CO_TRY(found, co_await services.people.look_at_invite(in.code, seen_by(request)));
    auto out = invite_json(found.invite);
    out["makesAccount"] = found.makes_account;
    co_return http::json(200, json::value(std::move(out)));
  };
  add(router, {.method = Method::post,
               .path = "/invites/look",
               .operation = "invite.look",
               .summary = "What an invite link is for, while it works.",
               .scope = "none",
               .access = "everyone",
               .handler = look,
               .request_schema = json_schema<CodeOnly>(),
               .open_to_strangers = true});

  auto accept_code = [&services](http::Request& request,
                                 Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CodeOnly>());
    CAIRN_CO_TRY(invite, co_await services.people.accept_invite(actor, in.code));
    co_return http::json(200, json::value(invite_json(invite)));
  };
  add(router, {.method = Method::post,
               .path = "/invites/accept",
               .operation = "invite.accept_code",
               .summary = "Join with the code of an invite link.",
               .scope = "write",
               .access = "account",
               .handler = accept_code,
               .request_schema = json_schema<CodeOnly>()});

  auto mine = [&services](http::Request&, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(found, co_await services.people.my_invites(actor));
    co_return http::json(200, json::value(invites_json(found)));
  };
  add(router, {.method = Method::get,
               .path = "/me/invites",
               .operation = "invite.mine",
               .summary = "Invites that wait for one's answer.",
               .scope = "read",
               .access = "account.read",
               .handler = mine});

  for (bool accept : {true, false}) {
    auto answer = [&services, accept](http::Request& request,
                                      Actor actor) -> Task<Result<http::Response>> {
      CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
      CAIRN_CO_TRY(invite, co_await services.people.answer_invite(actor, id, accept));
      co_return http::json(200, json::value(invite_json(invite)));
    };
    add(router, {.method = Method::post,
                 .path = accept ? "/me/invites/{id}/accept" : "/me/invites/{id}/decline",
                 .operation = accept ? "invite.accept" : "invite.decline",
                 .summary = accept ? "Join." : "Decline an invite.",
                 .scope = "write",
                 .access = "account",
                 .handler = answer});
  }
}

}  // namespace cairn::api::accounts
