#include "api/oauth/wire.h"

// What a person decides: consent to a program, approval of a device.
namespace cairn::api::oauth {
namespace {

struct Decision {
  std::string decision;  ///< "approve" or "deny".
  std::optional<std::vector<std::string>> organizations;
};
BOOST_DESCRIBE_STRUCT(Decision, (), (decision, organizations))

Result<bool> approves(const Decision& decision) {
  if (decision.decision == "approve") return true;
  if (decision.decision == "deny") return false;
  return fail(ErrorCode::invalid_argument, "InvalidRequest",
              "\"decision\" must be \"approve\" or \"deny\".");
}

json::object consent_json(const cairn::oauth::Consent& consent) {
  json::array organizations;
  for (const auto& member : consent.organizations)
    organizations.push_back(
        json::object{{"id", member.organization.public_id.hex},
                     {"name", member.organization.name},
                     {"fullname", member.organization.full_name},
                     {"role", json::string_view(account::to_string(member.role))}});
  return {{"client", client_json(consent.client)},
          {"scopes", scope_json(consent.scopes)},
          {"redirectHost", consent.redirect_host},
          {"organizations", std::move(organizations)},
          {"approvedBefore", consent.approved_before}};
}

json::object device_json(const cairn::oauth::DeviceRequest& device) {
  return {{"userCode", device.user_code},
          {"client", client_json(device.client)},
          {"scopes", scope_json(device.scopes)},
          {"wholeAccount", device.client.built_in && device.scopes.empty()},
          {"address", device.address},
          {"userAgent", device.user_agent},
          {"createdAt", to_rfc3339(device.created_at)},
          {"expiresAt", to_rfc3339(device.expires_at)}};
}

/// Of errors that are the client's to hear, the URL that tells it; the others pass.
Task<Result<http::Response>> tell_client(Services& services, cairn::oauth::AuthorizeRequest request,
                                         Error error, bool browser) {
  if (error.code != ErrorCode::unprocessable) co_return std::unexpected(std::move(error));
  auto encoded = encode_error(error, {});
  auto word = json::parse(encoded.text()).at("error").as_string();
  auto find = [&services, request, word = std::string(word),
               error](db::Tx& tx) -> Result<std::optional<std::string>> {
    return services.provider.error_redirect(tx, request, word, error.message);
  };
  CAIRN_CO_TRY(url, co_await services.database.read(find));
  if (!url) co_return std::unexpected(std::move(error));
  if (browser) co_return http::redirect(302, *url);
  co_return private_json(200, {{"redirect", *url}});
}

}  // namespace

void add_authorize_routes(http::Router& router, Services& services) {
  auto ask = [&services](http::Request& request) -> Task<Result<http::Response>> {
    auto wanted = authorize_request(request);
    auto actor = actor_of(request);
    auto read = [&services, actor, wanted](db::Tx& tx) {
      return services.provider.ask(tx, actor, wanted);
    };
    auto consent = co_await services.database.read(read);
    if (!consent) co_return co_await tell_client(services, wanted, consent.error(), true);
    co_return private_json(200, consent_json(*consent));
  };
  router.add({.method = http::Method::get,
              .pattern = "/oauth/authorize",
              .operation = "oauth.authorize",
              .summary = "What an application asks for, for the person who decides.",
              .access = "session",
              .handler = ask,
              .encode_error = encode_error});

  auto decide = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_json<Decision>(form_bytes_max));
    CAIRN_CO_TRY(yes, approves(body));
    auto wanted = authorize_request(request);
    auto actor = actor_of(request);
    auto write = [&services, actor, wanted, yes = bool(yes),
                  organizations = body.organizations.value_or(std::vector<std::string>{})](
                     db::Tx& tx) -> Result<std::string> {
      if (yes) return services.provider.approve(tx, actor, wanted, organizations);
      CAIRN_CHECK(services.provider.ask(tx, actor, wanted));
      auto url =
          services.provider.error_redirect(tx, wanted, "access_denied", "The person declined.");
      return url.value_or("");
    };
    auto url = co_await services.database.write(write);
    if (!url) co_return co_await tell_client(services, wanted, url.error(), false);
    co_return private_json(200, {{"redirect", *url}});
  };
  router.add({.method = http::Method::post,
              .pattern = "/oauth/authorize",
              .operation = "oauth.decide",
              .summary = "The person's decision; the answer says where the browser goes next.",
              .scope = "write",
              .access = "session",
              .body_bytes_max = form_bytes_max,
              .handler = decide,
              .encode_error = encode_error});

  auto find = [&services](http::Request& request) -> Task<Result<http::Response>> {
    auto actor = actor_of(request);
    std::string code(request.param("code"));
    auto read = [&services, actor, code](db::Tx& tx) {
      return services.provider.find_device(tx, actor, code);
    };
    CAIRN_CO_TRY(device, co_await services.database.read(read));
    co_return private_json(200, device_json(device));
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/oauth/devices/{code}",
              .operation = "oauth.device",
              .summary = "A device that waits to be let in, to compare before deciding.",
              .scope = "read",
              .access = "session",
              .handler = find,
              .secret_path = true});

  auto decide_device = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_json<Decision>(form_bytes_max));
    CAIRN_CO_TRY(yes, approves(body));
    auto actor = actor_of(request);
    auto write = [&services, actor, code = std::string(request.param("code")), yes = bool(yes)](
                     db::Tx& tx) { return services.provider.decide_device(tx, actor, code, yes); };
    CAIRN_CO_CHECK(co_await services.database.write(write));
    co_return private_json(200, {{"success", true}});
  };
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/oauth/devices/{code}",
              .operation = "oauth.decide_device",
              .summary = "Lets a device in, or not.",
              .scope = "write",
              .access = "session",
              .body_bytes_max = form_bytes_max,
              .handler = decide_device,
              .secret_path = true});
}

}  // namespace cairn::api::oauth
