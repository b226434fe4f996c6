#include "api/hub/open.h"

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
  bool api = path.starts_with("/api/");
  std::string front = api ? "/api/" + std::string(repo::plural(kind)) + "/"
                          : "/" + std::string(repo::url_prefix(kind));
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

/// The other thing that "/{ns}/{name}" may be: an old name of a single segment, with the next part
/// of the path taken for the repository's. In "/datasets/squad/resolve/…" it is the second.
struct OldName {
  RepoKind kind;
  std::string name;
};
OldName old_name_of(const http::Request& request, RepoKind kind) {
  std::string first(request.param("ns"));
  if (kind == RepoKind::model && !request.path().starts_with("/api/"))
    for (RepoKind other : all_kinds)
      if (other != kind && repo::url_prefix(other) == first + "/")
        return {other, std::string(request.param("name"))};
  return {kind, std::move(first)};
}

/// 307 where the name leads, or an error with the word "NotFound".
Task<Result<http::Response>> redirect_old_name(Services& services, http::Request& request,
                                               account::Actor actor, OldName old) {
  auto found = co_await services.repos.find(actor, old.kind, old.name, access::Action::see);
  if (!found || !found->moved)
    co_return fail(ErrorCode::not_found, "NotFound", "Nothing is at this address.");
  co_return http::redirect(307, moved_location(request, old.kind, old.name, found->repo->name));
}

}  // namespace

http::Handler on_old_name(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) {
    return redirect_old_name(services, request, actor_of(request),
                             {kind, std::string(request.param("name"))});
  });
}

http::Handler on_repo(Services& services, RepoKind kind, access::Action action,
                      RepoHandler handler) {
  auto call = [&services, kind, action, handler = std::move(handler)](
                  http::Request& request) -> Task<Result<http::Response>> {
    account::Actor actor = actor_of(request);
    std::string name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
    auto found = services.repos.cached_find(actor, kind, name, action);
    if (!found) found = co_await services.repos.find(actor, kind, name, action);
    if (!*found && found->error().word == "RepoNotFound") {
      auto moved = co_await redirect_old_name(services, request, actor, old_name_of(request, kind));
      if (moved) co_return std::move(*moved);
    }
    if (!*found) co_return std::unexpected(std::move(*found).error());
    if ((*found)->moved)
      co_return http::redirect(307, moved_location(request, kind, name, (*found)->repo->name));
    co_return co_await handler(request, std::move(actor), (*found)->repo);
  };
  return http::Handler(std::move(call));
}

std::string api_path(RepoKind kind, std::string_view suffix) {
  return "/api/" + std::string(repo::plural(kind)) + "/{ns}/{name}" + std::string(suffix);
}

std::string web_path(RepoKind kind, std::string_view suffix) {
  return "/" + std::string(repo::url_prefix(kind)) + "{ns}/{name}" + std::string(suffix);
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
  add_tree_routes(router, services);
  add_ref_routes(router, services);
  add_resolve_routes(router, services);
  add_upload_routes(router, services);
}

}  // namespace cairn::api::hub
