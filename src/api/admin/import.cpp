#include <fnmatch.h>

#include "api/admin/cache_import.h"
#include "api/admin/handler.h"

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

}  // namespace

void add_import_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::post,
              .pattern = std::string(prefix) + "/import-cache",
              .operation = "admin.import_cache",
              .summary = "Make repositories from a client's cache folder on the hub's machine.",
              .scope = "admin",
              .handler = admin_only(services, Who::system, import_cache(services))});
}

}  // namespace cairn::api::admin
