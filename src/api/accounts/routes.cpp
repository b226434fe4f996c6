#include "api/accounts/parts.h"
#include "base/text.h"

namespace cairn::api::accounts {

void add(http::Router& router, Route in) {
  http::Route route;
  route.method = in.method;
  route.pattern = in.path.starts_with("/api/") ? in.path : std::string(prefix) + in.path;
  route.operation = std::move(in.operation);
  route.summary = std::move(in.summary);
  route.scope = std::move(in.scope);
  route.access = std::move(in.access);
  route.body_bytes_max = in.body_bytes_max;
  route.request_schema = std::move(in.request_schema);
  route.open_to_strangers = in.open_to_strangers;
  route.asks_password = in.asks_password;
  bool from_strangers = in.open_to_strangers && in.method != http::Method::get;
  route.handler = [from_strangers, handler = std::move(in.handler)](
                      http::Request& request) -> Task<Result<http::Response>> {
    // A form of another site can send any text, but not this type: nobody is signed in unasked.
    if (from_strangers && !request.header("Content-Type").starts_with("application/json"))
      co_return fail(ErrorCode::unsupported, "UnsupportedMediaType",
                     "Send this as application/json.");
    auto* known = request.context<Actor>();
    auto response = co_await handler(request, known ? *known : Actor::anonymous());
    // Everything here is one person's.
    if (response && !response->headers.has("Cache-Control"))
      response->headers.set("Cache-Control", "no-store");
    co_return response;
  };
  router.add(std::move(route));
}

hub::Seen seen_by(const http::Request& request) {
  return {request.remote_address(),
          std::string(request.header("User-Agent").substr(0, hub::user_agent_bytes_max))};
}

Result<> check_signed_in(const Actor& actor) {
  if (actor.has_user()) return {};
  return fail(ErrorCode::unauthenticated, "Unauthenticated",
              "Nobody is signed in. Sign in, or send an access token.");
}

std::string avatar_url(const Services& services, const hub::Profile& profile) {
  auto path = people::avatar_path(profile);
  return path.starts_with('/') ? services.public_url + path : path;
}

json::object user_json(const Services& services, const hub::User& user) {
  json::object out{{"id", user.public_id.hex},
                   {"name", user.name},
                   {"fullname", user.full_name},
                   {"avatarUrl", avatar_url(services, user)},
                   {"emailVerified", user.email_verified_at.has_value()},
                   {"isAdmin", user.is_admin},
                   {"hasPassword", user.has_password},
                   {"createdAt", to_rfc3339(user.created_at)}};
  if (user.email) out["email"] = *user.email;
  return out;
}

json::object profile_json(const Services& services, const people::Profile& profile) {
  const auto& owner = profile.owner;
  return {{"id", owner.public_id.hex},
          {"type", json::string_view(to_string(owner.kind))},
          {"name", owner.name},
          {"fullname", owner.full_name},
          {"avatarUrl", avatar_url(services, owner)},
          {"details", profile.details},
          {"homepage", profile.homepage},
          {"socials", to_json(profile.socials)},
          {"defaultVisibility", json::string_view(to_string(owner.default_visibility))},
          {"createdAt", to_rfc3339(owner.created_at)}};
}

json::object invite_json(const people::Invite& invite) {
  json::object out{{"id", invite.public_id.hex},
                   {"uses", invite.uses},
                   {"usesMax", invite.uses_max},
                   {"createdAt", to_rfc3339(invite.created_at)},
                   {"expiresAt", to_rfc3339(invite.expires_at)}};
  if (invite.email) out["email"] = *invite.email;
  if (!invite.user_name.empty()) out["user"] = invite.user_name;
  if (!invite.created_by_name.empty()) out["invitedBy"] = invite.created_by_name;
  if (!invite.organization_name.empty()) {
    out["organization"] = invite.organization_name;
    out["role"] = json::string_view(hub::to_string(invite.role));
  }
  return out;
}

void set_session(const Services& services, http::Response& response, const std::string& value) {
  http::CookieOptions options;
  options.secure = services.public_url.starts_with("https://");
  options.max_age_s = hub::session_lifetime.us / 1'000'000;
  http::set_cookie(response, hub::session_cookie, value, options);
  options.http_only = false;
  http::set_cookie(response, hub::csrf_cookie, services.accounts.csrf_token(value), options);
}

http::Response done() {
  return http::json(200, json::value(json::object{{"success", true}}));
}

void add_routes(http::Router& router, Services& services) {
  add_session_routes(router, services);
  add_sign_up_routes(router, services);
  add_token_routes(router, services);
  add_organization_routes(router, services);
  add_invite_routes(router, services);
  add_profile_routes(router, services);
}

}  // namespace cairn::api::accounts
