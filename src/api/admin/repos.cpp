#include "api/admin/handler.h"
#include "base/text.h"

namespace cairn::api::admin {
namespace {

struct RestoreIn {
  std::string id;
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(RestoreIn, (), (id, name))

json::object repo_json(const repo::Repo& repo) {
  json::object out{{"type", json::string_view(to_string(repo.kind))},
                   {"name", repo.name},
                   {"id", repo.public_id.hex},
                   {"visibility", json::string_view(to_string(repo.visibility))},
                   {"storage", repo.storage_bytes},
                   {"updated", to_rfc3339(repo.updated_at)}};
  if (repo.deleted_at) out["deleted"] = to_rfc3339(*repo.deleted_at);
  if (repo.purge_at) out["restorable_until"] = to_rfc3339(*repo.purge_at);
  return out;
}

struct ExportIn {
  std::string path;
};
BOOST_DESCRIBE_STRUCT(ExportIn, (), (path))

/// The operator acts on everybody's repositories, which an administrator's own rights do not reach;
/// the change still tells who asked.
account::Actor operator_for(const account::Actor& actor) {
  account::Actor out = account::Actor::system();
  out.request_id = actor.request_id;
  out.address = actor.address;
  if (actor.has_user()) out.on_behalf_of = actor.user;
  return out;
}

AdminHandler list(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    json::array out;
    if (request.query_flag("deleted")) {
      CAIRN_CO_TRY(gone, co_await services.repos.deleted(operator_for(actor), std::nullopt));
      for (const auto& repo : gone) out.push_back(repo_json(repo));
      co_return json::value(json::object{{"items", std::move(out)}});
    }
    RepoId after{parse_int(request.query("after").value_or("0")).value_or(0)};
    auto read = [after](db::Tx& tx) -> Result<std::vector<repo::Repo>> {
      return repo::all_repos(tx, after, page_max);
    };
    CAIRN_CO_TRY(repos, co_await services.database.read(read));
    for (const auto& repo : repos) out.push_back(repo_json(repo));
    co_return page(std::move(out), repos.empty() ? "" : std::to_string(repos.back().id.value));
  };
}

AdminHandler remove(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    auto kind = parse_repo_kind(request.param("kind"));
    if (!kind)
      co_return fail(ErrorCode::invalid_argument, "InvalidType",
                     "A type is model, dataset, space or kernel.");
    std::string name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
    CAIRN_CO_TRY(gone, co_await services.repos.remove(operator_for(actor), *kind, name));
    co_return json::value(repo_json(gone));
  };
}

AdminHandler restore(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<RestoreIn>());
    CAIRN_CO_TRY(id, parse_public_id(in.id));
    CAIRN_CO_TRY(back, co_await services.repos.restore(operator_for(actor), id, in.name));
    co_return json::value(repo_json(*back));
  };
}

/// A bare git folder that any git can clone, at the hub's machine. Large files stay pointers.
AdminHandler export_repo(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<ExportIn>());
    auto kind = parse_repo_kind(request.param("kind"));
    if (!kind || !in.path.starts_with('/'))
      co_return fail(ErrorCode::invalid_argument, "InvalidPath",
                     "Give a type (model, dataset, space, kernel) and the absolute path of a "
                     "folder that does not exist yet.");
    std::string name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
    CAIRN_CO_TRY(found, co_await services.repos.find(operator_for(actor), *kind, name,
                                                     access::Action::read_content));
    auto write = [&services, id = found.repo->id, path = in.path] {
      return services.history.export_bare(id, path);
    };
    CAIRN_CO_CHECK(co_await services.blocking.run(write));
    co_return json::value(json::object{{"name", found.repo->name}, {"path", in.path}});
  };
}

AdminHandler stats(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    struct Numbers {
      account::OwnerCounts owners;
      std::int64_t repos = 0, bytes = 0;
    };
    auto read = [](db::Tx& tx) -> Result<Numbers> {
      Numbers out;
      out.owners = account::count_owners(tx);
      for (RepoId after{0};;) {
        auto page = repo::all_repos(tx, after, 1000);
        if (page.empty()) return out;
        for (const auto& repo : page) {
          ++out.repos;
          out.bytes += repo.storage_bytes;
        }
        after = page.back().id;
      }
    };
    CAIRN_CO_TRY(n, co_await services.database.read(read));
    CAIRN_CO_TRY(chunked, co_await services.xet.stats());
    co_return json::value(json::object{{"users", n.owners.users},
                                       {"organizations", n.owners.organizations},
                                       {"tokens", n.owners.tokens},
                                       {"repositories", n.repos},
                                       {"storage_bytes", n.bytes},
                                       {"chunked_files", chunked.files},
                                       {"chunked_bytes", chunked.logical_bytes},
                                       {"chunked_stored_bytes", chunked.stored_bytes}});
  };
}

}  // namespace

void add_repo_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services);
  using http::Method;
  add(Method::get, "/repos", "repos.list",
      "Repositories, or with deleted=1 those that can come back.", list(services));
  add(Method::delete_, "/repos/{kind}/{ns}/{name}", "repos.delete", "Delete a repository.",
      remove(services));
  add(Method::post, "/repos/restore", "repos.restore", "Bring a deleted repository back.",
      restore(services));
  add(Method::post, "/repos/{kind}/{ns}/{name}/export", "repos.export",
      "Write a repository as a bare git folder.", export_repo(services), Who::system);
  add(Method::get, "/stats", "stats", "How much there is.", stats(services));
}

}  // namespace cairn::api::admin
