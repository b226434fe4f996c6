#include "api/hub/encode.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

// Names, as production cuts its list.
constexpr int spaces_max = 100;

/// What other repositories say of a model, as far as this caller may see them. Only when asked for:
/// each takes a list.
Task<Result<>> add_lineage(Services& services, const account::Actor& actor, const repo::Repo& repo,
                           const repo::Expand& expand, json::object& out) {
  if (repo.kind != RepoKind::model) co_return Result<>{};
  if (expand.contains("spaces")) {
    repo::ListQuery query{.kind = RepoKind::space, .limit = spaces_max};
    query.tags.push_back(card::uses_tag(card::RepoKind::model, repo.name));
    CAIRN_CO_TRY(page, co_await services.repos.list(actor, std::move(query)));
    json::array names;
    for (const auto& info : page.repos) names.emplace_back(info.repo->name);
    out["spaces"] = std::move(names);
  }
  if (expand.contains("childrenModelCount")) {
    repo::ListQuery query;
    query.tags.push_back("base_model:" + repo.name);
    repo::FacetQuery none{.types = {"region"}, .per_type = 1};
    CAIRN_CO_TRY(found, co_await services.repos.facets(actor, std::move(query), std::move(none)));
    out["childrenModelCount"] = found.total;
  }
  co_return Result<>{};
}

RepoHandler info_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
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
    if (shape.expand)
      CAIRN_CO_CHECK(co_await add_lineage(services, actor, *repo, *shape.expand, out));
    if (request.query_flag("securityStatus"))
      out["securityRepoStatus"] =
          json::object{{"scansDone", false}, {"filesWithIssues", json::array()}};
    co_return http::json(200, json::value(std::move(out)));
  };
}

}  // namespace

void add_info_routes(http::Router& router, Services& services) {
  for (RepoKind kind : all_kinds) {
    std::string base = "/api/" + std::string(repo::plural(kind));
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
