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

/// An answer whose `siblings` are too many to hold: they are read in pages while it is sent. Pages
/// of a commit never change, so a client that takes its time sees one list.
class LongAnswer {
 public:
  LongAnswer(Services& services, repo::CommitRef commit, json::object rest, bool blobs)
      : services_(services), commit_(std::move(commit)), blobs_(blobs) {
    text_ = json::serialize(rest);
    text_.back() = ',';
    text_ += "\"siblings\":[";
  }

  Task<Result<std::string>> next() {
    if (done_) co_return std::string{};
    CAIRN_CO_TRY(page, co_await services_.repos.sibling_page(commit_, std::move(after_)));
    std::string out = std::exchange(text_, {});
    for (const auto& entry : page.entries) {
      if (entry.is_folder()) continue;
      if (!std::exchange(first_, false)) out += ',';
      out += json::serialize(sibling_json(entry, blobs_));
    }
    after_ = std::move(page.next);
    done_ = !after_;
    if (done_) out += "]}";
    // A page of folders alone would look like the end.
    if (out.empty()) out = " ";
    co_return out;
  }

 private:
  Services& services_;
  repo::CommitRef commit_;
  bool blobs_;
  std::string text_;
  std::optional<std::string> after_;
  bool first_ = true, done_ = false;
};

http::Response stream_siblings(Services& services, repo::CommitRef commit, json::object rest,
                               bool blobs) {
  rest.erase("siblings");
  auto answer = std::make_shared<LongAnswer>(services, std::move(commit), std::move(rest), blobs);
  http::Stream stream;
  stream.next = [answer] { return answer->next(); };
  http::Response response;
  response.headers.set("Content-Type", "application/json; charset=utf-8");
  response.body = std::move(stream);
  return response;
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
    parts.siblings = false;
    CAIRN_CO_TRY(info, co_await services.repos.info(repo, request.rest_path("rev"), parts));
    bool long_list = false;
    if (shape.siblings) {
      CAIRN_CO_TRY(siblings, co_await services.repos.short_siblings(info.commit));
      info.siblings = std::move(siblings);
      long_list = !info.siblings;
    }
    auto out = info_json(services, info, shape);
    if (shape.expand)
      CAIRN_CO_CHECK(co_await add_lineage(services, actor, *repo, *shape.expand, out));
    if (request.query_flag("securityStatus"))
      out["securityRepoStatus"] =
          json::object{{"scansDone", false}, {"filesWithIssues", json::array()}};
    if (long_list) co_return stream_siblings(services, info.commit, std::move(out), shape.blobs);
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
