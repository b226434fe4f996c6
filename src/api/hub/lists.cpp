#include "api/hub/lists.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/hub/encode.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

Failure invalid_query(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidQuery", std::move(message));
}

/// "6B", "1.5M", "300K", "7": a whole number of parameters.
std::optional<std::int64_t> parse_amount(std::string_view text) {
  double scale = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k':
      case 'K':
        scale = 1e3;
        break;
      case 'm':
      case 'M':
        scale = 1e6;
        break;
      case 'b':
      case 'B':
        scale = 1e9;
        break;
      case 't':
      case 'T':
        scale = 1e12;
        break;
      default:
        break;
    }
    if (scale > 1) text.remove_suffix(1);
  }
  double value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) ||
      value * scale > 9e18)
    return std::nullopt;
  return static_cast<std::int64_t>(value * scale);
}

/// Words that are tags with what stands before them. Cards of models have languages as they are.
struct Prefixed {
  std::string_view parameter, prefix;
};
constexpr Prefixed prefixed[] = {{"license", "license:"},
                                 {"dataset", "dataset:"},
                                 {"base_model", "base_model:"},
                                 {"arxiv", "arxiv:"},
                                 {"region", "region:"},
                                 {"task_categories", "task_categories:"},
                                 {"task_ids", "task_ids:"},
                                 {"size_categories", "size_categories:"},
                                 {"modality", "modality:"},
                                 {"format", "format:"},
                                 {"multilinguality", "multilinguality:"},
                                 {"language_creators", "language_creators:"},
                                 {"annotations_creators", "annotations_creators:"},
                                 {"source_datasets", "source_datasets:"},
                                 {"benchmark", "benchmark:"}};

/// Every value of a parameter that may be repeated, or hold several by comma.
std::vector<std::string> values_of(const http::Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (auto value : request.query_all(name))
    for (auto part : split(value, ','))
      if (!part.empty()) out.emplace_back(part);
  return out;
}

void add_tags(const http::Request& request, RepoKind kind, repo::ListQuery& query) {
  auto add = [&](std::string_view parameter, std::string_view prefix) {
    for (auto& value : values_of(request, parameter))
      query.tags.push_back(value.starts_with(prefix) ? value : std::string(prefix) + value);
  };
  for (const char* name : {"filter", "pipeline_tag", "library"}) add(name, "");
  for (const auto& [parameter, prefix] : prefixed)
    if (kind != RepoKind::space || parameter != "dataset") add(parameter, prefix);
  add("language", kind == RepoKind::dataset ? "language:" : "");
  if (kind != RepoKind::space) return;
  add("sdk", "");
  for (const auto& name : values_of(request, "models"))
    query.tags.push_back(card::uses_tag(card::RepoKind::model, name));
  for (const auto& name : values_of(request, "datasets"))
    query.tags.push_back(card::uses_tag(card::RepoKind::dataset, name));
  if (request.query_flag("linked")) query.tags.emplace_back(card::uses_any_tag);
}

Result<> add_model_filters(const http::Request& request, repo::ListQuery& query) {
  for (const auto& app : values_of(request, "apps")) {
    auto tags = repo::tags_of_app(app);
    query.any_tags.insert(query.any_tags.end(), tags.begin(), tags.end());
    if (tags.empty() && values_of(request, "apps").size() == 1) query.nothing = true;
  }
  std::ranges::sort(query.any_tags);
  query.any_tags.erase(std::ranges::unique(query.any_tags).begin(), query.any_tags.end());
  if (!query.any_tags.empty()) query.nothing = false;
  // No provider serves this hub's models.
  if (auto inference = request.query("inference"); inference && *inference == "warm")
    query.nothing = true;
  if (!values_of(request, "inference_provider").empty()) query.nothing = true;
  auto range = request.query("num_parameters");
  if (!range || range->empty()) return {};
  for (auto part : split(*range, ',')) {
    bool is_min = part.starts_with("min:"), is_max = part.starts_with("max:");
    auto amount = parse_amount(part.substr(std::min<std::size_t>(4, part.size())));
    if (!amount || (!is_min && !is_max))
      return invalid_query(
          R"("num_parameters" is a range such as "min:6B,max:128B"; either half may be left out.)");
    (is_min ? query.parameters_min : query.parameters_max) = amount;
  }
  return {};
}

Result<> add_order(const http::Request& request, repo::ListQuery& query) {
  if (auto word = request.query("sort"); word && !word->empty()) {
    auto sort = repo::parse_sort(*word);
    if (!sort)
      return invalid_query(
          "\"sort\" must be one of createdAt, downloads, lastModified, likes, likes30d, "
          "num_parameters, trendingScore, id.");
    query.sort = *sort;
  }
  if (auto direction = request.query("direction"); direction && !direction->empty()) {
    bool up = *direction == "1" || *direction == "asc";
    if (!up && *direction != "-1" && *direction != "desc")
      return invalid_query("\"direction\" must be -1 (descending) or 1 (ascending).");
    query.ascending = up;
  }
  return {};
}

/// What can be said of a repository without reading its whole card.
constexpr std::string_view in_columns[] = {
    "author",        "createdAt",   "disabled",     "downloads",     "downloadsAllTime",
    "gated",         "gitalyUid",   "lastModified", "library_name",  "likes",
    "pipeline_tag",  "private",     "region",       "resourceGroup", "runtime",
    "sdk",           "sha",         "siblings",     "subdomain",     "tags",
    "trendingScore", "usedStorage", "xetEnabled"};

