#include "api/oauth/wire.h"

// What programs ask: tokens, devices, registration.
namespace cairn::api::oauth {
namespace {

using cairn::oauth::ClientProof;
using cairn::oauth::Outcome;

constexpr std::string_view exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";

Task<Result<http::Response>> encode_issued(Services& services, cairn::oauth::Issued issued) {
  json::object body{{"access_token", issued.access_token},
                    {"token_type", "bearer"},
                    {"expires_in", issued.expires_in_s},
                    {"refresh_token", issued.refresh_token},
                    {"scope", cairn::oauth::join_scopes(issued.scopes)}};
  if (issued.id_claims) {
    CAIRN_CO_TRY(signed_claims, co_await services.provider.sign(*issued.id_claims));
    body["id_token"] = signed_claims;
  }
  co_return private_json(200, std::move(body));
}

/// The transaction of one grant type. @return `invalid_argument` "UnsupportedGrantType", or
/// "InvalidRequest" for a field that is missing.
Result<std::function<Result<Outcome>(db::Tx&)>> exchange_of(Services& services, const Form& form,
                                                            const ClientProof& proof) {
  auto& provider = services.provider;
  auto text = [&](std::string_view name) { return std::string(field(form, name)); };
  auto missing = [](std::string_view name) {
    return fail(ErrorCode::invalid_argument, "InvalidRequest",
                "The field \"" + std::string(name) + "\" is missing.");
  };
  std::string grant = text("grant_type");
  if (grant == "authorization_code") {
    if (text("code").empty()) return missing("code");
    return [&provider, proof, code = text("code"), uri = text("redirect_uri"),
            verifier = text("code_verifier")](db::Tx& tx) {
      return provider.exchange_code(tx, proof, code, uri, verifier);
    };
  }
  if (grant == device_grant) {
    if (text("device_code").empty()) return missing("device_code");
    return [&provider, proof, code = text("device_code")](db::Tx& tx) {
      return provider.poll_device(tx, proof, code);
    };
  }
  if (grant == "refresh_token") {
    if (text("refresh_token").empty()) return missing("refresh_token");
    return [&provider, proof, token = text("refresh_token")](db::Tx& tx) {
      return provider.refresh(tx, proof, token);
    };
  }
  if (grant.empty()) return missing("grant_type");
  return fail(ErrorCode::invalid_argument, "UnsupportedGrantType",
              "This hub grants authorization_code, refresh_token, " + std::string(device_grant) +
                  " and " + std::string(exchange_grant) + ".");
}

/// RFC 7591, 2. What is not named here is passed over, as section 2 allows.
struct Registration {
  std::vector<std::string> redirect_uris;
  std::optional<std::string> client_name, client_uri, scope, token_endpoint_auth_method;
};
BOOST_DESCRIBE_STRUCT(Registration, (),
                      (redirect_uris, client_name, client_uri, scope, token_endpoint_auth_method))

Result<cairn::oauth::NewClient> new_client(const Registration& in) {
  cairn::oauth::NewClient out;
  out.name = in.client_name.value_or("Unnamed application");
  out.homepage = in.client_uri.value_or("");
  out.redirect_uris = in.redirect_uris;
  CAIRN_TRY(scopes, cairn::oauth::parse_scopes(in.scope.value_or("openid profile")));
  out.scopes = scopes;
  // RFC 7591's default has a secret; browsers and MCP clients say "none".
  out.confidential = in.token_endpoint_auth_method.value_or("client_secret_basic") != "none";
  return out;
}

json::object registered_json(const cairn::oauth::RegisteredClient& made) {
  json::array uris;
  for (const auto& uri : made.client.redirect_uris) uris.emplace_back(uri);
  json::object out{
      {"client_id", made.client.client_id},
      {"client_id_issued_at", made.client.created_at.seconds()},
      {"client_name", made.client.name},
      {"redirect_uris", std::move(uris)},
      {"grant_types", json::array{"authorization_code", "refresh_token"}},
      {"response_types", json::array{"code"}},
      {"scope", cairn::oauth::join_scopes(made.client.scopes)},
      {"token_endpoint_auth_method", made.client.confidential ? "client_secret_basic" : "none"}};
  if (!made.client.homepage.empty()) out["client_uri"] = made.client.homepage;
  if (!made.secret.empty()) {
    out["client_secret"] = made.secret;
    out["client_secret_expires_at"] = 0;
  }
  return out;
}

}  // namespace

void add_token_routes(http::Router& router, Services& services) {
  auto token = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(form, co_await read_form(request));
    if (field(form, "grant_type") == exchange_grant)
      co_return co_await exchange_ci_token(services, form);
    CAIRN_CO_TRY(proof, client_proof(request, form));
    CAIRN_CO_TRY(exchange, exchange_of(services, form, proof));
    auto run = exchange;
    CAIRN_CO_TRY(outcome, co_await services.database.write(run));
    if (!outcome) co_return std::unexpected(outcome.error());
    co_return co_await encode_issued(services, *outcome);
  };
  router.add(
      {.method = http::Method::post,
       .pattern = "/oauth/token",
       .operation = "oauth.token",
       .summary =
           "Exchanges a code, a device code, a refresh token or a CI's token for an access token.",
       .scope = "client",
       .access = "proof",
       .body_bytes_max = form_bytes_max,
       .handler = token,
       .encode_error = encode_error});

