#include <algorithm>

#include "api/ssh/ssh.h"
#include "base/json.h"

namespace cairn::api::ssh {
namespace {

struct GpgKeyIn {
  std::string key;
  std::optional<std::string> title;
};
BOOST_DESCRIBE_STRUCT(GpgKeyIn, (), (key, title))

struct GpgEmailOut {
  std::string email;
  bool verified = false;  ///< The account's own: commits from it count.
};
BOOST_DESCRIBE_STRUCT(GpgEmailOut, (), (email, verified))

struct GpgKeyOut {
  std::string id, title, fingerprint;
  std::vector<GpgEmailOut> emails;
  std::string key, createdAt;
  std::optional<std::string> expiresAt;
};
BOOST_DESCRIBE_STRUCT(GpgKeyOut, (), (id, title, fingerprint, emails, key, createdAt, expiresAt))

account::Actor actor_of(const http::Request& request) {
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : account::Actor::anonymous();
}

GpgKeyOut encode(const keys::GpgKey& key, const std::optional<std::string>& verified) {
  GpgKeyOut out;
  out.id = key.public_id.hex;
  out.title = key.title;
  out.fingerprint = key.fingerprint;
  for (const auto& email : key.emails) out.emails.push_back({email, email == verified});
  out.key = key.text;
  out.createdAt = to_rfc3339(key.created_at);
  if (key.expires_at) out.expiresAt = to_rfc3339(*key.expires_at);
  return out;
}

Task<Result<http::Response>> list(Services& services, http::Request& request) {
  CAIRN_CO_TRY(verified, co_await services.gpg_keys.verified_email(actor_of(request)));
  CAIRN_CO_TRY(all, co_await services.gpg_keys.list(actor_of(request)));
  std::vector<GpgKeyOut> out;
  for (const auto& key : all) out.push_back(encode(key, verified));
  co_return http::json(200, to_json(out));
}

Task<Result<http::Response>> add(Services& services, http::Request& request) {
  CAIRN_CO_TRY(in, co_await request.read_json<GpgKeyIn>());
  CAIRN_CO_TRY(key, co_await services.gpg_keys.add(actor_of(request), std::move(in.key),
                                                   in.title.value_or("")));
  CAIRN_CO_TRY(verified, co_await services.gpg_keys.verified_email(actor_of(request)));
  co_return http::json(201, encode(key, verified));
}

Task<Result<http::Response>> remove(Services& services, http::Request& request) {
  CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
  CAIRN_CO_CHECK(co_await services.gpg_keys.remove(actor_of(request), id));
  co_return http::empty(204);
}

using Handle = Task<Result<http::Response>> (*)(Services&, http::Request&);
http::Handler bind(Services& services, Handle handle) {
  return [&services, handle](http::Request& request) { return handle(services, request); };
}

}  // namespace

void add_gpg_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/gpg/keys",
              .operation = "gpg_key.list",
              .summary = "One's own GPG keys.",
              .scope = "read",
              .access = "account",
              .handler = bind(services, list),
              .response_schema = json_schema<std::vector<GpgKeyOut>>()});
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/gpg/keys",
              .operation = "gpg_key.add",
              .summary = "Adds a GPG key, against which signatures of commits are held.",
              .scope = "write",
              .access = "account",
              .handler = bind(services, add),
              .request_schema = json_schema<GpgKeyIn>(),
              .response_schema = json_schema<GpgKeyOut>(),
              .asks_password = true});
  router.add({.method = http::Method::delete_,
              .pattern = "/api/-/v1/gpg/keys/{id}",
              .operation = "gpg_key.remove",
              .summary = "Removes one of one's own GPG keys.",
              .scope = "write",
              .access = "account",
              .handler = bind(services, remove)});
}

}  // namespace cairn::api::ssh
