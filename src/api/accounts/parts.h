#pragma once
// What the files of this module share.
#include <functional>

#include "api/accounts/accounts.h"
#include "base/json.h"

namespace cairn::api::accounts {

constexpr std::string_view prefix = "/api/-/v1";

using hub::Actor;
using Handler = std::function<Task<Result<http::Response>>(http::Request&, Actor)>;

/// A route of ours, with the actor handed over.
struct Route {
  http::Method method;
  std::string path;  ///< Below the prefix; a path that begins with "/api/" is the whole.
  std::string operation, summary, scope;
  std::string access;  ///< As http::Route has it.
  Handler handler;
  std::optional<json::value> request_schema = {};
  bool open_to_strangers = false, asks_password = false;
  std::uint64_t body_bytes_max = 64u << 10;
};
void add(http::Router& router, Route route);

[[nodiscard]] hub::Seen seen_by(const http::Request& request);
/// @return `unauthenticated` without a user.
[[nodiscard]] Result<> check_signed_in(const Actor& actor);

/// Absolute.
[[nodiscard]] std::string avatar_url(const Services& services, const hub::Profile& profile);
/// The account itself, for its user alone.
[[nodiscard]] json::object user_json(const Services& services, const hub::User& user);
[[nodiscard]] json::object profile_json(const Services& services, const people::Profile& profile);
[[nodiscard]] json::object invite_json(const people::Invite& invite);

/// Sets both cookies. @param value  of the session.
void set_session(const Services& services, http::Response& response, const std::string& value);

[[nodiscard]] http::Response done();

void add_session_routes(http::Router& router, Services& services);
void add_sign_up_routes(http::Router& router, Services& services);
void add_token_routes(http::Router& router, Services& services);
void add_organization_routes(http::Router& router, Services& services);
void add_invite_routes(http::Router& router, Services& services);
void add_profile_routes(http::Router& router, Services& services);

}  // namespace cairn::api::accounts