  auto revoke = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(form, co_await read_form(request));
    auto write = [&services, value = std::string(field(form, "token"))](db::Tx& tx) {
      return services.provider.revoke(tx, value);
    };
    CAIRN_CO_CHECK(co_await services.database.write(write));
    co_return http::empty(200);
  };
  router.add({.method = http::Method::post,
              .pattern = "/oauth/revoke",
              .operation = "oauth.revoke",
              .summary = "Ends an access or refresh token (RFC 7009).",
              .scope = "client",
              .access = "proof",
              .body_bytes_max = form_bytes_max,
              .handler = revoke,
              .encode_error = encode_error});

  auto device = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(form, co_await read_form(request));
    auto write = [&services, client = std::string(field(form, "client_id")),
                  scope = std::string(field(form, "scope")), address = request.remote_address(),
                  agent = std::string(request.header("User-Agent"))](db::Tx& tx) {
      return services.provider.start_device(tx, client, scope, address, agent);
    };
    CAIRN_CO_TRY(made, co_await services.database.write(write));
    std::string page = services.provider.options().public_url + "/oauth/device";
    co_return private_json(200,
                           {{"device_code", made.device_code},
                            {"user_code", made.user_code},
                            {"verification_uri", page},
                            {"verification_uri_complete", page + "?user_code=" + made.user_code},
                            {"expires_in", cairn::oauth::device_life.us / 1'000'000},
                            {"interval", cairn::oauth::device_interval_s}});
  };
  router.add({.method = http::Method::post,
              .pattern = "/oauth/device",
              .operation = "oauth.start_device",
              .summary = "Begins the sign-in of a device without a browser (RFC 8628).",
              .scope = "client",
              .access = "everyone",
              .body_bytes_max = form_bytes_max,
              .handler = device,
              .encode_error = encode_error});

  auto enroll = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_json<Registration>(form_bytes_max));
    CAIRN_CO_TRY(wanted, new_client(body));
    auto actor = actor_of(request);
    auto write = [&services, actor, wanted = wanted](db::Tx& tx) {
      return services.provider.register_client(tx, actor, wanted);
    };
    CAIRN_CO_TRY(made, co_await services.database.write(write));
    co_return private_json(201, registered_json(made));
  };
  router.add({.method = http::Method::post,
              .pattern = "/oauth/register",
              .operation = "oauth.register",
              .summary = "Registers an application (RFC 7591).",
              .access = "everyone",
              .body_bytes_max = form_bytes_max,
              .handler = enroll,
              .encode_error = encode_error});
}

}  // namespace cairn::api::oauth
