#include "api/ssh/ssh.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "hub/repo/administered.h"

namespace cairn::api::ssh {
namespace {

constexpr std::string_view server_scheme = "Ssh ", ticket_scheme = "RemoteAuth ";

/// The SSH server's own questions carry this beside no actor.
struct FromServer {};

struct HostKeyOut {
  std::string type, fingerprint, publicKey;
};
BOOST_DESCRIBE_STRUCT(HostKeyOut, (), (type, fingerprint, publicKey))

struct ServerOut {
  bool enabled = false;
  std::optional<std::string> url;  ///< What stands before "owner/name.git".
  std::vector<HostKeyOut> hostKeys;
};
BOOST_DESCRIBE_STRUCT(ServerOut, (), (enabled, url, hostKeys))

struct KeyIn {
  std::string key;
  std::optional<std::string> title;
  std::optional<bool> write;
};
BOOST_DESCRIBE_STRUCT(KeyIn, (), (key, title, write))

struct KeyOut {
  std::string id, title, type, fingerprint, key, createdAt;
  std::optional<std::string> lastUsedAt;
  std::optional<bool> write;  ///< Deploy keys.
};
BOOST_DESCRIBE_STRUCT(KeyOut, (), (id, title, type, fingerprint, key, createdAt, lastUsedAt, write))

/// One of both.
struct LoginIn {
  std::optional<std::string> key;  ///< base64 of the wire's form.
  std::optional<std::string> fingerprint;
};
BOOST_DESCRIBE_STRUCT(LoginIn, (), (key, fingerprint))
struct LoginOut {
  std::string account, fingerprint;
};
BOOST_DESCRIBE_STRUCT(LoginOut, (), (account, fingerprint))

struct LfsTicketOut {
  std::string ticket;
  std::int64_t expiresIn = 0;
  std::string hub;  ///< The URL to go on at.
};
BOOST_DESCRIBE_STRUCT(LfsTicketOut, (), (ticket, expiresIn, hub))

account::Actor actor_of(const http::Request& request) {
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : account::Actor::anonymous();
}

KeyOut encode(const keys::Key& key) {
  KeyOut out{key.public_id.hex,          key.title, key.type, key.fingerprint, key.text,
             to_rfc3339(key.created_at), {},        {}};
  if (key.last_used_at) out.lastUsedAt = to_rfc3339(*key.last_used_at);
  if (key.repo) out.write = key.may_write;
  return out;
}

http::Response encode(const std::vector<keys::Key>& list) {
  std::vector<KeyOut> out;
  for (const auto& key : list) out.push_back(encode(key));
  return http::json(200, to_json(out));
}

keys::NewKey decode(KeyIn in) {
  return {in.title.value_or(""), std::move(in.key), in.write.value_or(false)};
}

// ---- Who asks ----

Task<Result<>> set_holder(http::Request& request, Task<Result<keys::Holder>> recognized) {
  CAIRN_CO_TRY(holder, co_await std::move(recognized));
  auto actor = std::move(holder.actor);
  actor.address = request.remote_address();
  // The server's process says where its client is; nobody else reaches the socket with its secret.
  if (auto from = request.header("X-Cairn-Client"); !from.empty() && request.peer_uid())
    actor.address = from.substr(0, 100);
  actor.user_agent = request.header("User-Agent").substr(0, 300);
  actor.request_id = request.id();
  request.set_actor_label("user:" + actor.user_name);
  request.set_context(std::move(actor));
  co_return Result<>{};
}

Task<Result<std::optional<http::Response>>> recognize(Services& services, http::Request& request) {
  auto header = request.header("Authorization");
  if (header.starts_with(ticket_scheme)) {
    if (!request.route() || !request.route()->operation.starts_with("lfs."))
      co_return std::unexpected(account::bad_credentials());
    auto opened = services.keys.open_lfs_ticket(std::string(header.substr(ticket_scheme.size())));
    CAIRN_CO_CHECK(co_await set_holder(request, std::move(opened)));
    co_return std::optional<http::Response>{};
  }
  if (!header.starts_with(server_scheme) || !request.peer_uid() || services.secret.empty())
    co_return std::optional<http::Response>{};
  auto rest = header.substr(server_scheme.size());
  auto space = std::min(rest.find(' '), rest.size());
  if (!equal_constant_time(rest.substr(0, space), services.secret))
    co_return std::unexpected(account::bad_credentials());
  if (space == rest.size()) {
    request.set_context(FromServer{});
    request.set_context(account::Actor::anonymous());
    request.set_actor_label("ssh");
    co_return std::optional<http::Response>{};
  }
  auto known = services.keys.recognize(std::string(rest.substr(space + 1)));
  CAIRN_CO_CHECK(co_await set_holder(request, std::move(known)));
  co_return std::optional<http::Response>{};
}

/// To everybody else these routes do not exist.
Result<> check_from_server(const http::Request& request) {
  if (request.context<FromServer>()) return {};
  return fail(ErrorCode::not_found, "NotFound", "Nothing is here.");
}

// ---- Handlers ----

Task<Result<http::Response>> tell_server(Services& services, http::Request&) {
  ServerOut out;
  auto port = services.port();
  out.enabled = port != 0 || !services.ssh_url.empty();
  for (const auto& key : services.host_keys)
    out.hostKeys.push_back({key.type, key.fingerprint(), key.text()});
  if (!services.ssh_url.empty()) {
    out.url = services.ssh_url;
  } else if (out.enabled) {
    std::string host = services.public_url.substr(services.public_url.find("://") + 3);
    host = host.substr(0, host.find('/'));
    if (auto colon = host.rfind(':'); colon != host.npos && !host.ends_with(']'))
      host.resize(colon);
    out.url = "ssh://git@" + host + (port == 22 ? "" : ":" + std::to_string(port)) + "/";
  }
  co_return http::json(200, out);
}

Task<Result<http::Response>> list_own(Services& services, http::Request& request) {
  CAIRN_CO_TRY(list, co_await services.keys.list(actor_of(request)));
  co_return encode(list);
}

Task<Result<http::Response>> add_own(Services& services, http::Request& request) {
  CAIRN_CO_TRY(in, co_await request.read_json<KeyIn>());
  CAIRN_CO_TRY(key, co_await services.keys.add(actor_of(request), decode(std::move(in))));
  co_return http::json(201, encode(key));
}

Task<Result<http::Response>> remove_own(Services& services, http::Request& request) {
  CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
  CAIRN_CO_CHECK(co_await services.keys.remove(actor_of(request), id));
  co_return http::empty(204);
}

Task<Result<repo::RepoRef>> repo_of(Services& services, http::Request& request, RepoKind kind) {
  std::string name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
  co_return co_await repo::administered(services.repos, actor_of(request), kind, std::move(name));
}

Task<Result<http::Response>> list_deploy(Services& services, http::Request& request,
                                         RepoKind kind) {
  CAIRN_CO_TRY(repo, co_await repo_of(services, request, kind));
  CAIRN_CO_TRY(list, co_await services.keys.list(repo));
  co_return encode(list);
}

Task<Result<http::Response>> add_deploy(Services& services, http::Request& request, RepoKind kind) {
  CAIRN_CO_TRY(in, co_await request.read_json<KeyIn>());
  CAIRN_CO_TRY(repo, co_await repo_of(services, request, kind));
  CAIRN_CO_TRY(key, co_await services.keys.add(actor_of(request), repo, decode(std::move(in))));
  co_return http::json(201, encode(key));
}

Task<Result<http::Response>> remove_deploy(Services& services, http::Request& request,
                                           RepoKind kind) {
  CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
  CAIRN_CO_TRY(repo, co_await repo_of(services, request, kind));
  CAIRN_CO_CHECK(co_await services.keys.remove(repo, id));
  co_return http::empty(204);
}

Task<Result<http::Response>> log_in(Services& services, http::Request& request) {
  CAIRN_CO_CHECK(check_from_server(request));
  CAIRN_CO_TRY(in, co_await request.read_json<LoginIn>(64u << 10));
  std::string fingerprint = in.fingerprint.value_or("");
  if (in.key) {
    CAIRN_CO_TRY(blob, base64_decode(*in.key));
    CAIRN_CO_TRY(key, cairn::ssh::parse_key_blob(blob));
    fingerprint = key.fingerprint();
  }
  // Offering a key proves nothing yet: it counts as used when something is done with it.
  CAIRN_CO_TRY(holder, co_await services.keys.recognize(fingerprint, keys::Use::offered));
  co_return http::json(200, LoginOut{std::move(holder.label), std::move(fingerprint)});
}

Task<Result<http::Response>> lfs_ticket(Services& services, http::Request& request) {
  CAIRN_CO_CHECK(check_from_server(request));
  auto fingerprint = request.query("fingerprint").value_or("");
  CAIRN_CO_CHECK(co_await services.keys.recognize(std::string(fingerprint)));
  co_return http::json(200, LfsTicketOut{services.keys.lfs_ticket(fingerprint),
                                         keys::Keys::lfs_ticket_seconds, services.public_url});
}

using Handle = Task<Result<http::Response>> (*)(Services&, http::Request&);
http::Handler bind(Services& services, Handle handle) {
  return [&services, handle](http::Request& request) { return handle(services, request); };
}
using RepoHandle = Task<Result<http::Response>> (*)(Services&, http::Request&, RepoKind);
http::Handler bind(Services& services, RepoHandle handle, RepoKind kind) {
  return
      [&services, handle, kind](http::Request& request) { return handle(services, request, kind); };
}

void add_deploy_routes(http::Router& router, Services& services, RepoKind kind) {
  std::string path = "/api/-/v1/" + std::string(repo::plural(kind)) + "/{ns}/{name}/deploy-keys";
  std::string word(to_string(kind));
  router.add({.method = http::Method::get,
              .pattern = path,
              .operation = "deploy_key.list." + word,
              .summary = "SSH keys that open this repository alone.",
              .scope = "read",
              .access = "repo.administer",
              .handler = bind(services, list_deploy, kind),
              .response_schema = json_schema<std::vector<KeyOut>>()});
  router.add({.method = http::Method::post,
              .pattern = path,
              .operation = "deploy_key.add." + word,
              .summary = "Adds an SSH key that reads, or also writes, this repository.",
              .scope = "write",
              .access = "repo.administer",
              .handler = bind(services, add_deploy, kind),
              .request_schema = json_schema<KeyIn>(),
              .response_schema = json_schema<KeyOut>(),
              .asks_password = true});
  router.add({.method = http::Method::delete_,
              .pattern = path + "/{id}",
              .operation = "deploy_key.remove." + word,
              .summary = "Removes an SSH key of this repository.",
              .scope = "write",
              .access = "repo.administer",
              .handler = bind(services, remove_deploy, kind)});
}

}  // namespace

void add_authentication(http::Router& router, Services& services) {
  router.before([&services](http::Request& request) { return recognize(services, request); });
}

void add_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/ssh",
              .operation = "ssh.describe",
              .summary = "Where git finds this hub over SSH, and the hub's host keys.",
              .access = "everyone",
              .handler = bind(services, tell_server),
              .response_schema = json_schema<ServerOut>()});
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/ssh/keys",
              .operation = "ssh_key.list",
              .summary = "One's own SSH keys.",
              .scope = "read",
              .access = "account",
              .handler = bind(services, list_own),
              .response_schema = json_schema<std::vector<KeyOut>>()});
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/ssh/keys",
              .operation = "ssh_key.add",
              .summary = "Adds an SSH key to one's account.",
              .scope = "write",
              .access = "account",
              .handler = bind(services, add_own),
              .request_schema = json_schema<KeyIn>(),
              .response_schema = json_schema<KeyOut>(),
              .asks_password = true});
  router.add({.method = http::Method::delete_,
              .pattern = "/api/-/v1/ssh/keys/{id}",
              .operation = "ssh_key.remove",
              .summary = "Removes one of one's own SSH keys.",
              .scope = "write",
              .access = "account",
              .handler = bind(services, remove_own)});
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/ssh/login",
              .operation = "ssh.login",
              .summary = "Whose key this is: for the hub's SSH server alone.",
              .access = "proof",
              .handler = bind(services, log_in),
              .request_schema = json_schema<LoginIn>(),
              .response_schema = json_schema<LoginOut>()});
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/ssh/lfs-ticket",
              .operation = "ssh.lfs_ticket",
              .summary = "Lets git-lfs go on over HTTP: for the hub's SSH server alone.",
              .access = "proof",
              .handler = bind(services, lfs_ticket),
              .response_schema = json_schema<LfsTicketOut>(),
              .query = {{.name = "fingerprint", .description = "Of the key that logged in."}}});
  for (RepoKind kind : {RepoKind::model, RepoKind::dataset, RepoKind::space, RepoKind::kernel})
    add_deploy_routes(router, services, kind);
  add_gpg_routes(router, services);
}

}  // namespace cairn::api::ssh
