#include "api/hub/gate.h"

#include <algorithm>

namespace cairn::api::hub {
namespace {

bool only_reads(http::Method method) {
  return method == http::Method::get || method == http::Method::head ||
         method == http::Method::options;
}

/// Routes of programs, not of browsers.
bool is_for_programs(const http::Route& route) {
  for (std::string_view front : {"lfs.", "git.", "xet."})
    if (route.operation.starts_with(front)) return true;
  return route.pattern.find("/xet-") != route.pattern.npos;
}

/// A POST may well be a question (paths-info, LFS batch, git fetch): its scope tells.
bool changes_something(const http::Request& request, const http::Route& route) {
  if (only_reads(request.method())) return false;
  bool upload_of_chunks = route.operation.starts_with("xet.");
  if (request.method() == http::Method::post) return route.scope == "write" || upload_of_chunks;
  return true;
}

Result<> check_maintenance_of(const settings::Values& rules, const http::Request& request,
                              const http::Route& route) {
  if (rules.maintenance.empty() || !changes_something(request, route)) return {};
  // The way in and out stays open, and so does the way to end it.
  if (route.open_to_strangers || route.scope == "admin" || route.operation.starts_with("session."))
    return {};
  constexpr int retry_after_s = 300;
  Error error{ErrorCode::unavailable, "Maintenance",
              rules.maintenance + " Reading works; nothing was changed."};
  error.retry_after_s = retry_after_s;
  return fail(std::move(error));
}

}  // namespace

Result<bool> cookie_counts(const Services& services, const http::Request& request,
                           std::string_view cookie) {
  const auto& route = *request.route();
  bool reads = only_reads(request.method());
  if (reads && !is_for_programs(route)) return true;
  if (services.accounts.is_csrf_token(cookie, request.header(account::csrf_header))) return true;
  // Signing in needs no proof: a page that lost it can begin again, as nobody.
  if (reads || route.open_to_strangers || is_for_programs(route)) return false;
  return fail(
      ErrorCode::forbidden, "CsrfTokenMissing",
      "A change from a browser needs the X-CSRF-Token that /api/-/v1/session gives. Nothing "
      "was changed; load the page again.");
}

Result<> check_gate(const Services& services, const http::Request& request,
                    const account::Actor& actor) {
  const auto& route = *request.route();
  if (route.asks_password || route.scope == "admin")
    CAIRN_CHECK(account::check_confirmed(actor, services.clock.now()));
  auto rules = services.settings.current();
  // What programs of other protocols bring: a client's secret, a token of the store of chunks.
  bool own_proof = route.open_to_strangers || route.secret_path || route.scope == "client" ||
                   route.scope == "cas" || route.operation == "oauth.discovery" ||
                   route.operation == "oauth.keys";
  if (!rules->anonymous_read && !own_proof && actor.kind == account::ActorKind::anonymous)
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "This hub is for people who are signed in. Sign in, or send an access token.");
  return check_maintenance_of(*rules, request, route);
}

Result<> check_maintenance(const Services& services, const http::Request& request) {
  if (!request.route()) return {};
  return check_maintenance_of(*services.settings.current(), request, *request.route());
}

}  // namespace cairn::api::hub
