#include "api/hub/gate.h"
#include "api/hub/hub.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

constexpr std::size_t authorization_bytes_max = 4096;

/// The token of an Authorization header: Bearer, or Basic with the token as password (git and
/// git-lfs; the user's name does not count). Empty for other schemes.
Result<std::optional<std::string>> token_of(std::string_view header) {
  if (header.empty()) return std::optional<std::string>{};
  auto space = header.find(' ');
  std::string scheme = to_lower_ascii(header.substr(0, space));
  std::string_view rest = space == header.npos ? "" : trim(header.substr(space + 1));
  if (header.size() > authorization_bytes_max) return fail(account::bad_credentials());
  if (scheme == "bearer") return std::optional<std::string>(rest);
  if (scheme != "basic") return fail(account::bad_credentials());
  auto pair = base64_decode(rest);
  auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return fail(account::bad_credentials());
  // "token:" and "token:x-oauth-basic" are how some tools send it: the name is then the token.
  std::string name = pair->substr(0, colon), password = pair->substr(colon + 1);
  bool name_is_token = password.empty() || password == "x-oauth-basic";
  return std::optional<std::string>(name_is_token ? name : password);
}

/// The secret lies in a file that only the hub's own user can read, and changes with each start: a
/// proxy that reaches the socket, even as the same user, does not know it by itself.
bool is_operator(const Services& services, const http::Request& request) {
  constexpr std::string_view scheme = "Local ";
  auto header = request.header("Authorization");
  return request.peer_uid() && !services.local_secret.empty() && header.starts_with(scheme) &&
         equal_constant_time(header.substr(scheme.size()), services.local_secret);
}

}  // namespace

void add_authentication(http::Router& router, Services& services) {
  auto hook = [&services](http::Request& request) -> Task<Result<std::optional<http::Response>>> {
    // A call within the program, or of the SSH server, brings its actor along.
    if (auto* known = request.context<account::Actor>()) {
      // A page is open to strangers; what it asks need not be.
      if (request.is_inner()) {
        CAIRN_CO_CHECK(check_gate(services, request, *known));
        co_return std::optional<http::Response>{};
      }
      CAIRN_CO_CHECK(check_maintenance(services, request));
      co_return std::optional<http::Response>{};
    }
    // The store's routes bring tokens of their own.
    if (request.route() && request.route()->scope == "cas") {
      CAIRN_CO_CHECK(check_gate(services, request, account::Actor::anonymous()));
      co_return std::optional<http::Response>{};
    }
    account::Actor actor;
    if (is_operator(services, request)) {
      actor = account::Actor::system();
      actor.request_id = request.id();
      request.set_actor_label("system");
      request.set_context(std::move(actor));
      co_return std::optional<http::Response>{};
    }
    bool of_client = request.route() && request.route()->scope == "client";
    CAIRN_CO_TRY(token, token_of(of_client ? "" : request.header("Authorization")));
    account::Seen seen{request.remote_address(), std::string(request.header("User-Agent"))};
    if (token) {
      CAIRN_CO_TRY(known, co_await services.accounts.authenticate(*token, std::move(seen)));
      actor = std::move(known);
    } else if (auto cookie = request.cookie(account::session_cookie)) {
      // One that ended is nobody's: the page shows the sign-in, not an error.
      if (auto known = co_await services.accounts.authenticate_session(*cookie, std::move(seen))) {
        CAIRN_CO_TRY(counts, cookie_counts(services, request, *cookie));
        if (counts) actor = *std::move(known);
      }
    }
    if (actor.has_user()) request.set_actor_label("user:" + actor.user_name);
    actor.address = request.remote_address();
    actor.user_agent = request.header("User-Agent").substr(0, 300);
    actor.request_id = request.id();
    auto& who = request.set_context(std::move(actor));
    CAIRN_CO_CHECK(check_gate(services, request, who));
    co_return std::optional<http::Response>{};
  };
  add_rate_limits_of_failures(router, services);
  router.before(hook);
  add_rate_limits(router, services);
}

}  // namespace cairn::api::hub
