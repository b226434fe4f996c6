#include "api/oauth/wire.h"

// What programs read about the hub, and about the person.
namespace cairn::api::oauth {
namespace {

/// OpenID Connect Discovery 1.0, section 3; RFC 8414, section 2.
json::object metadata(const std::string& url) {
  json::array scopes;
  for (const auto& scope : cairn::oauth::known_scopes())
    scopes.emplace_back(json::string_view(scope.word));
  return {{"issuer", url},
          {"authorization_endpoint", url + "/oauth/authorize"},
          {"token_endpoint", url + "/oauth/token"},
          {"device_authorization_endpoint", url + "/oauth/device"},
          {"userinfo_endpoint", url + "/oauth/userinfo"},
          {"revocation_endpoint", url + "/oauth/revoke"},
          {"registration_endpoint", url + "/oauth/register"},
          {"jwks_uri", url + "/oauth/jwks"},
          {"scopes_supported", std::move(scopes)},
          {"response_types_supported", json::array{"code"}},
          {"response_modes_supported", json::array{"query"}},
          {"grant_types_supported", json::array{"authorization_code", "refresh_token",
                                                "urn:ietf:params:oauth:grant-type:device_code",
                                                "urn:ietf:params:oauth:grant-type:token-exchange"}},
          {"subject_types_supported", json::array{"public"}},
          {"id_token_signing_alg_values_supported", json::array{"RS256"}},
          {"token_endpoint_auth_methods_supported",
           json::array{"client_secret_basic", "client_secret_post", "none"}},
          {"code_challenge_methods_supported", json::array{"S256"}},
          {"authorization_response_iss_parameter_supported", true},
          {"claims_supported",
           json::array{"sub", "iss", "aud", "exp", "iat", "nonce", "name", "preferred_username",
                       "profile", "picture", "email", "email_verified", "isPro", "orgs"}}};
}

}  // namespace

void add_discovery_routes(http::Router& router, Services& services) {
  auto discovery = [&services](http::Request&) -> Task<Result<http::Response>> {
    auto response = http::json(200, json::value(metadata(services.provider.options().public_url)));
    response.headers.set("Cache-Control", "public, max-age=3600");
    co_return response;
  };
  for (const char* pattern :
       {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"})
    router.add({.method = http::Method::get,
                .pattern = pattern,
                .operation = "oauth.discovery",
                .summary = "Where the parts of the OAuth protocol are.",
                .access = "everyone",
                .handler = discovery});

  auto keys = [&services](http::Request&) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(set, co_await services.provider.key_set());
    auto response = http::json(200, json::value(set));
    response.headers.set("Cache-Control", "public, max-age=3600");
    co_return response;
  };
  router.add({.method = http::Method::get,
              .pattern = "/oauth/jwks",
              .operation = "oauth.keys",
              .summary = "The public keys of ID tokens (RFC 7517).",
              .access = "everyone",
              .handler = keys});

  auto userinfo = [&services](http::Request& request) -> Task<Result<http::Response>> {
    auto actor = actor_of(request);
    auto read = [&services, actor](db::Tx& tx) { return services.provider.userinfo(tx, actor); };
    CAIRN_CO_TRY(claims, co_await services.database.read(read));
    co_return private_json(200, claims);
  };
  for (auto method : {http::Method::get, http::Method::post})
    router.add({.method = method,
                .pattern = "/oauth/userinfo",
                .operation = method == http::Method::get ? "oauth.userinfo" : "oauth.userinfo_post",
                .summary = "Claims about the person, as the token's scopes allow.",
                .scope = "read",
                .access = "signed_in",
                .handler = userinfo,
                .encode_error = encode_error});
}

}  // namespace cairn::api::oauth
