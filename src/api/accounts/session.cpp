#include "api/accounts/parts.h"
#include "base/text.h"

namespace cairn::api::accounts {
namespace {

struct SignIn {
  std::string name, password;
};
BOOST_DESCRIBE_STRUCT(SignIn, (), (name, password))

struct PasswordOnly {
  std::string password;
};
BOOST_DESCRIBE_STRUCT(PasswordOnly, (), (password))

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

/// What a page needs before anybody is signed in; nothing that is not for strangers.
json::object hub_json(const Services& services) {
  auto rules = services.settings.current();
  constexpr std::string_view registration[] = {"open", "invite", "closed"};
  constexpr std::string_view levels[] = {"info", "warning", "critical"};
  json::object out{{"name", rules->name},
                   {"url", services.public_url},
                   {"logoUrl", or_null(rules->logo_url)},
                   {"accentColor", or_null(rules->accent_color)},
                   {"contact", or_null(rules->contact)},
                   {"links", json::object{{"terms", or_null(rules->terms_url)},
                                          {"privacy", or_null(rules->privacy_url)},
                                          {"imprint", or_null(rules->imprint_url)}}},
                   {"registration",
                    json::string_view(registration[static_cast<std::size_t>(rules->registration)])},
                   {"anonymousRead", rules->anonymous_read},
                   {"publicRepositories", rules->public_repositories},
                   {"sendsMail", services.mail.configured()},
                   {"tokenDaysMax", rules->token_days_max},
                   {"maintenance", or_null(rules->maintenance)},
                   {"announcement", nullptr}};
  if (rules->announces(services.clock.now())) {
    json::object announcement{
        {"text", rules->announcement},
        {"level", json::string_view(levels[static_cast<std::size_t>(rules->announcement_level)])}};
    if (rules->announcement_ends_at)
      announcement["endsAt"] = to_rfc3339(*rules->announcement_ends_at);
    out["announcement"] = std::move(announcement);
  }
  return out;
}

json::object session_json(const hub::Session& session, std::optional<SessionId> current) {
  json::object out{{"id", session.public_id.hex},
                   {"current", current == session.id},
                   {"address", session.seen.address},
                   {"userAgent", session.seen.user_agent},
                   {"createdAt", to_rfc3339(session.created_at)}};
  if (session.last_used_at) out["lastUsedAt"] = to_rfc3339(*session.last_used_at);
  if (session.expires_at) out["expiresAt"] = to_rfc3339(*session.expires_at);
  return out;
}

/// Who is here, on what hub.
Task<Result<http::Response>> answer_session(Services& services, std::optional<UserId> user,
                                            std::optional<Time> confirmed_at, std::string cookie) {
  json::object out{{"user", nullptr}, {"hub", hub_json(services)}};
  if (user) {
    auto read = [id = *user](db::Tx& tx) { return hub::find_user(tx, id); };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    out["user"] = user_json(services, found);
  }
  if (!cookie.empty()) out["csrfToken"] = services.accounts.csrf_token(cookie);
  if (confirmed_at) out["passwordGoodUntil"] = to_rfc3339(*confirmed_at + hub::password_remembered);
  co_return http::json(200, json::value(std::move(out)));
}

}  // namespace

void add_session_routes(http::Router& router, Services& services) {
  using http::Method;
  auto look = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    std::optional<UserId> user;
    if (actor.has_user()) user = actor.user;
    auto cookie = actor.session ? request.cookie(hub::session_cookie).value_or("") : "";
    return answer_session(services, user, actor.confirmed_at, std::move(cookie));
  };
  add(router, {.method = Method::get,
               .path = "/session",
               .operation = "session.look",
               .summary = "Who is signed in, and what this hub is.",
               .scope = "none",
               .access = "everyone",
               .handler = look,
               .open_to_strangers = true});

