#include "api/lfs/locks.h"

#include "api/lfs/lfs.h"
#include "api/lfs/wire.h"
#include "base/text.h"

namespace cairn::api::lfs {
namespace {

struct LockIn {
  std::string path;
  std::optional<BatchRef> ref;
};
BOOST_DESCRIBE_STRUCT(LockIn, (), (path, ref))

struct VerifyIn {
  std::optional<BatchRef> ref;
  std::optional<std::string> cursor;
  std::optional<std::int64_t> limit;
};
BOOST_DESCRIBE_STRUCT(VerifyIn, (), (ref, cursor, limit))

struct UnlockIn {
  std::optional<bool> force;
  std::optional<BatchRef> ref;
};
BOOST_DESCRIBE_STRUCT(UnlockIn, (), (force, ref))

LockOut encode(const locks::Lock& lock) {
  return {lock.id.hex, lock.path, to_rfc3339(lock.locked_at), {lock.owner}};
}

account::Actor actor_of(const http::Request& request) {
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : account::Actor::anonymous();
}

using Answer = Task<Result<http::Response>>;
using Handle = Answer (*)(LockServices&, http::Request&, repo::RepoRef);

Answer create(LockServices& services, http::Request& request, repo::RepoRef repo) {
  CAIRN_CO_TRY(in, co_await request.read_json<LockIn>());
  CAIRN_CO_TRY(asked, co_await services.locks.lock(actor_of(request), repo, in.path));
  OneLock out{encode(asked.lock), {}};
  if (asked.made) co_return json_response(201, to_json(out));
  out.message = "\"" + asked.lock.path + "\" is locked by " + asked.lock.owner + " already.";
  co_return json_response(409, to_json(out));
}

Answer list(LockServices& services, http::Request& request, repo::RepoRef repo) {
  locks::Query query;
  if (auto path = request.query("path"); path && !path->empty()) query.path = *path;
  if (auto id = request.query("id"); id && !id->empty()) {
    CAIRN_CO_TRY(parsed, parse_public_id(*id));
    query.id = parsed;
  }
  if (auto cursor = request.query("cursor"); cursor && !cursor->empty()) query.after = *cursor;
  if (auto limit = parse_int(request.query("limit").value_or("")))
    query.limit = static_cast<int>(std::clamp<std::int64_t>(*limit, 1, locks::limit_max));
  CAIRN_CO_TRY(page, co_await services.locks.list(repo, query));
  LockList out;
  for (const auto& lock : page.locks) out.locks.push_back(encode(lock));
  out.next_cursor = page.next;
  co_return json_response(200, to_json(out));
}

/// Asked before each push: which locks are one's own, and which are in the way.
Answer verify(LockServices& services, http::Request& request, repo::RepoRef repo) {
  CAIRN_CO_TRY(in, co_await request.read_json<VerifyIn>());
  locks::Query query;
  if (in.cursor && !in.cursor->empty()) query.after = in.cursor;
  if (in.limit)
    query.limit = static_cast<int>(std::clamp<std::int64_t>(*in.limit, 1, locks::limit_max));
  CAIRN_CO_TRY(page, co_await services.locks.list(repo, query));
  VerifyOut out;
  auto user = actor_of(request).user;
  for (const auto& lock : page.locks)
    (lock.user == user ? out.ours : out.theirs).push_back(encode(lock));
  out.next_cursor = page.next;
  co_return json_response(200, to_json(out));
}

Answer unlock(LockServices& services, http::Request& request, repo::RepoRef repo) {
  CAIRN_CO_TRY(in, co_await request.read_json<UnlockIn>());
  CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
  CAIRN_CO_TRY(
      gone, co_await services.locks.unlock(actor_of(request), repo, id, in.force.value_or(false)));
  co_return json_response(200, to_json(OneLock{encode(gone), {}}));
}

Answer with_repo(LockServices& services, http::Request& request, RepoKind kind,
                 access::Action action, Handle handle) {
  std::string name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
  CAIRN_CO_TRY(found, co_await services.repos.find(actor_of(request), kind, name, action));
  if (found.moved) {
    auto path = std::string(request.path());
    auto rest = path.find(".git/info/lfs/");
    auto location =
        "/" + std::string(repo::url_prefix(kind)) + found.repo->name + path.substr(rest);
    if (!request.query_string().empty()) location += "?" + std::string(request.query_string());
    co_return http::redirect(307, std::move(location));
  }
  co_return co_await handle(services, request, found.repo);
}

}  // namespace

void add_lock_routes(http::Router& router, LockServices& services) {
  using http::Method;
  auto add = [&](RepoKind kind, Method method, std::string_view suffix, std::string_view word,
                 std::string summary, access::Action action, Handle handle,
                 std::optional<json::value> in, json::value out) {
    router.add({.method = method,
                .pattern = "/" + std::string(repo::url_prefix(kind)) + "{ns}/{name}.git/info/lfs/" +
                           std::string(suffix),
                .operation = "lfs." + std::string(word) + "." + std::string(to_string(kind)),
                .summary = std::move(summary),
                .scope = action == access::Action::write ? "write" : "read",
                .access = "repo." + std::string(access::to_string(action)),
                .handler =
                    [&services, kind, action, handle](http::Request& request) {
                      return with_repo(services, request, kind, action, handle);
                    },
                .request_schema = std::move(in),
                .response_schema = std::move(out),
                .encode_error = encode_error});
  };
  using access::Action;
  for (RepoKind kind : {RepoKind::model, RepoKind::dataset, RepoKind::space, RepoKind::kernel}) {
    add(kind, Method::post, "locks", "lock", "Locks a path.", Action::write, create,
        json_schema<LockIn>(), json_schema<OneLock>());
    add(kind, Method::get, "locks", "locks", "Locked paths.", Action::read_content, list, {},
        json_schema<LockList>());
    add(kind, Method::post, "locks/verify", "verify_locks",
        "One's own locks, and those of others, before a push.", Action::write, verify,
        json_schema<VerifyIn>(), json_schema<VerifyOut>());
    add(kind, Method::post, "locks/{id}/unlock", "unlock", "Removes a lock.", Action::write, unlock,
        json_schema<UnlockIn>(), json_schema<OneLock>());
  }
}

}  // namespace cairn::api::lfs
