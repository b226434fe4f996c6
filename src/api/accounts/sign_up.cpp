#include "api/accounts/parts.h"

namespace cairn::api::accounts {
namespace {

struct SignUpIn {
  std::string name, password;
  std::optional<std::string> fullname, email, invite;
};
BOOST_DESCRIBE_STRUCT(SignUpIn, (), (name, password, fullname, email, invite))

struct ChangePassword {
  std::optional<std::string> old;
  std::string password;
};
BOOST_DESCRIBE_STRUCT(ChangePassword, (), (old, password))

struct ResetRequest {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(ResetRequest, (), (name))

struct RedeemReset {
  std::string code, password;
};
BOOST_DESCRIBE_STRUCT(RedeemReset, (), (code, password))

struct CodeOnly {
  std::string code;
};
BOOST_DESCRIBE_STRUCT(CodeOnly, (), (code))

struct SetupIn {
  std::string code, name, password;
  std::optional<std::string> fullname, email, hubName;
  std::optional<bool> anonymousRead;
};
BOOST_DESCRIBE_STRUCT(SetupIn, (), (code, name, password, fullname, email, hubName, anonymousRead))

Task<Result<http::Response>> welcome(Services& services, int status, hub::OpenedSession opened) {
  auto read = [user = opened.session.user](db::Tx& tx) { return hub::find_user(tx, user); };
  CAIRN_CO_TRY(user, co_await services.database.read(read));
  json::object out{{"user", user_json(services, user)},
                   {"csrfToken", services.accounts.csrf_token(opened.cookie)}};
  auto response = http::json(status, json::value(std::move(out)));
  set_session(services, response, opened.cookie);
  co_return response;
}

void add_password_routes(http::Router& router, Services& services) {
  using http::Method;
  auto change = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<ChangePassword>());
    CAIRN_CO_CHECK(check_signed_in(actor));
    // A token is no way to a password: who found one must not lock its user out.
    if (!actor.session)
      co_return fail(ErrorCode::forbidden, "Forbidden",
                     "A password is changed in a browser that is signed in, not with a token.");
    CAIRN_CO_TRY(cookie,
                 co_await services.people.change_password(actor, in.old.value_or(""), in.password));
    auto response = http::json(
        200, json::value(json::object{{"csrfToken", services.accounts.csrf_token(cookie)}}));
    set_session(services, response, cookie);
    co_return response;
  };
  add(router, {.method = Method::put,
               .path = "/me/password",
               .operation = "account.password",
               .summary = "Change the password; other browsers are signed out.",
               .scope = "write",
               .access = "session",
               .handler = change,
               .request_schema = json_schema<ChangePassword>()});

  auto request_reset = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<ResetRequest>());
    CAIRN_CO_CHECK(co_await services.people.request_reset(in.name, seen_by(request)));
    co_return http::json(202, json::value(json::object{{"success", true}}));
  };
  add(router, {.method = Method::post,
               .path = "/password-reset",
               .operation = "account.reset.request",
               .summary = "Mail a link for a new password, if there is such an account.",
               .scope = "none",
               .access = "everyone",
               .handler = request_reset,
               .request_schema = json_schema<ResetRequest>(),
               .open_to_strangers = true});

  auto redeem = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<RedeemReset>());
    CAIRN_CO_TRY(user,
                 co_await services.people.redeem_reset(in.code, in.password, seen_by(request)));
    co_return http::json(200, json::value(json::object{{"name", user.name}}));
  };
  add(router, {.method = Method::post,
               .path = "/password-reset/redeem",
               .operation = "account.reset.redeem",
               .summary = "Set a new password with the code of a link.",
               .scope = "none",
               .access = "everyone",
               .handler = redeem,
               .request_schema = json_schema<RedeemReset>(),
               .open_to_strangers = true});
}

void add_email_routes(http::Router& router, Services& services) {
  using http::Method;
  auto verify = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CodeOnly>());
    CAIRN_CO_TRY(user, co_await services.people.verify_email(in.code, seen_by(request)));
    co_return http::json(
        200, json::value(json::object{{"name", user.name}, {"email", user.email.value_or("")}}));
  };
  add(router, {.method = Method::post,
               .path = "/email/verify",
               .operation = "account.email.verify",
               .summary = "Verify an email address with the code of a link.",
               .scope = "none",
               .access = "everyone",
               .handler = verify,
               .request_schema = json_schema<CodeOnly>(),
               .open_to_strangers = true});

  auto again = [&services](http::Request&, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(co_await services.people.send_verification(actor));
    co_return http::json(202, json::value(json::object{{"success", true}}));
  };
  add(router, {.method = Method::post,
               .path = "/me/email/verification",
               .operation = "account.email.send",
               .summary = "Send the link that verifies the address again.",
               .scope = "write",
               .access = "account",
               .handler = again});
}

void add_setup_routes(http::Router& router, Services& services) {
  using http::Method;
  auto look = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<CodeOnly>());
    CAIRN_CO_TRY(user, co_await services.people.look_at_setup(in.code, seen_by(request)));
    auto rules = services.settings.current();
    co_return http::json(200, json::value(json::object{{"name", user.name},
                                                       {"fullname", user.full_name},
                                                       {"hubName", rules->name},
                                                       {"anonymousRead", rules->anonymous_read}}));
  };
  add(router, {.method = Method::post,
               .path = "/setup/look",
               .operation = "setup.look",
               .summary = "What a set-up link is for, while it works.",
               .scope = "none",
               .access = "everyone",
               .handler = look,
               .request_schema = json_schema<CodeOnly>(),
               .open_to_strangers = true});

  auto set_up = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<SetupIn>());
    people::Setup setup{.code = in.code,
                        .name = in.name,
                        .password = in.password,
                        .full_name = in.fullname,
                        .email = in.email,
                        .hub_name = in.hubName,
                        .anonymous_read = in.anonymousRead};
    CAIRN_CO_TRY(opened, co_await services.people.set_up(std::move(setup), seen_by(request)));
    co_return co_await welcome(services, 200, std::move(opened));
  };
  add(router,
      {.method = Method::post,
       .path = "/setup",
       .operation = "setup.redeem",
       .summary = "Become the administrator of a new hub, with the code of its set-up link.",
       .scope = "none",
       .access = "everyone",
       .handler = set_up,
       .request_schema = json_schema<SetupIn>(),
       .open_to_strangers = true});
}

}  // namespace

void add_sign_up_routes(http::Router& router, Services& services) {
  auto sign_up = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<SignUpIn>());
    people::SignUp wanted{.name = in.name,
                          .password = in.password,
                          .full_name = in.fullname,
                          .email = in.email,
                          .invite = in.invite};
    CAIRN_CO_TRY(made, co_await services.people.sign_up(std::move(wanted), seen_by(request)));
    if (made.session) co_return co_await welcome(services, 201, *std::move(made.session));
    co_return http::json(
        202, json::value(
                 json::object{{"user", nullptr}, {"verifyEmail", made.user.email.value_or("")}}));
  };
  add(router, {.method = http::Method::post,
               .path = "/accounts",
               .operation = "account.sign_up",
               .summary = "Make an account and sign in, where the hub's rules allow it.",
               .scope = "none",
               .access = "everyone",
               .handler = sign_up,
               .request_schema = json_schema<SignUpIn>(),
               .open_to_strangers = true});
  add_password_routes(router, services);
  add_email_routes(router, services);
  add_setup_routes(router, services);
}

}  // namespace cairn::api::accounts
