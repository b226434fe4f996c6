#include "api/hub/encode.h"
#include "base/bytes.h"
#include "hub/oauth/oauth.h"

namespace cairn::api::hub {
namespace {

json::object token_json(const account::Token& token) {
  json::object out{{"displayName", token.name},
                   {"role", json::string_view(account::to_string(token.role))},
                   {"createdAt", to_rfc3339(token.created_at)}};
  if (token.expires_at) out["expiration"] = to_rfc3339(*token.expires_at);
  if (token.role == account::TokenRole::fine_grained)
    out["fineGrained"] = account::scopes_json(token.scopes);
  return out;
}

json::object whoami_json(const Services& services, const account::Whoami& who) {
  json::array organizations;
  for (const auto& m : who.organizations) {
    const auto& o = m.organization;
    organizations.push_back(
        json::object{{"type", "org"},
                     {"id", o.public_id.hex},
                     {"name", o.name},
                     {"fullname", o.full_name},
                     {"email", o.email ? json::value(*o.email) : json::value(nullptr)},
                     {"canPay", false},
                     {"periodEnd", nullptr},
                     {"avatarUrl", avatar_url(services, o)},
                     {"isEnterprise", o.plan == account::Plan::enterprise},
                     {"plan", json::string_view(account::to_string(o.plan))},
                     {"roleInOrg", json::string_view(account::to_string(m.role))}});
  }
  const auto& user = who.user;
  // A browser has no token; clients read the member all the same.
  json::object auth{{"type", "access_token"}};
  if (who.token) auth["accessToken"] = token_json(*who.token);
  return json::object{{"type", "user"},
                      {"id", user.public_id.hex},
                      {"name", user.name},
                      {"fullname", user.full_name},
                      {"email", user.email ? json::value(*user.email) : json::value(nullptr)},
                      {"emailVerified", user.email_verified_at.has_value()},
                      {"isPro", user.plan != account::Plan::free},
                      {"canPay", false},
                      {"billingMode", "postpaid"},
                      {"periodEnd", nullptr},
                      {"avatarUrl", avatar_url(services, user)},
                      {"orgs", std::move(organizations)},
                      {"auth", std::move(auth)}};
}

/// A picture for those who have none: two colors and a 5×5 pattern, mirrored, from the public id.
std::string drawn_avatar(const PublicId& id) {
  std::string bits = *hex_decode(id.hex);
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bits[i]); };
  std::string hue = std::to_string((byte(0) * 256 + byte(1)) % 360);
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 7 7\" "
      "shape-rendering=\"crispEdges\"><rect width=\"7\" height=\"7\" fill=\"hsl(" +
      hue + ",40%,90%)\"/><g fill=\"hsl(" + hue + ",55%,45%)\">";
  for (int x = 0; x < 3; ++x)
    for (int y = 0; y < 5; ++y) {
      int bit = x * 5 + y;
      if (!(byte(2 + static_cast<std::size_t>(bit / 8)) >> (bit % 8) & 1)) continue;
      for (int column : {x, 4 - x})
        svg += "<rect x=\"" + std::to_string(column + 1) + "\" y=\"" + std::to_string(y + 1) +
               "\" width=\"1\" height=\"1\"/>";
    }
  return svg + "</g></svg>";
}

}  // namespace

void add_identity_routes(http::Router& router, Services& services) {
  auto whoami = [&services](http::Request& request) -> Task<Result<http::Response>> {
    auto actor = actor_of(request);
    if (!actor.has_user())
      co_return fail(ErrorCode::unauthenticated, "Unauthenticated",
                     "Nobody is signed in. Send a token: Authorization: Bearer hf_…");
    auto read = [actor](db::Tx& tx) -> Result<account::Whoami> {
      CAIRN_TRY(who, account::whoami(tx, actor));
      if (!oauth::tells_email(tx, actor)) who.user.email.reset();
      return std::move(who);
    };
    CAIRN_CO_TRY(who, co_await services.database.read(read));
    co_return http::json(200, json::value(whoami_json(services, who)));
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/whoami-v2",
              .operation = "identity.whoami",
              .summary = "Who the token belongs to.",
              .scope = "read",
              .access = "signed_in",
              .handler = whoami});

  // Drawn from the id alone, so it tells nothing about whether the id exists.
  auto avatar = [](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    auto response = http::text(200, drawn_avatar(id), "image/svg+xml");
    response.headers.set("Cache-Control", "public, max-age=86400");
    response.headers.set("Content-Security-Policy", "default-src 'none'");
    co_return response;
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/avatars/{id}.svg",
              .operation = "identity.avatar",
              .summary = "A drawn avatar for owners without one.",
              .access = "everyone",
              .handler = avatar});

  auto allowed = [](http::Request&, account::Actor, repo::RepoRef) -> Task<Result<http::Response>> {
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
  for (RepoKind kind : all_kinds) {
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/auth-check"),
                .operation = "repo.auth_check",
                .summary = "Whether the caller may read the repository's files.",
                .scope = "read",
                .handler = on_repo(services, kind, access::Action::read_content, allowed)});
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/auth-check/write"),
                .operation = "repo.auth_check_write",
                .summary = "Whether the caller may change the repository's files.",
                .scope = "write",
                .handler = on_repo(services, kind, access::Action::write, allowed)});
  }
}

}  // namespace cairn::api::hub
