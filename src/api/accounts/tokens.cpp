#include <algorithm>

#include "api/accounts/parts.h"

namespace cairn::api::accounts {
namespace {

struct TokenIn {
  std::string name;
  std::string role;
  std::optional<json::value> scopes;  ///< With role fineGrained, as whoami-v2 shows them.
  std::optional<std::string> expiresAt;
};
BOOST_DESCRIBE_STRUCT(TokenIn, (), (name, role, scopes, expiresAt))

struct RotateIn {
  std::optional<std::int64_t> keepHours;  ///< So long the old value works beside the new one.
};
BOOST_DESCRIBE_STRUCT(RotateIn, (), (keepHours))

struct Credentials {
  std::vector<std::string> credentials;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (credentials))

json::object token_json(const hub::Token& token, std::optional<TokenId> current) {
  json::object out{{"id", token.public_id.hex},
                   {"name", token.name},
                   {"role", json::string_view(hub::to_string(token.role))},
                   {"hint", token.hint},
                   {"current", current == token.id},
                   {"createdAt", to_rfc3339(token.created_at)}};
  if (token.role == hub::TokenRole::fine_grained) out["scopes"] = hub::scopes_json(token.scopes);
  if (token.expires_at) out["expiresAt"] = to_rfc3339(*token.expires_at);
  if (token.last_used_at) {
    out["lastUsedAt"] = to_rfc3339(*token.last_used_at);
    out["lastUsedFrom"] = token.last_used_address;
    out["lastUsedBy"] = token.last_used_agent;
  }
  return out;
}

http::Response shown_once(int status, const hub::CreatedToken& made) {
  auto out = token_json(made.token, {});
  out["value"] = made.value;
  return http::json(status, json::value(std::move(out)));
}

Result<people::TokenRequest> read_request(const TokenIn& in) {
  people::TokenRequest out;
  out.name = in.name;
  auto role = hub::parse_token_role(in.role);
  if (!role)
    return fail(ErrorCode::invalid_argument, "InvalidToken",
                "The role of a token is read, write or fineGrained.")
        .with("field", "role");
  out.role = *role;
  if (*role == hub::TokenRole::fine_grained) {
    auto scopes = hub::read_scopes(in.scopes.value_or(json::object{}), "scopes");
    if (!scopes) return fail(std::move(scopes.error()).with("field", "scopes"));
    out.scopes = *std::move(scopes);
  }
  if (in.expiresAt) {
    auto time = parse_rfc3339(*in.expiresAt);
    if (!time) return fail(std::move(time.error()).with("field", "expiresAt"));
    out.expires_at = *time;
  }
  return out;
}

}  // namespace

void add_token_routes(http::Router& router, Services& services) {
  using http::Method;
  auto list = [&services](http::Request&, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(access::check_own(actor));
    // Last uses are written once a second; who looks at them sees their own.
    CAIRN_CO_CHECK(co_await services.accounts.flush());
    auto read = [user = actor.user](db::Tx& tx) -> Result<std::vector<hub::Token>> {
      return hub::list_tokens(tx, user);
    };
    CAIRN_CO_TRY(tokens, co_await services.database.read(read));
    json::array out;
    for (const auto& token : tokens) out.push_back(token_json(token, actor.token));
    co_return http::json(200, json::value(std::move(out)));
  };
  add(router, {.method = Method::get,
               .path = "/tokens",
               .operation = "token.list",
               .summary = "One's own access tokens, without their values.",
               .scope = "read",
               .access = "account.read",
               .handler = list});

  auto create = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<TokenIn>());
    CAIRN_CO_TRY(wanted, read_request(in));
    CAIRN_CO_TRY(made, co_await services.people.create_token(actor, std::move(wanted)));
    co_return shown_once(201, made);
  };
  add(router, {.method = Method::post,
               .path = "/tokens",
               .operation = "token.create",
               .summary = "Make an access token; its value is shown this once.",
               .scope = "write",
               .access = "account",
               .handler = create,
               .request_schema = json_schema<TokenIn>(),
               .asks_password = true});

  auto rotate = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    RotateIn in;
    if (request.content_length() != std::uint64_t{0}) {
      CAIRN_CO_TRY(read, co_await request.read_json<RotateIn>());
      in = read;
    }
    // Far more than it may be is refused as that, and does not overflow.
    auto keep = hours(std::clamp<std::int64_t>(in.keepHours.value_or(0), -1, 10'000));
    CAIRN_CO_TRY(made, co_await services.people.rotate_token(actor, id, keep));
    co_return shown_once(200, made);
  };
  add(router, {.method = Method::post,
               .path = "/tokens/{id}/rotate",
               .operation = "token.rotate",
               .summary = "A new value for a token; the old one stops working, at once or later.",
               .scope = "write",
               .access = "account",
               .handler = rotate,
               .request_schema = json_schema<RotateIn>(),
               .asks_password = true});

  auto revoke = [&services](http::Request& request, Actor actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    CAIRN_CO_CHECK(co_await services.people.revoke_token(actor, id));
    co_return done();
  };
  add(router, {.method = Method::delete_,
               .path = "/tokens/{id}",
               .operation = "token.revoke",
               .summary = "Revoke a token for good.",
               .scope = "write",
               .access = "account",
               .handler = revoke});

  // Always 202: the answer tells nobody which values are tokens (hub-api.md, section 2).
  auto leaked = [&services](http::Request& request, Actor) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<Credentials>());
    CAIRN_CO_CHECK(
        co_await services.people.revoke_leaked(std::move(in.credentials), seen_by(request)));
    co_return http::json(202, json::value(json::object{{"success", true}}));
  };
  constexpr std::uint64_t leaked_bytes_max = 512u << 10;  // A thousand of the longest.
  add(router, {.method = Method::post,
               .path = "/api/credentials/revoke",
               .operation = "token.revoke_leaked",
               .summary = "Revoke tokens that were found in the open.",
               .scope = "none",
               .access = "everyone",
               .handler = leaked,
               .request_schema = json_schema<Credentials>(),
               .open_to_strangers = true,
               .body_bytes_max = leaked_bytes_max});
}

}  // namespace cairn::api::accounts
