#include "api/hub/open.h"

#include "api/hub/lists.h"
#include "base/text.h"

namespace cairn::api::hub {

const account::Actor& actor_of(const http::Request& request) {
  static const account::Actor nobody = account::Actor::anonymous();
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : nobody;
}

std::string moved_location(const http::Request& request, RepoKind kind, std::string_view old_name,
                           std::string_view new_name) {
  // The path stays encoded as it came: only the segments of the name change.
  std::string path(request.path());
  std::string front = "/" + std::string(repo::url_prefix(kind));
  for (std::string_view api : {"/api/resolve-cache/", "/api/"}) {
    if (!path.starts_with(api)) continue;
    front = std::string(api) + std::string(repo::plural(kind)) + "/";
    break;
  }
  std::size_t segments = old_name.find('/') == old_name.npos ? 1 : 2;
  std::size_t end = front.size();
  for (std::size_t i = 0; i < segments && end != path.npos; ++i)
    end = path.find('/', end + (i ? 1 : 0));
  std::string location = front + std::string(new_name);
  if (end != path.npos) location += path.substr(end);
  if (!request.query_string().empty()) location += "?" + std::string(request.query_string());
  return location;
}

namespace {

struct OldName {
  RepoKind kind;
  std::string name;
};
/// What "{ns}" and "{name}" may be when they are no repository: an alias, and the next part of the
/// path. Pages of other kinds than models ("/datasets/squad/resolve/…") look like a model's.
OldName old_name_of(const http::Request& request, RepoKind kind) {
  std::string first(request.param("ns"));
  if (kind == RepoKind::model && !request.path().starts_with("/api/"))
    for (RepoKind other : all_kinds)
      if (repo::url_prefix(other) == first + "/")
        return {other, std::string(request.param("name"))};
  return {kind, std::move(first)};
}

/// Empty when it is no old name, or leads to what the actor may not see.
Task<std::optional<http::Response>> redirect_old_name(Services& services, http::Request& request,
                                                      account::Actor actor, OldName old) {
  if (old.name.empty()) co_return std::nullopt;
  auto found = co_await services.repos.find(actor, old.kind, old.name, access::Action::see);
  if (!found || !found->moved) co_return std::nullopt;
  co_return http::redirect(307, moved_location(request, old.kind, old.name, found->repo->name));
}

}  // namespace

http::Handler on_repo(Services& services, RepoKind kind, access::Action action,
                      RepoHandler handler) {
  auto call = [&services, kind, action, handler = std::move(handler)](
                  http::Request& request) -> Task<Result<http::Response>> {
    account::Actor actor = actor_of(request);
    std::string name(request.param("ns"));
    name += (name.empty() ? "" : "/") + std::string(request.param("name"));
    auto found = services.repos.cached_find(actor, kind, name, action);
    if (!found) found = co_await services.repos.find(actor, kind, name, action);
    if (!*found && found->error().word == "RepoNotFound")
      if (auto moved =
              co_await redirect_old_name(services, request, actor, old_name_of(request, kind)))
        co_return std::move(*moved);
    if (!*found) co_return std::unexpected(std::move(*found).error());
    if ((*found)->moved)
      co_return http::redirect(307, moved_location(request, kind, name, (*found)->repo->name));
    co_return co_await handler(request, std::move(actor), (*found)->repo);
  };
  http::Handler out(std::move(call));
  out.access = "repo." + std::string(access::to_string(action));
  return out;
}

std::string api_path(RepoKind kind, std::string_view suffix) {
  return "/api/" + std::string(repo::plural(kind)) + "/{ns}/{name}" + std::string(suffix);
}

std::string web_path(RepoKind kind, std::string_view suffix) {
  return "/" + std::string(repo::url_prefix(kind)) + "{ns}/{name}" + std::string(suffix);
}

void add_alias_route(http::Router& router, Services& services, RepoKind kind, http::Method method,
                     std::string_view suffix) {
  // Reached for an alias alone: what it leads to has been checked, nothing else has such a name.
  auto nothing = [](http::Request&, account::Actor actor,
                    repo::RepoRef) -> Task<Result<http::Response>> {
    co_return fail(access::hidden(actor));
  };
  std::string word(suffix.substr(1, suffix.find('/', 1) - 1));
  router.add(
      {.method = method,
       .pattern = "/api/" + std::string(repo::plural(kind)) + "/{name}" + std::string(suffix),
       .operation = "repo.alias." + word,
       .summary = "Redirects an old single-segment name.",
       .body_bytes_max = http::body_unlimited,
       .handler = on_repo(services, kind, access::Action::see, nothing),
       .last_resort = true});
}

Result<int> limit_of(const http::Request& request, int standard, int max) {
  auto text = request.query("limit");
  if (!text || text->empty()) return standard;
  auto value = parse_int(*text);
  if (!value || *value < 1)
    return fail(ErrorCode::invalid_argument, "InvalidQuery",
                "\"limit\" must be a whole number of at least 1.");
  return static_cast<int>(std::min<std::int64_t>(*value, max));
}

void add_next_link(http::Response& response, const http::Request& request, const Services& services,
                   const std::string& cursor) {
  std::string url = services.public_url + std::string(request.path()) + "?";
  for (const auto& [name, value] : request.query_pairs())
    if (name != "cursor" && name != "p")
      url += percent_encode(name) + "=" + percent_encode(value) + "&";
  url += "cursor=" + percent_encode(cursor);
  response.headers.add("Link", "<" + url + ">; rel=\"next\"");
}

void add_routes(http::Router& router, Services& services) {
  router.encode_errors(encode_error);
  add_identity_routes(router, services);
  add_repo_routes(router, services);
  add_info_routes(router, services);
  add_list_routes(router, services);
  add_discover_routes(router, services);
  add_tree_routes(router, services);
  add_ref_routes(router, services);
  add_resolve_routes(router, services);
  add_upload_routes(router, services);
  add_xet_routes(router, services);
  add_discussion_routes(router, services);
  add_like_routes(router, services);
  add_request_routes(router, services);
  add_people_routes(router, services);
  add_activity_routes(router, services);
  add_operation_routes(router, services);
  add_large_file_routes(router, services);
  add_space_value_routes(router, services);
  add_deleted_routes(router, services);
  add_compare_routes(router, services);
  using http::Method;
  for (RepoKind kind : all_kinds) {
    for (const char* suffix :
         {"/revision/{rest...}", "/tree/{rest...}", "/commits/{rest...}", "/treesize/{rest...}",
          "/auth-check/{rest...}", "/xet-read-token/{rest...}", "/xet-write-token/{rest...}"})
      add_alias_route(router, services, kind, Method::get, suffix);
    for (const char* suffix : {"/paths-info/{rest...}", "/preupload/{rest...}", "/commit/{rest...}",
                               "/branch/{rest...}", "/tag/{rest...}"})
      add_alias_route(router, services, kind, Method::post, suffix);
    for (const char* suffix : {"/branch/{rest...}", "/tag/{rest...}"})
      add_alias_route(router, services, kind, Method::delete_, suffix);
    add_alias_route(router, services, kind, Method::put, "/settings");
    for (Method method : {Method::get, Method::post, Method::delete_})
      add_alias_route(router, services, kind, method, "/discussions/{rest...}");
  }
}

}  // namespace cairn::api::hub