bool needs_card(const ItemShape& shape, RepoKind kind) {
  if (shape.expand)
    return !std::ranges::all_of(*shape.expand, [](const std::string& key) {
      return std::ranges::find(in_columns, key) != std::end(in_columns);
    });
  return shape.card_data || shape.config || (shape.full && kind != RepoKind::model);
}

http::Handler list_handler(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) -> Task<Result<http::Response>> {
    ItemShape shape;
    CAIRN_CO_TRY(expand, expand_of(request, kind));
    CAIRN_CO_TRY(query, list_query(request, kind));
    shape.expand = std::move(expand);
    shape.full = request.query_flag("full");
    shape.config = request.query_flag("config");
    shape.card_data = request.query_flag("cardData") || (shape.full && kind != RepoKind::model);
    query.siblings = shape.full || (shape.expand && shape.expand->contains("siblings"));
    query.card_data = needs_card(shape, kind);
    CAIRN_CO_TRY(page, co_await services.repos.list(actor_of(request), query));
    json::array out;
    out.reserve(page.repos.size());
    for (const auto& info : page.repos) out.push_back(item_json(services, info, shape));
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  });
}

// ---- Counts by tag -----------------------------------------------------------------------------

json::object tag_json(RepoKind kind, repo::TagType type, const std::string& tag) {
  json::object out{{"id", tag},
                   {"label", repo::tag_label(kind, tag)},
                   {"type", json::string_view(to_string(type))}};
  if (type == repo::TagType::pipeline_tag)
    for (const auto& task : repo::ml_tasks())
      if (task.id == tag) out["subType"] = json::string_view(task.group);
  return out;
}

http::Handler facets_handler(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(per_type, limit_of(request, 50, repo::facets_max));
    CAIRN_CO_TRY(query, list_query(request, kind));
    repo::FacetQuery wanted{.types = values_of(request, "type"), .per_type = per_type};
    CAIRN_CO_TRY(found, co_await services.repos.facets(actor_of(request), query, wanted));
    json::object facets;
    for (const auto& facet : found.by_type) {
      json::array tags;
      for (const auto& [tag, count] : facet.tags) {
        auto item = tag_json(kind, facet.type, tag);
        item["count"] = count;
        tags.push_back(std::move(item));
      }
      facets[to_string(facet.type)] =
          json::object{{"distinct", facet.distinct}, {"tags", std::move(tags)}};
    }
    co_return http::json(
        200, json::value(json::object{{"total", found.total}, {"facets", std::move(facets)}}));
  });
}

http::Handler tags_by_type_handler(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) -> Task<Result<http::Response>> {
    repo::ListQuery query;
    query.kind = kind;
    repo::FacetQuery wanted{.types = values_of(request, "type"), .per_type = repo::facets_max};
    CAIRN_CO_TRY(found, co_await services.repos.facets(actor_of(request), query, wanted));
    json::object out;
    for (const auto& facet : found.by_type) {
      json::array tags;
      for (const auto& [tag, count] : facet.tags) {
        auto item = tag_json(kind, facet.type, tag);
        item["clickable"] = true;
        tags.push_back(std::move(item));
      }
      out[to_string(facet.type)] = std::move(tags);
    }
    co_return http::json(200, json::value(std::move(out)));
  });
}

}  // namespace

Result<repo::ListQuery> list_query(const http::Request& request, RepoKind kind) {
  repo::ListQuery query;
  query.kind = kind;
  for (auto word : request.query_all("search"))
    if (!word.empty()) query.search.emplace_back(word);
  if (auto author = request.query("author"); author && !author->empty())
    query.author = std::string(*author);
  add_tags(request, kind, query);
  if (request.query("gated")) query.gated = request.query_flag("gated");
  if (kind == RepoKind::model) CAIRN_CHECK(add_model_filters(request, query));
  CAIRN_CHECK(add_order(request, query));
  if (auto cursor = request.query("cursor")) query.cursor = std::string(*cursor);
  CAIRN_TRY(limit, limit_of(request, 100, repo::list_limit_max));
  query.limit = limit;
  return query;
}

void add_list_routes(http::Router& router, Services& services) {
  for (RepoKind kind : all_kinds) {
    std::string plural(repo::plural(kind));
    router.add({.method = http::Method::get,
                .pattern = "/api/" + plural,
                .operation = "repo.list",
                .summary = "Repositories of one kind, filtered and sorted.",
                .access = "everyone",
                .handler = list_handler(services, kind)});
    router.add({.method = http::Method::get,
                .pattern = "/api/-/v1/facets/" + plural,
                .operation = "repo.facets",
                .summary = "How many of a list's repositories have which tags, by type of tag.",
                .access = "everyone",
                .handler = facets_handler(services, kind)});
  }
  for (RepoKind kind : {RepoKind::model, RepoKind::dataset})
    router.add({.method = http::Method::get,
                .pattern = "/api/" + std::string(repo::plural(kind)) + "-tags-by-type",
                .operation = "repo.tags_by_type",
                .summary = "The tags that repositories of one kind have, by type.",
                .access = "everyone",
                .handler = tags_by_type_handler(services, kind)});
}

}  // namespace cairn::api::hub
