#include "api/hub/open.h"

namespace cairn::api::hub {
namespace {

struct BranchIn {
  std::optional<std::string> startingPoint;
  std::optional<bool> emptyBranch, overwrite;
};
BOOST_DESCRIBE_STRUCT(BranchIn, (), (startingPoint, emptyBranch, overwrite))

struct TagIn {
  std::string tag;
  std::optional<std::string> message;
};
BOOST_DESCRIBE_STRUCT(TagIn, (), (tag, message))

json::array refs_json(const std::vector<repo::RefInfo>& refs) {
  json::array out;
  for (const auto& ref : refs)
    out.push_back(
        json::object{{"name", ref.name}, {"ref", ref.ref}, {"targetCommit", ref.commit.hex()}});
  return out;
}

RepoHandler list_handler(Services& services) {
  return [&services](http::Request& request, account::Actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    bool pull_requests = request.query_flag("include_prs");
    CAIRN_CO_TRY(refs, co_await services.files.refs(repo, pull_requests));
    json::object out{{"branches", refs_json(refs.branches)},
                     {"converts", refs_json(refs.converts)},
                     {"tags", refs_json(refs.tags)}};
    if (pull_requests) out["pullRequests"] = refs_json(refs.pull_requests);
    co_return http::json(200, json::value(std::move(out)));
  };
}

http::Response done(const repo::CommitRef& commit) {
  json::object out{{"success", true}};
  if (commit) out["targetCommit"] = commit->oid.hex();
  return http::json(200, json::value(std::move(out)));
}

RepoHandler create_branch(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, co_await request.read_all());
    CAIRN_CO_TRY(in, parse_json_as<BranchIn>(body.empty() ? "{}" : body));
    repo::NewBranch branch;
    branch.name = request.rest_path("branch");
    if (in.startingPoint && !in.startingPoint->empty()) branch.starting_point = in.startingPoint;
    branch.empty = in.emptyBranch.value_or(false);
    branch.overwrite = in.overwrite.value_or(false);
    CAIRN_CO_TRY(commit, co_await services.files.create_branch(actor, repo, branch));
    co_return done(commit);
  };
}

RepoHandler delete_branch(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(co_await services.files.delete_branch(actor, repo, request.rest_path("branch")));
    co_return done(nullptr);
  };
}

RepoHandler create_tag(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<TagIn>());
    repo::NewTag tag;
    tag.name = in.tag;
    tag.revision = request.rest_path("rev");
    tag.message = in.message.value_or("");
    CAIRN_CO_CHECK(co_await services.files.create_tag(actor, repo, tag));
    co_return done(nullptr);
  };
}

RepoHandler delete_tag(Services& services) {
  return [&services](http::Request& request, account::Actor actor,
                     repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_CHECK(co_await services.files.delete_tag(actor, repo, request.rest_path("rev")));
    co_return done(nullptr);
  };
}

}  // namespace

void add_ref_routes(http::Router& router, Services& services) {
  using access::Action;
  for (RepoKind kind : all_kinds) {
    router.add({.method = http::Method::get,
                .pattern = api_path(kind, "/refs"),
                .operation = "refs.list",
                .summary = "Branches, tags and other refs.",
                .handler = on_repo(services, kind, Action::list_files, list_handler(services))});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/branch/{branch...}"),
                .operation = "refs.create_branch",
                .summary = "Make a branch.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, create_branch(services)),
                .request_schema = json_schema<BranchIn>()});
    router.add({.method = http::Method::delete_,
                .pattern = api_path(kind, "/branch/{branch...}"),
                .operation = "refs.delete_branch",
                .summary = "Delete a branch.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, delete_branch(services))});
    router.add({.method = http::Method::post,
                .pattern = api_path(kind, "/tag/{rev...}"),
                .operation = "refs.create_tag",
                .summary = "Tag a revision; the tag's name is in the body.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, create_tag(services)),
                .request_schema = json_schema<TagIn>()});
    router.add({.method = http::Method::delete_,
                .pattern = api_path(kind, "/tag/{rev...}"),
                .operation = "refs.delete_tag",
                .summary = "Delete a tag; the path names it.",
                .scope = "write",
                .handler = on_repo(services, kind, Action::write, delete_tag(services))});
  }
}

}  // namespace cairn::api::hub
