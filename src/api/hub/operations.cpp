#include "api/hub/open.h"

namespace cairn::api::hub {
namespace {

struct ValueIn {
  std::string key, value;
  std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(ValueIn, (), (key, value, description))

// Compute fields of spaces (hardware, storageTier, sleepTimeSeconds, volumes) are read over, as
// where a space is created.
struct DuplicateIn {
  std::string repository;
  std::optional<std::string> visibility;
  std::optional<bool> private_;
  std::vector<ValueIn> secrets, variables;
};
BOOST_DESCRIBE_STRUCT(DuplicateIn, (), (repository, visibility, private_, secrets, variables))

struct DuplicateOut {
  std::string url;
};
BOOST_DESCRIBE_STRUCT(DuplicateOut, (), (url))

struct SquashIn {
  std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(SquashIn, (), (message))

struct SquashOut {
  std::string commitId;
};
BOOST_DESCRIBE_STRUCT(SquashOut, (), (commitId))

// Secrets and variables of a space may be long together.
constexpr std::uint64_t duplicate_bytes_max = 8u << 20;

std::vector<repo::NewSpaceValue> values_of(std::vector<ValueIn> in) {
  std::vector<repo::NewSpaceValue> out;
  for (auto& value : in)
    out.push_back({std::move(value.key), std::move(value.value), std::move(value.description)});
  return out;
}

RepoHandler duplicate_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef from) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<DuplicateIn>(duplicate_bytes_max));
    CAIRN_CO_TRY(name, repo::parse_repo_name(in.repository));
    CAIRN_CO_TRY(visibility, visibility_of(in.visibility, in.private_));
    repo::DuplicateRequest wanted{std::move(name), visibility, values_of(std::move(in.secrets)),
                                  values_of(std::move(in.variables))};
    CAIRN_CO_TRY(made, co_await services.operations.duplicate(actor, from, std::move(wanted)));
    co_return http::json(200,
                         DuplicateOut{repo::repo_url(services.public_url, made->kind, made->name)});
  };
}

RepoHandler squash_handler(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_all());
    SquashIn in;
    if (!body.empty()) {
      CAIRN_CO_TRY(given, parse_json_as<SquashIn>(body));
      in = std::move(given);
    }
    CAIRN_CO_TRY(made, co_await services.operations.super_squash(
                           actor, repo, request.rest_path("rev"), in.message.value_or("")));
    co_return http::json(200, SquashOut{made->oid.hex()});
  };
}

RepoHandler safetensors_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(commit, co_await services.files.resolve(repo, repo->default_branch));
    CAIRN_CO_TRY(found, co_await services.inspector.safetensors_metadata(
                            repo, commit, request.rest_path("path")));
    auto response = http::json(200, json::value(std::move(found)));
    response.headers.set("X-Repo-Commit", commit->oid.hex());
    co_return response;
  };
}

}  // namespace

void add_operation_routes(http::Router& router, Services& services) {
  using access::Action;
  for (RepoKind kind : all_kinds) {
    router.add(
        {.method = http::Method::post,
         .pattern = api_path(kind, "/duplicate"),
         .operation = "repo.duplicate",
         .summary = "Copy a repository with its history; no bytes move.",
         .scope = "write",
         .access = "repo.copy",
         .body_bytes_max = duplicate_bytes_max,
         .handler = on_repo(services, kind, Action::read_content, duplicate_handler(services)),
         .request_schema = json_schema<DuplicateIn>(),
         .response_schema = json_schema<DuplicateOut>()});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/super-squash/{rev...}"),
                .operation = "repo.super_squash",
                .summary = "Replace a branch's history by one commit with the same files.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, squash_handler(services)),
                .request_schema = json_schema<SquashIn>(),
                .response_schema = json_schema<SquashOut>()});
  }
  router.add({.method = http::Method::get,
              .pattern = api_path(RepoKind::model, "/safetensors-metadata/{path...}"),
              .operation = "files.safetensors_metadata",
              .summary = "Headers of all shards of a model's weights.",
              .handler = on_repo(services, RepoKind::model, Action::read_content,
                                 safetensors_handler(services))});
}

}  // namespace cairn::api::hub
