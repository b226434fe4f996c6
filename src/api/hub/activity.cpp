#include "api/hub/open.h"
#include "base/text.h"

// What happened lately, for pages of this hub.
namespace cairn::api::hub {
namespace {

struct SeenIn {
  std::string until;
};
BOOST_DESCRIBE_STRUCT(SeenIn, (), (until))

Failure invalid_id(std::string_view name) {
  return fail(ErrorCode::invalid_argument, "InvalidQuery",
              "`" + std::string(name) + "` is the id of an event.");
}

Result<community::ActivityQuery> query_of(const http::Request& request) {
  community::ActivityQuery query;
  CAIRN_TRY(limit, limit_of(request, 50, 100));
  query.limit = limit;
  if (auto before = request.query("cursor")) {
    query.before = parse_int(*before);
    if (!query.before) return invalid_id("cursor");
  }
  return query;
}

json::object event_json(const community::Activity& in) {
  json::object out{{"id", std::to_string(in.id)},
                   {"type", in.type},
                   {"time", to_rfc3339(in.time)},
                   {"repo", json::object{{"type", json::string_view(to_string(in.repo_kind))},
                                         {"name", in.repo}}},
                   {"data", in.data}};
  if (!in.actor.empty()) out["actor"] = json::object{{"name", in.actor}};
  return out;
}

http::Response page_response(Services& services, const http::Request& request,
                             const community::ActivityPage& page) {
  json::array events;
  for (const auto& event : page.events) events.push_back(event_json(event));
  json::object out{{"events", std::move(events)}};
  if (page.seen) out["seenUntil"] = std::to_string(*page.seen);
  auto response = http::json(200, json::value(std::move(out)));
  if (page.next) add_next_link(response, request, services, std::to_string(*page.next));
  return response;
}

http::Handler repo_handler(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) -> Task<Result<http::Response>> {
    auto actor = actor_of(request);
    auto name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
    CAIRN_CO_TRY(query, query_of(request));
    CAIRN_CO_TRY(found, co_await services.repos.find(actor, kind, name, access::Action::see));
    CAIRN_CO_TRY(page, co_await services.community.activity.of_repo(actor, found.repo, query));
    co_return page_response(services, request, page);
  });
}

}  // namespace

void add_activity_routes(http::Router& router, Services& services) {
  auto add = [&](std::string pattern, std::string operation, std::string access,
                 std::string summary, http::Handler handler) {
    router.add({.method = http::Method::get,
                .pattern = std::move(pattern),
                .operation = std::move(operation),
                .summary = std::move(summary),
                .access = std::move(access),
                .handler = std::move(handler)});
  };
  const std::string base = "/api/-/v1/activity/";
  for (RepoKind kind : all_kinds)
    add(base + std::string(repo::plural(kind)) + "/{ns}/{name}", "activity.repo", "repo.see",
        "What happened in a repository, newest first.", repo_handler(services, kind));
  auto of_owner = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(query, query_of(request));
    CAIRN_CO_TRY(page, co_await services.community.activity.of_owner(
                           actor_of(request), std::string(request.param("owner")), query));
    co_return page_response(services, request, page);
  };
  add(base + "owners/{owner}", "activity.owner", "everyone",
      "What happened in the repositories of a user or organization.", of_owner);
  auto mine = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(query, query_of(request));
    CAIRN_CO_TRY(page, co_await services.community.activity.mine(actor_of(request), query));
    co_return page_response(services, request, page);
  };
  add(base + "mine", "activity.mine", "signed_in",
      "What happened in one's own repositories and those of one's organizations.", mine);
  auto seen = [&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<SeenIn>());
    auto until = parse_int(in.until);
    if (!until || *until < 0) co_return invalid_id("until");
    CAIRN_CO_CHECK(co_await services.community.activity.set_seen(actor_of(request), *until));
    co_return http::json(200, json::value(json::object{{"success", true}}));
  };
  router.add({.method = http::Method::post,
              .pattern = base + "seen",
              .operation = "activity.seen",
              .summary = "Remembers until which event one has looked.",
              .scope = "write",
              .access = "signed_in",
              .handler = seen,
              .request_schema = json_schema<SeenIn>()});
}

}  // namespace cairn::api::hub
