#include <algorithm>
#include <charconv>

#include "api/hub/encode.h"
#include "api/hub/lists.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

Failure invalid_query(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidQuery", std::move(message));
}

constexpr RepoKind searched_kinds[] = {RepoKind::model, RepoKind::dataset, RepoKind::space};
constexpr std::size_t word_bytes_max = 256;

// ---- Quick search ------------------------------------------------------------------------------

struct QuickSearch {
  std::string q;
  std::optional<int> limit;
  std::vector<std::string> type;
};
BOOST_DESCRIBE_STRUCT(QuickSearch, (), (q, limit, type))

constexpr std::string_view quick_types[] = {"model", "dataset", "space",      "org",
                                            "user",  "paper",   "collection", "bucket"};

Result<QuickSearch> quick_search_of(const http::Request& request) {
  QuickSearch out;
  out.q = std::string(request.query("q").value_or(""));
  CAIRN_TRY(limit, limit_of(request, 3, 20));
  out.limit = limit;
  for (auto value : request.query_all("type"))
    for (auto word : split(value, ','))
      if (!word.empty()) out.type.emplace_back(word);
  return out;
}

json::object quick_repo(const repo::Info& info) {
  const auto& repo = *info.repo;
  json::object out{{"_id", repo.public_id.hex},
                   {"id", repo.name},
                   {"private", repo.visibility == Visibility::private_},
                   {"likes", repo.likes},
                   {"trendingWeight", repo.trending_score}};
  if (repo.kind != RepoKind::space) out["downloads"] = repo.downloads;
  if (!info.card->fields.pipeline_tag.empty()) out["pipeline_tag"] = info.card->fields.pipeline_tag;
  return out;
}

json::object quick_owner(const Services& services, const account::Owner& owner) {
  std::string avatar = avatar_url(services, owner);
  bool is_user = owner.kind == OwnerKind::user;
  return {{"_id", owner.public_id.hex},
          {is_user ? "user" : "name", owner.name},
          {"fullname", owner.full_name},
          {"avatarUrl", std::move(avatar)}};
}

Task<Result<json::object>> quick_search(Services& services, account::Actor actor,
                                        QuickSearch wanted) {
  auto asked = [&](std::string_view type) {
    return wanted.type.empty() || std::ranges::find(wanted.type, type) != wanted.type.end();
  };
  int limit = std::clamp(wanted.limit.value_or(3), 1, 20);
  json::object out{{"q", wanted.q}};
  for (RepoKind kind : searched_kinds) {
    if (!asked(to_string(kind))) continue;
    std::string plural(repo::plural(kind));
    json::array items;
    std::int64_t total = 0;
    if (!wanted.q.empty()) {
      repo::ListQuery query{.kind = kind, .search = {wanted.q}, .limit = limit};
      CAIRN_CO_TRY(found, co_await services.repos.suggest(actor, std::move(query)));
      total = found.total;
      for (const auto& info : found.repos) items.push_back(quick_repo(info));
    }
    out[plural] = std::move(items);
    out[plural + "Count"] = total;
  }
  struct OwnersOf {
    OwnerKind kind;
    std::string_view type, list;
  };
  for (const auto& [kind, type, list] : {OwnersOf{OwnerKind::organization, "org", "orgs"},
                                         OwnersOf{OwnerKind::user, "user", "users"}}) {
    if (!asked(type)) continue;
    auto read = [kind, q = wanted.q, limit](db::Tx& tx) -> Result<std::vector<account::Owner>> {
      return account::owners_beginning_with(tx, kind, q, limit);
    };
    json::array items;
    if (!wanted.q.empty()) {
      CAIRN_CO_TRY(found, co_await services.database.read(read));
      for (const auto& owner : found) items.push_back(quick_owner(services, owner));
    }
    out[std::string(list) + "Count"] = items.size();
    out[list] = std::move(items);
  }
  // What this hub does not have.
  for (const auto& [type, list] :
       {std::pair("paper", "papers"), std::pair("collection", "collections"),
        std::pair("bucket", "buckets")})
    if (asked(type)) out[list] = json::array();
  co_return out;
}

Result<> check_quick_search(const QuickSearch& wanted) {
  if (wanted.q.size() > word_bytes_max || !is_valid_utf8(wanted.q) || wanted.q.contains('\0'))
    return invalid_query("\"q\" is a text of at most 256 bytes.");
  for (const auto& type : wanted.type)
    if (std::ranges::find(quick_types, type) == std::end(quick_types))
      return invalid_query(
          "\"type\" must be one of model, dataset, space, org, user, paper, collection, bucket.");
  return {};
}

http::Handler quick_search_handler(Services& services, bool in_body) {
  return http::Handler(
      [&services, in_body](http::Request& request) -> Task<Result<http::Response>> {
        CAIRN_CO_TRY(wanted, quick_search_of(request));
        if (in_body) {
          CAIRN_CO_TRY(body, co_await request.read_json<QuickSearch>());
          wanted = std::move(body);
        }
        CAIRN_CO_CHECK(check_quick_search(wanted));
        CAIRN_CO_TRY(out, co_await quick_search(services, actor_of(request), std::move(wanted)));
        co_return http::json(200, json::value(std::move(out)));
      });
}

// ---- Trending ----------------------------------------------------------------------------------

json::object trending_json(const Services& services, const repo::Info& info) {
  const auto& repo = *info.repo;
  auto data = item_json(services, info, ItemShape{.expand = {}, .full = true});
  for (const char* key : {"sha", "disabled", "siblings", "tags"}) data.erase(key);
  data["repoType"] = json::string_view(to_string(repo.kind));
  return {{"repoType", json::string_view(to_string(repo.kind))},
          {"likes", repo.likes},
          {"repoData", std::move(data)}};
}

