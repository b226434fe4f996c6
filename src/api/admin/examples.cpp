#include "api/admin/example_content.h"
#include "api/admin/handler.h"
#include "api/admin/read_file.h"

namespace cairn::api::admin {
namespace {

account::Actor examples_actor() {
  auto actor = account::Actor::system();
  actor.user_name = examples_owner;
  return actor;
}

std::string full_name(const Example& example) {
  return std::string(examples_owner) + "/" + example.name;
}

/// The organization of the examples, made when it is not there.
Result<> ensure_owner(db::Tx& tx) {
  auto there = account::find_organization(tx, examples_owner);
  if (there || there.error().code != ErrorCode::not_found) {
    if (there) return {};
    return fail(there.error());
  }
  account::NewOrganization wanted;
  wanted.name = examples_owner;
  wanted.full_name = "Examples";
  CAIRN_CHECK(account::create_organization(tx, wanted));
  return {};
}

/// Regular files are staged, large ones added: as the hub would tell a client to send them.
Task<Result<std::vector<repo::CommitOp>>> put_files(Services& services, account::Actor actor,
                                                    repo::RepoRef repo,
                                                    std::vector<ExampleFile> files,
                                                    std::shared_ptr<history::Staging> staging) {
  repo::PreuploadQuery query;
  for (const auto& file : files)
    query.files.push_back(
        {file.path, file.content.size(), file.content.substr(0, repo::sample_bytes_max)});
  CAIRN_CO_TRY(answer, co_await services.commits.preupload(actor, repo, "main", query, false));
  std::vector<repo::CommitOp> ops;
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAIRN_CO_TRY(path, git::parse_path(files[i].path));
    std::uint64_t size = files[i].content.size();
    if (answer.files[i].mode == repo::UploadMode::regular) {
      CAIRN_CO_TRY(blob, staging->add(files[i].content));
      ops.emplace_back(repo::PutFile{path, blob, size});
      continue;
    }
    lfs::Wanted wanted{sha256(files[i].content), size};
    CAIRN_CO_CHECK(co_await services.large_files.add(repo->id, UserId{0}, wanted,
                                                     source_of(files[i].content)));
    ops.emplace_back(repo::PutLarge{path, wanted.sha256, size});
  }
  co_return ops;
}

Task<Result<repo::RepoRef>> make_repo(Services& services, account::Actor actor, Example example) {
  repo::NewRepo wanted;
  wanted.kind = example.kind;
  wanted.owner = std::string(examples_owner);
  wanted.name = example.name;
  wanted.visibility = Visibility::public_;
  wanted.sdk = example.sdk;
  CAIRN_CO_TRY(made, co_await services.repos.create(actor, std::move(wanted)));
  co_return made.repo;
}

/// @return "added", or "present" when it is there with its files.
Task<Result<std::string>> add_example(Services& services, Example example) {
  auto actor = examples_actor();
  repo::RepoRef repo;
  auto found =
      co_await services.repos.find(actor, example.kind, full_name(example), repo::Action::write);
  if (found) {
    repo = found->repo;
    // With its first commit alone it was cut off when it was made: go on.
    CAIRN_CO_TRY(head, co_await services.files.resolve(repo, ""));
    if (!head->parents.empty()) co_return "present";
  } else {
    if (found.error().code != ErrorCode::not_found) co_return fail(found.error());
    CAIRN_CO_TRY(made, co_await make_repo(services, actor, example));
    repo = made;
  }
  repo::CommitRequest request;
  request.header.summary = "Add the files of the example";
  request.staging = services.commits.stage();
  CAIRN_CO_TRY(ops, co_await put_files(services, actor, repo, example.files, request.staging));
  request.ops = std::move(ops);
  CAIRN_CO_CHECK(co_await services.commits.commit(actor, repo, "main", std::move(request), false));
  auto tagged = co_await services.files.create_tag(
      actor, repo, {.name = "v1", .revision = "main", .message = "The first version"});
  if (!tagged && tagged.error().word != "RefExists") co_return fail(tagged.error());
  co_return "added";
}

Task<Result<std::string>> remove_example(Services& services, Example example) {
  auto gone = co_await services.repos.remove(examples_actor(), example.kind, full_name(example));
  if (gone) co_return "removed";
  if (gone.error().code == ErrorCode::not_found) co_return "missing";
  co_return fail(gone.error());
}

using ExampleVerb = Task<Result<std::string>> (*)(Services&, Example);

Task<Result<json::value>> for_all(Services& services, ExampleVerb verb) {
  json::array out;
  for (const auto& example : all_examples()) {
    CAIRN_CO_TRY(state, co_await verb(services, example));
    out.push_back(json::object{{"type", json::string_view(to_string(example.kind))},
                               {"name", full_name(example)},
                               {"state", state}});
  }
  co_return json::value(json::object{{"repositories", std::move(out)}});
}

AdminHandler add_all(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_CHECK(co_await services.database.write(ensure_owner));
    co_return co_await for_all(services, add_example);
  };
}

AdminHandler remove_all(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    co_return co_await for_all(services, remove_example);
  };
}

}  // namespace

void add_example_routes(http::Router& router, Services& services) {
  auto add = [&](std::string verb, std::string summary, AdminHandler handler) {
    router.add({.method = http::Method::post,
                .pattern = std::string(prefix) + "/examples/" + verb,
                .operation = "admin.examples." + verb,
                .summary = std::move(summary),
                .scope = "admin",
                .handler = admin_only(services, Who::administrator, std::move(handler))});
  };
  add("add", "Make the example repositories, where they are missing.", add_all(services));
  add("remove", "Delete the example repositories.", remove_all(services));
}

}  // namespace cairn::api::admin
