#include "api/hub/encode.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

Result<std::optional<repo::Expand>> expand_of(const http::Request& request, RepoKind kind) {
  std::vector<std::string> values;
  for (auto value : request.query_all("expand")) values.emplace_back(value);
  if (values.empty()) return std::optional<repo::Expand>{};
  for (const char* other : {"full", "config", "cardData", "blobs", "securityStatus"})
    if (request.query_flag(other))
      return fail(ErrorCode::invalid_argument, "InvalidQuery",
                  "\"expand\" cannot be combined with \"" + std::string(other) + "\".");
  CAIRN_TRY(expand, repo::parse_expand(kind, values));
  return std::optional<repo::Expand>(std::move(expand));
}

RepoHandler info_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    InfoShape shape;
    CAIRN_CO_TRY(expand, expand_of(request, repo->kind));
    shape.expand = std::move(expand);
    shape.blobs = request.query_flag("blobs") || request.query_flag("files_metadata");
    shape.siblings = !shape.expand || shape.expand->contains("siblings");
    repo::InfoParts parts;
    parts.siblings = shape.siblings;
    CAIRN_CO_TRY(info, co_await services.repos.info(repo, request.rest_path("rev"), parts));
    auto out = info_json(services, info, shape);
    if (request.query_flag("securityStatus"))
      out["securityRepoStatus"] =
          json::object{{"scansDone", false}, {"filesWithIssues", json::array()}};
    co_return http::json(200, json::value(std::move(out)));
  };
}

Result<repo::ListQuery> list_query(const http::Request& request, RepoKind kind) {
  repo::ListQuery query;
  query.kind = kind;
  for (auto word : request.query_all("search"))
    if (!word.empty()) query.search.emplace_back(word);
  if (auto author = request.query("author"); author && !author->empty())
    query.author = std::string(*author);
  for (const char* name : {"filter", "pipeline_tag", "library"})
    for (auto value : request.query_all(name))
      for (auto tag : split(value, ','))
        if (!tag.empty()) query.tags.emplace_back(tag);
  if (request.query("gated")) query.gated = request.query_flag("gated");
  if (auto word = request.query("sort"); word && !word->empty()) {
    auto sort = repo::parse_sort(*word);
    if (!sort)
      return fail(ErrorCode::invalid_argument, "InvalidQuery",
                  "\"sort\" must be one of createdAt, downloads, lastModified, likes, "
                  "trendingScore, id.");
    query.sort = *sort;
  }
  if (auto direction = request.query("direction")) query.ascending = *direction == "1";
  if (auto cursor = request.query("cursor")) query.cursor = std::string(*cursor);
  CAIRN_TRY(limit, limit_of(request, 100, repo::list_limit_max));
  query.limit = limit;
  return query;
}

http::Handler list_handler(Services& services, RepoKind kind) {
  return http::Handler([&services, kind](http::Request& request) -> Task<Result<http::Response>> {
    ItemShape shape;
    CAIRN_CO_TRY(expand, expand_of(request, kind));
    CAIRN_CO_TRY(query, list_query(request, kind));
    shape.expand = std::move(expand);
    shape.full = request.query_flag("full");
    shape.card_data = request.query_flag("cardData") || shape.full;
    query.siblings = shape.full || (shape.expand && shape.expand->contains("siblings"));
    CAIRN_CO_TRY(page, co_await services.repos.list(actor_of(request), query));
    json::array out;
    out.reserve(page.repos.size());
    for (const auto& info : page.repos) out.push_back(item_json(services, info, shape));
    auto response = http::json(200, json::value(std::move(out)));
    if (page.next) add_next_link(response, request, services, *page.next);
    co_return response;
  });
}

}  // namespace

void add_info_routes(http::Router& router, Services& services) {
  for (RepoKind kind : all_kinds) {
    std::string base = "/api/" + std::string(repo::plural(kind));
    router.add({.method = http::Method::get,
                .pattern = base,
                .operation = "repo.list",
                .summary = "Repositories of one kind, filtered and sorted.",
                .handler = list_handler(services, kind)});
    auto info = info_handler(services);
    router.add({.method = http::Method::get,
                .pattern = base + "/{ns}/{name}",
                .operation = "repo.info",
                .summary = "A repository at its default branch.",
                .handler = on_repo(services, kind, access::Action::see, info)});
    router.add({.method = http::Method::get,
                .pattern = base + "/{ns}/{name}/revision/{rev...}",
                .operation = "repo.info_at",
                .summary = "A repository at a revision.",
                .handler = on_repo(services, kind, access::Action::see, info)});
    // Single-segment names are aliases: these only ever redirect.
    router.add({.method = http::Method::get,
                .pattern = base + "/{name}",
                .operation = "repo.alias",
                .summary = "Redirects an old single-segment name.",
                .handler = on_repo(services, kind, access::Action::see, info)});
  }
  auto runtime = [](http::Request&, account::Actor, repo::RepoRef) -> Task<Result<http::Response>> {
    co_return http::json(
        200, json::value(json::object{{"stage", "STOPPED"},
                                      {"errorMessage", "This hub does not run Spaces."}}));
  };
  router.add({.method = http::Method::get,
              .pattern = "/api/spaces/{ns}/{name}/runtime",
              .operation = "space.runtime",
              .summary = "Whether the space runs.",
              .handler = on_repo(services, RepoKind::space, access::Action::see, runtime)});
}

}  // namespace cairn::api::hub
