#include "api/hub/xet.h"

#include "base/text.h"

namespace cairn::api::hub {
namespace {

/// Clients up to 1.19 read the headers alone, hf_xet and JavaScript the body alone, and Python
/// downloads since 1.29 the headers alone (xet.md 8.1).
http::Response token_response(const xet::IssuedToken& token) {
  auto response = http::json(200, json::value(json::object{{"accessToken", token.text},
                                                           {"exp", token.expires_at.seconds()},
                                                           {"casUrl", token.cas_url}}));
  response.headers.set("X-Xet-Access-Token", token.text);
  response.headers.set("X-Xet-Token-Expiration", std::to_string(token.expires_at.seconds()));
  response.headers.set("X-Xet-Cas-Url", token.cas_url);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

RepoHandler read_token_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(co_await services.files.resolve(repo, request.rest_path("rev")));
    co_return token_response(services.xet.issue_token(repo->id, actor.user, xet::Right::read));
  };
}

RepoHandler write_token_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    bool proposes = request.query_flag("create_pr");
    auto action = proposes ? access::Action::create_pr : access::Action::write;
    auto check = [actor, repo, action](db::Tx& tx) -> Result<> {
      auto current = repo::find_repo(tx, repo->id);
      if (!current) return fail(access::hidden(actor));
      return access::check(tx, actor, action, *current);
    };
    CAIRN_CO_CHECK(co_await services.database.read(check));
    // Python does not know the ref of a pull request that it is about to open.
    std::string revision = request.rest_path("rev");
    if (!proposes || revision != "None")
      CAIRN_CO_CHECK(co_await services.files.resolve(repo, std::move(revision)));
    auto right = proposes ? xet::Right::propose : xet::Right::write;
    co_return token_response(services.xet.issue_token(repo->id, actor.user, right));
  };
}

std::string token_url(const Services& services, const repo::Repo& repo, std::string_view revision) {
  return services.public_url + "/api/" + std::string(repo::plural(repo.kind)) + "/" + repo.name +
         "/xet-read-token/" + std::string(revision);
}

std::string reconstruction_url(const Services& services, const xet::Hash& hash) {
  return services.xet.options().cas_url + "/v1/reconstructions/" + hash.text();
}

}  // namespace

void add_xet_headers(http::Headers& headers, const Services& services, const repo::Repo& repo,
                     std::string_view commit, const xet::Hash& hash) {
  std::string tokens = token_url(services, repo, commit);
  headers.add("X-Xet-Hash", hash.text());
  headers.add("X-Xet-Refresh-Route", tokens);
  // JavaScript reads this by a regular expression: absolute URLs, a space, quotes.
  headers.add("Link", "<" + tokens + ">; rel=\"xet-auth\", <" + reconstruction_url(services, hash) +
                          ">; rel=\"xet-reconstruction-info\"");
}

bool asks_for_xet_info(const http::Request& request) {
  return request.header("Accept").contains(xet_info_type);
}

http::Response xet_info(const Services& services, const repo::Repo& repo, std::string_view commit,
                        const xet::Hash& hash, const http::Representation& what) {
  auto body = json::object{{"hash", hash.text()},
                           {"refreshUrl", token_url(services, repo, commit)},
                           {"reconstructionUrl", reconstruction_url(services, hash)},
                           {"etag", what.etag},
                           {"size", what.size_bytes}};
  auto response = http::json(200, json::value(std::move(body)));
  for (const auto& [name, value] : what.headers) response.headers.add(name, value);
  response.headers.set("ETag", what.etag);
  response.headers.set("Content-Type", std::string(xet_info_type));
  response.headers.add_token("Vary", "Accept");
  return response;
}

Task<Result<XetHashes>> xet_hashes(Services& services, account::Actor actor, repo::RepoRef repo,
                                   std::vector<Sha256Digest> files) {
  if (files.empty()) co_return XetHashes{};
  // Whoever may see the names of a gated repository's files may not know their contents' names.
  auto may = [actor, repo](db::Tx& tx) -> Result<bool> {
    return access::decide(tx, actor, access::Action::read_content, *repo).allowed();
  };
  CAIRN_CO_TRY(allowed, co_await services.database.read(may));
  if (!allowed) co_return XetHashes{};
  co_return co_await services.xet.hashes(repo->id, std::move(files));
}

void add_xet_routes(http::Router& router, Services& services) {
  using access::Action;
  for (RepoKind kind : all_kinds) {
    router.add(
        {.method = http::Method::get,
         .pattern = api_path(kind, "/xet-read-token/{rev...}"),
         .operation = "xet.read_token",
         .summary = "A token of the store, to read the repository's large files.",
         .handler = on_repo(services, kind, Action::read_content, read_token_handler(services))});
    // Rights are asked by the handler: with create_pr reading is enough.
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/xet-write-token/{rev...}"),
                .operation = "xet.write_token",
                .summary = "A token of the store, to upload large files.",
                .scope = "write",
                .access = "repo.write",
                .handler = on_repo(services, kind, Action::see, write_token_handler(services))});
  }
}

}  // namespace cairn::api::hub
