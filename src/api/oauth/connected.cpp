#include "api/oauth/wire.h"
#include "hub/access/access.h"

// What a person connected to the account, and the applications that a person made.
namespace cairn::api::oauth {
namespace {

Result<UserId> signed_in(const account::Actor& actor) {
  CAIRN_CHECK(access::check_own(actor));
  return actor.user;
}

/// Ending what acts for a person is for the person, or a token that may change the account.
Result<UserId> may_change(const account::Actor& actor) {
  CAIRN_CHECK(access::check_own_change(actor));
  return actor.user;
}

json::object grant_json(const cairn::oauth::Grant& grant) {
  json::object out{{"id", grant.public_id.hex},
                   {"client", client_json(grant.client)},
                   {"scopes", scope_json(grant.scopes)},
                   {"wholeAccount", grant.whole_account},
                   {"createdAt", to_rfc3339(grant.created_at)}};
  if (grant.last_used_at) out["lastUsedAt"] = to_rfc3339(*grant.last_used_at);
  return out;
}

}  // namespace

void add_connected_routes(http::Router& router, Services& services) {
  auto grants = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(user, signed_in(actor_of(request)));
    auto read = [&services, user = user](db::Tx& tx) -> Result<std::vector<cairn::oauth::Grant>> {
      return services.provider.grants_of(tx, user);
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    json::array list;
    for (const auto& grant : found) list.push_back(grant_json(grant));
    co_return private_json(200, {{"grants", std::move(list)}});
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/oauth/grants",
              .operation = "oauth.grants",
              .summary = "The applications and devices that act for the person who asks.",
              .scope = "read",
              .access = "account.read",
              .handler = grants});

  auto revoke = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(user, may_change(actor_of(request)));
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    auto write = [&services, user = user, id = id](db::Tx& tx) {
      return services.provider.revoke_grant(tx, user, id);
    };
    CAIRN_CO_CHECK(co_await services.database.write(write));
    co_return private_json(200, {{"success", true}});
  };
  router.add({.method = http::Method::delete_,
              .pattern = "/api/-/v1/oauth/grants/{id}",
              .operation = "oauth.revoke_grant",
              .summary = "Ends what an application or device may do.",
              .scope = "write",
              .access = "account",
              .handler = revoke});

  auto clients = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(user, signed_in(actor_of(request)));
    auto read = [&services, user = user](db::Tx& tx) -> Result<std::vector<cairn::oauth::Client>> {
      return services.provider.clients_of(tx, user);
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    json::array list;
    for (const auto& client : found) list.push_back(client_json(client));
    co_return private_json(200, {{"clients", std::move(list)}});
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/oauth/clients",
              .operation = "oauth.clients",
              .summary = "The applications that the person who asks registered.",
              .scope = "read",
              .access = "account.read",
              .handler = clients});

  auto remove = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(user, may_change(actor_of(request)));
    auto write = [&services, user = user, id = std::string(request.param("client_id"))](
                     db::Tx& tx) { return services.provider.delete_client(tx, user, id); };
    CAIRN_CO_CHECK(co_await services.database.write(write));
    co_return private_json(200, {{"success", true}});
  };
  router.add({.method = http::Method::delete_,
              .pattern = "/api/-/v1/oauth/clients/{client_id}",
              .operation = "oauth.delete_client",
              .summary = "Deletes an application; everybody's consent to it ends.",
              .scope = "write",
              .access = "account",
              .handler = remove});
}

void add_routes(http::Router& router, Services& services) {
  add_authorize_routes(router, services);
  add_token_routes(router, services);
  add_discovery_routes(router, services);
  add_connected_routes(router, services);
  add_publisher_routes(router, services);
}

}  // namespace cairn::api::oauth