  auto sign_in = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<SignIn>());
    CAIRN_CO_TRY(opened, co_await services.people.sign_in(in.name, in.password, seen_by(request)));
    CAIRN_CO_TRY(response, co_await answer_session(services, opened.session.user,
                                                   opened.session.confirmed_at, opened.cookie));
    set_session(services, response, opened.cookie);
    co_return std::move(response);
  };
  add(router, {.method = Method::post,
               .path = "/session",
               .operation = "session.sign_in",
               .summary = "Sign in with name (or verified email address) and password.",
               .scope = "none",
               .access = "everyone",
               .handler = sign_in,
               .request_schema = json_schema<SignIn>(),
               .open_to_strangers = true});

  auto sign_out = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    if (actor.session) {
      auto end = [&services, actor](db::Tx& tx) -> Result<> {
        for (const auto& session : hub::list_sessions(tx, actor.user))
          if (session.id == actor.session)
            return services.accounts.end_session(tx, actor.user, session.public_id);
        return {};
      };
      CAIRN_CO_CHECK(co_await services.database.write(end));
    }
    auto response = done();
    http::CookieOptions gone;
    gone.secure = services.public_url.starts_with("https://");
    gone.max_age_s = 0;
    http::set_cookie(response, hub::session_cookie, "", gone);
    http::set_cookie(response, hub::csrf_cookie, "", gone);
    (void)request;
    co_return response;
  };
  add(router, {.method = Method::delete_,
               .path = "/session",
               .operation = "session.sign_out",
               .summary = "Sign this browser out.",
               .scope = "none",
               .access = "everyone",
               .handler = sign_out});

  auto confirm = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<PasswordOnly>());
    CAIRN_CO_TRY(cookie, co_await services.people.confirm(actor, in.password));
    CAIRN_CO_TRY(response,
                 co_await answer_session(services, actor.user, services.clock.now(), cookie));
    set_session(services, response, cookie);
    co_return std::move(response);
  };
  add(router, {.method = Method::post,
               .path = "/session/confirm",
               .operation = "session.confirm",
               .summary = "Give the password again, for what asks for it.",
               .scope = "none",
               .access = "session",
               .handler = confirm,
               .request_schema = json_schema<PasswordOnly>()});

  auto list = [&services](http::Request&, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(access::check_own(actor));
    auto read = [user = actor.user](db::Tx& tx) -> Result<std::vector<hub::Session>> {
      return hub::list_sessions(tx, user);
    };
    CAIRN_CO_TRY(sessions, co_await services.database.read(read));
    json::array out;
    for (const auto& session : sessions) out.push_back(session_json(session, actor.session));
    co_return http::json(200, json::value(std::move(out)));
  };
  add(router, {.method = Method::get,
               .path = "/sessions",
               .operation = "session.list",
               .summary = "Browsers that are signed in.",
               .scope = "read",
               .access = "account.read",
               .handler = list});

  auto end_one = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(check_signed_in(actor));
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    auto end = [&services, actor, id](db::Tx& tx) -> Result<> {
      CAIRN_TRY(self, hub::find_owner(tx, owner_of(actor.user)));
      CAIRN_CHECK(access::check_manage(tx, actor, self));
      return services.accounts.end_session(tx, actor.user, id);
    };
    CAIRN_CO_CHECK(co_await services.database.write(end));
    co_return done();
  };
  add(router, {.method = Method::delete_,
               .path = "/sessions/{id}",
               .operation = "session.end",
               .summary = "Sign one browser out.",
               .scope = "write",
               .access = "account",
               .handler = end_one});

  auto end_others = [&services](http::Request&, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(check_signed_in(actor));
    auto end = [&services, actor](db::Tx& tx) -> Result<> {
      CAIRN_TRY(self, hub::find_owner(tx, owner_of(actor.user)));
      CAIRN_CHECK(access::check_manage(tx, actor, self));
      services.accounts.end_sessions(tx, actor.user, actor.session);
      return {};
    };
    CAIRN_CO_CHECK(co_await services.database.write(end));
    co_return done();
  };
  add(router, {.method = Method::delete_,
               .path = "/sessions",
               .operation = "session.end_others",
               .summary = "Sign all other browsers out.",
               .scope = "write",
               .access = "account",
               .handler = end_others});
}

}  // namespace cairn::api::accounts
