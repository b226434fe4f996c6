#include "api/hub/open.h"

namespace cairn::api::hub {
namespace {

struct RestoreIn {
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(RestoreIn, (), (name))

json::object deleted_json(const repo::Repo& repo) {
  json::object out{{"_id", repo.public_id.hex},
                   {"id", repo.name},
                   {"type", json::string_view(to_string(repo.kind))},
                   {"visibility", json::string_view(to_string(repo.visibility))},
                   {"storage", repo.storage_bytes}};
  if (repo.deleted_at) out["deletedAt"] = to_rfc3339(*repo.deleted_at);
  if (repo.purge_at) out["restorableUntil"] = to_rfc3339(*repo.purge_at);
  return out;
}

http::Handler list_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    auto actor = actor_of(request);
    std::string owner(request.query("owner").value_or(actor.user_name));
    if (owner.empty())
      co_return fail(ErrorCode::unauthenticated, "Unauthenticated",
                     "Sign in, or send an access token, to see your deleted repositories.");
    CAIRN_CO_TRY(repos, co_await services.repos.deleted(actor, owner));
    json::array out;
    for (const auto& repo : repos) out.push_back(deleted_json(repo));
    co_return http::json(200, json::value(std::move(out)));
  });
}

http::Handler restore_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_all());
    RestoreIn in;
    if (!body.empty()) {
      CAIRN_CO_TRY(given, parse_json_as<RestoreIn>(body));
      in = std::move(given);
    }
    PublicId id{std::string(request.param("id"))};
    CAIRN_CO_TRY(repo, co_await services.repos.restore(actor_of(request), id, in.name));
    co_return http::json(
        200, json::value(json::object{
                 {"_id", repo->public_id.hex},
                 {"id", repo->name},
                 {"type", json::string_view(to_string(repo->kind))},
                 {"url", repo::repo_url(services.public_url, repo->kind, repo->name)}}));
  });
}

}  // namespace

void add_deleted_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/deleted-repositories",
              .operation = "repo.deleted",
              .summary = "An owner's deleted repositories that can still be restored.",
              .scope = "read",
              .access = "owner.manage",
              .handler = list_handler(services)});
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/deleted-repositories/{id}/restore",
              .operation = "repo.restore",
              .summary = "Bring a deleted repository back, under another name if need be.",
              .scope = "write",
              .access = "repo.restore",
              .handler = restore_handler(services),
              .request_schema = json_schema<RestoreIn>()});
}

}  // namespace cairn::api::hub
