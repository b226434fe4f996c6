#include "api/hub/open.h"
#include "base/bytes.h"
#include "hub/repo/commit_body.h"

namespace cairn::api::hub {
namespace {

struct ValidateIn {
  std::string content;
  std::optional<std::string> repoType;
};
BOOST_DESCRIBE_STRUCT(ValidateIn, (), (content, repoType))

struct PreuploadFileIn {
  std::string path;
  std::uint64_t size = 0;
  std::optional<std::string> sample;
};
BOOST_DESCRIBE_STRUCT(PreuploadFileIn, (), (path, size, sample))

struct PreuploadIn {
  std::vector<PreuploadFileIn> files;
  std::optional<std::string> gitIgnore, gitAttributes;
};
BOOST_DESCRIBE_STRUCT(PreuploadIn, (), (files, gitIgnore, gitAttributes))

constexpr std::uint64_t card_body_bytes_max = 8u << 20;
constexpr std::uint64_t preupload_bytes_max = 8u << 20;

json::array problems_json(const std::vector<card::Problem>& problems) {
  json::array out;
  for (const auto& problem : problems) {
    json::object item{{"message", problem.message}};
    if (problem.line > 0) item["line"] = problem.line;
    if (problem.fatal) item["fatal"] = true;
    out.push_back(std::move(item));
  }
  return out;
}

http::Handler validate_handler(Services& services) {
  return http::Handler([&services](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<ValidateIn>(card_body_bytes_max));
    auto kind = parse_repo_kind(in.repoType.value_or("model")).value_or(RepoKind::model);
    auto read = [text = std::move(in.content), kind] {
      auto card = card::parse_card(text);
      card::check_fields(repo::card_kind(kind), card);
      return card;
    };
    auto card = co_await services.blocking.run(read);
    json::object out{{"errors", problems_json(card.errors)},
                     {"warnings", problems_json(card.warnings)}};
    co_return http::json(card.errors.empty() ? 200 : 400, json::value(std::move(out)));
  });
}

Result<repo::PreuploadQuery> preupload_query(PreuploadIn in) {
  repo::PreuploadQuery query;
  for (auto& file : in.files) {
    std::string sample;
    if (file.sample) {
      CAIRN_TRY(bytes, base64_decode(*file.sample));
      sample = std::move(bytes);
    }
    query.files.push_back({std::move(file.path), file.size, std::move(sample)});
  }
  query.git_ignore = std::move(in.gitIgnore);
  query.git_attributes = std::move(in.gitAttributes);
  return query;
}

RepoHandler preupload_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<PreuploadIn>(preupload_bytes_max));
    CAIRN_CO_TRY(query, preupload_query(std::move(in)));
    CAIRN_CO_TRY(answer, co_await services.commits.preupload(actor, repo, request.rest_path("rev"),
                                                             std::move(query),
                                                             request.query_flag("create_pr")));
    json::array files;
    for (const auto& file : answer.files) {
      json::object item{{"path", file.path},
                        {"uploadMode", file.mode == repo::UploadMode::lfs ? "lfs" : "regular"},
                        {"shouldIgnore", file.ignored}};
      if (file.oid) item["oid"] = *file.oid;
      files.push_back(std::move(item));
    }
    json::object out{{"files", std::move(files)}};
    if (answer.commit) out["commitOid"] = answer.commit->oid.hex();
    co_return http::json(200, json::value(std::move(out)));
  };
}

/// Reads the body while it arrives; blobs are hashed and compressed off the I/O thread. As soon as
/// the header line is there, what it alone can refuse is refused.
Task<Result<repo::CommitRequest>> read_commit(Services& services, http::Request& request,
                                              account::Actor actor, repo::RepoRef repo,
                                              std::string revision) {
  bool ndjson = !request.header("Content-Type").starts_with("application/json");
  repo::CommitBodyLimits limits;
  limits.bytes_max = services.repos.options().commit_bytes_max;
  auto body = std::make_shared<repo::CommitBody>(
      ndjson ? repo::CommitBody::Format::ndjson : repo::CommitBody::Format::json,
      services.commits.stage(), limits);
  bool admitted = false;
  for (;;) {
    CAIRN_CO_TRY(bytes, co_await request.read_some());
    if (bytes.empty()) break;
    bool small = bytes.size() < 4096;
    auto feed = [body, text = std::move(bytes)] { return body->feed(text); };
    if (small) {
      CAIRN_CO_CHECK(feed());
    } else {
      CAIRN_CO_CHECK(co_await services.blocking.run(feed));
    }
    if (!admitted && body->header()) {
      admitted = true;
      CAIRN_CO_CHECK(co_await services.commits.admit(actor, repo, revision, *body->header(),
                                                     request.query_flag("create_pr")));
    }
  }
  co_return body->finish();
}

RepoHandler commit_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    std::string revision = request.rest_path("rev");
    CAIRN_CO_TRY(wanted, co_await read_commit(services, request, actor, repo, revision));
    CAIRN_CO_TRY(made, co_await services.commits.commit(actor, repo, revision, std::move(wanted),
                                                        request.query_flag("create_pr")));
    json::object out{{"success", true},
                     {"commitOid", made.commit->oid.hex()},
                     {"commitUrl", made.url},
                     {"hookOutput", made.hook_output}};
    if (made.pull_request)
      out["pullRequestUrl"] = discussion_url(services, *repo, *made.pull_request);
    co_return http::json(200, json::value(std::move(out)));
  };
}

}  // namespace

void add_upload_routes(http::Router& router, Services& services) {
  using access::Action;
  router.add({.method = http::Method::post,
              .pattern = "/api/validate-yaml",
              .operation = "card.validate",
              .summary = "What is wrong with a card, before it is uploaded.",
              .access = "everyone",
              .body_bytes_max = card_body_bytes_max,
              .handler = validate_handler(services),
              .request_schema = json_schema<ValidateIn>()});
  for (RepoKind kind : all_kinds) {
    // Rights are asked by Commits: with create_pr reading is enough.
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/preupload/{rev...}"),
                .operation = "commit.preupload",
                .summary = "Which files go inline, which to large-file storage.",
                .scope = "write",
                .access = "repo.write",
                .body_bytes_max = preupload_bytes_max,
                .handler = on_repo(services, kind, Action::see, preupload_handler(services)),
                .request_schema = json_schema<PreuploadIn>()});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/commit/{rev...}"),
                .operation = "commit.create",
                .summary = "Change files, all or none, on top of a branch.",
                .scope = "write",
                .access = "repo.write",
                .body_bytes_max = http::body_unlimited,
                .handler = on_repo(services, kind, Action::see, commit_handler(services))});
  }
}

}  // namespace cairn::api::hub
