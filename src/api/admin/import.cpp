#include <fnmatch.h>

#include "api/admin/cache_import.h"
#include "api/admin/handler.h"
#include "api/imports/imports.h"

namespace cairn::api::admin {
namespace {

struct ImportIn {
  std::string path;
  std::optional<std::string> owner, only, entry;
  std::optional<bool> dry_run;
};
BOOST_DESCRIBE_STRUCT(ImportIn, (), (path, owner, only, entry, dry_run))

constexpr std::size_t pattern_bytes_max = 256;

bool wanted(const ImportIn& in, const CacheEntry& entry) {
  return !in.only || ::fnmatch(in.only->c_str(), entry.original().c_str(), 0) == 0;
}

AdminHandler import_cache(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<ImportIn>());
    if (in.only && in.only->size() > pattern_bytes_max)
      co_return fail(ErrorCode::invalid_argument, "InvalidRequest",
                     "\"only\" is a pattern of at most 256 bytes.");
    auto list = [in]() -> Result<std::pair<std::string, std::vector<std::string>>> {
      CAIRN_TRY(root, find_cache(in.path));
      if (in.entry) return std::pair(root, std::vector{*in.entry});
      CAIRN_TRY(folders, list_entries(root));
      return std::pair(root, folders);
    };
    CAIRN_CO_TRY(found, co_await services.blocking.run(list));
    std::string root = found.first;
    json::array entries;
    for (const auto& folder : found.second) {
      auto read = [root, folder] { return read_entry(root, folder); };
      CAIRN_CO_TRY(entry, co_await services.blocking.run(read));
      if (!wanted(in, entry)) continue;
      CacheImport import(services, root, std::move(entry), in.owner);
      CAIRN_CO_TRY(report, co_await import.run(in.dry_run.value_or(false)));
      entries.push_back(std::move(report));
    }
    co_return json::value(json::object{{"path", root}, {"entries", std::move(entries)}});
  };
}

struct RepoImportIn {
  std::string source;  ///< A URL, or a folder of this machine.
  std::optional<std::string> type, name, visibility, token, username;
};
BOOST_DESCRIBE_STRUCT(RepoImportIn, (), (source, type, name, visibility, token, username))

/// Without a running hub nothing else would do the work.
AdminHandler start_import(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(in, co_await request.read_json<RepoImportIn>());
    bool is_url = in.source.contains("://");
    CAIRN_CO_TRY(wanted, imports::decode({is_url ? in.source : "", in.type, in.name, in.visibility,
                                          in.token, in.username}));
    if (!is_url) wanted.path = in.source;
    CAIRN_CO_TRY(import, co_await services.imports.start(std::move(actor), std::move(wanted)));
    if (!services.imports.has_worker()) {
      CAIRN_CO_TRY(ended, co_await services.imports.run_now(import.public_id));
      import = std::move(ended);
    }
    auto out = imports::import_json(import);
    out["goesOn"] = services.imports.has_worker();
    co_return json::value(std::move(out));
  };
}

AdminHandler look_at_import(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    CAIRN_CO_TRY(import, co_await services.imports.find(std::move(actor), id));
    co_return json::value(imports::import_json(import));
  };
}

AdminHandler list_imports(Services& services) {
  return [&services](http::Request&, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(all, co_await services.imports.list(std::move(actor)));
    json::array items;
    for (const auto& import : all) items.push_back(imports::import_json(import));
    co_return json::value(json::object{{"items", std::move(items)}});
  };
}

AdminHandler remove_import(Services& services) {
  return [&services](http::Request& request, account::Actor actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    CAIRN_CO_CHECK(co_await services.imports.remove(std::move(actor), id));
    co_return json::value(json::object{{"id", id.hex}, {"removed", true}});
  };
}

}  // namespace

void add_import_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services, Who::system);
  using http::Method;
  add(Method::post, "/import-cache", "import_cache",
      "Make repositories from a client's cache folder on the hub's machine.",
      import_cache(services));
  add(Method::post, "/imports", "import.start",
      "Makes a repository from one elsewhere, or from a folder of the hub's machine.",
      start_import(services));
  add(Method::get, "/imports", "import.list", "The operator's imports.", list_imports(services));
  add(Method::get, "/imports/{id}", "import.look", "How far an import is.",
      look_at_import(services));
  add(Method::delete_, "/imports/{id}", "import.remove",
      "Cancels an import that goes on, or forgets one that is over.", remove_import(services));
}

}  // namespace cairn::api::admin