http::Handler trending_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(limit, limit_of(request, 10, 20));
    std::string type(request.query("type").value_or("all"));
    auto wanted = parse_repo_kind(type);
    if (type != "all" && (!wanted || *wanted == RepoKind::kernel))
      co_return invalid_query("\"type\" must be one of all, model, dataset, space.");
    std::vector<repo::Info> found;
    for (RepoKind kind : searched_kinds) {
      if (wanted && *wanted != kind) continue;
      repo::ListQuery query{.kind = kind, .sort = repo::Sort::trending, .limit = limit};
      query.card_data = kind == RepoKind::space;
      CAIRN_CO_TRY(page, co_await services.repos.list(actor_of(request), std::move(query)));
      std::ranges::move(page.repos, std::back_inserter(found));
    }
    auto place = [](const repo::Info& info) {
      return std::pair(info.repo->trending_score, info.repo->id);
    };
    std::ranges::sort(found, std::greater<>(), place);
    json::array out;
    for (const auto& info : found)
      if (out.size() < static_cast<std::size_t>(limit))
        out.push_back(trending_json(services, info));
    co_return http::json(200, json::value(json::object{{"recentlyTrending", std::move(out)}}));
  });
}

// ---- Tasks -------------------------------------------------------------------------------------

/// Clients take the first of `widgetModels` as the model to recommend: what is trending here, where
/// the asker can reach it, rather than names of another hub.
http::Handler tasks_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    repo::FacetQuery wanted{.types = {"pipeline_tag"}, .per_type = repo::facets_max};
    CAIRN_CO_TRY(known, co_await services.repos.facets(actor_of(request), {}, wanted));
    json::object out;
    for (const auto& task : repo::ml_tasks()) {
      json::array models;
      bool has = std::ranges::any_of(known.by_type, [&](const repo::Facet& facet) {
        return std::ranges::find(facet.tags, task.id, &repo::TagCount::tag) != facet.tags.end();
      });
      if (has) {
        repo::ListQuery query{.tags = {std::string(task.id)}, .limit = 3};
        CAIRN_CO_TRY(page, co_await services.repos.list(actor_of(request), std::move(query)));
        for (const auto& info : page.repos) models.emplace_back(info.repo->name);
      }
      out[task.id] = json::object{{"id", json::string_view(task.id)},
                                  {"label", json::string_view(task.label)},
                                  {"subType", json::string_view(task.group)},
                                  {"widgetModels", std::move(models)}};
    }
    co_return http::json(200, json::value(std::move(out)));
  });
}

// ---- Downloads by day --------------------------------------------------------------------------

/// "2026-11-26".
std::string day_text(count::Day day) {
  return to_rfc3339(count::start_of(day)).substr(0, 10);
}

Result<count::Day> day_of(const http::Request& request, std::string_view name,
                          count::Day standard) {
  auto text = request.query(name);
  if (!text || text->empty()) return standard;
  auto time = parse_rfc3339(std::string(*text) + "T00:00:00Z");
  if (!time || text->size() != 10)
    return invalid_query("\"" + std::string(name) + "\" is a day such as 2026-11-26.");
  return count::day_of(*time);
}

RepoHandler days_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto today = count::day_of(SystemClock().now());
    CAIRN_CO_TRY(to, day_of(request, "to", today));
    CAIRN_CO_TRY(from, day_of(request, "from", to - count::window_days + 1));
    if (from > to) co_return invalid_query("\"from\" is a day before \"to\".");
    if (to - from >= count::days_max)
      co_return invalid_query("At most " + std::to_string(count::days_max) + " days at once.");
    CAIRN_CO_TRY(found, co_await services.repos.days(repo, from, to));
    json::array days;
    for (const auto& day : found)
      days.push_back(json::object{
          {"day", day_text(day.day)}, {"downloads", day.downloads}, {"likes", day.likes}});
    co_return http::json(200,
                         json::value(json::object{{"from", day_text(from)},
                                                  {"to", day_text(to)},
                                                  {"downloads", repo->downloads},
                                                  {"downloadsAllTime", repo->downloads_all_time},
                                                  {"days", std::move(days)}}));
  };
}

}  // namespace

void add_discover_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::get,
              .pattern = "/api/quicksearch",
              .operation = "search.quick",
              .summary = "Repositories, organizations and people whose name begins or holds so.",
              .access = "everyone",
              .handler = quick_search_handler(services, false)});
  router.add({.method = http::Method::post,
              .pattern = "/api/quicksearch",
              .operation = "search.quick_post",
              .summary = "The same with the question in the body.",
              .access = "everyone",
              .handler = quick_search_handler(services, true),
              .request_schema = json_schema<QuickSearch>()});
  router.add({.method = http::Method::get,
              .pattern = "/api/trending",
              .operation = "repo.trending",
              .summary = "What is used and liked most lately.",
              .access = "everyone",
              .handler = trending_handler(services)});
  router.add({.method = http::Method::get,
              .pattern = "/api/tasks",
              .operation = "tasks",
              .summary = "The tasks that models have, with models of this hub for each.",
              .access = "everyone",
              .handler = tasks_handler(services)});
  for (RepoKind kind : all_kinds)
    router.add(
        {.method = http::Method::get,
         .pattern = "/api/-/v1/" + std::string(repo::plural(kind)) + "/{ns}/{name}/downloads",
         .operation = "repo.days",
         .summary = "Downloads and likes by day.",
         .handler = on_repo(services, kind, access::Action::see, days_handler(services))});
}

}  // namespace cairn::api::hub
