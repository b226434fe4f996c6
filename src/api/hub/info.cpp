#include "api/hub/encode.h"
#include "base/text.h"

namespace cairn::api::hub {
namespace {

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
