#include "api/admin/handler.h"

namespace cairn::api::admin {
namespace {

// An answer lists this many findings; the count tells of the rest.
constexpr std::size_t findings_max = 1000;

struct Report {
  json::array findings;
  std::int64_t errors = 0, notes = 0, repos = 0;

  void add(bool is_error, std::string where, std::string what) {
    ++(is_error ? errors : notes);
    if (findings.size() < findings_max)
      findings.push_back(json::object{{"error", is_error}, {"where", where}, {"what", what}});
  }
  [[nodiscard]] json::value to_json() const {
    return json::object{
        {"repositories", repos}, {"errors", errors}, {"notes", notes}, {"findings", findings}};
  }
};

/// Everything a repository promises about its history, and that each large file it names is linked.
Result<> check_repo(Services& services, const repo::Repo& repo, Report& report) {
  ++report.repos;
  std::string where = std::string(to_string(repo.kind)) + " " + repo.name;
  CAIRN_TRY(found, services.history.check(repo.id));
  for (const auto& f : found) report.add(f.is_error, where, f.what);
  CAIRN_TRY(large, services.history.large_files(repo.id));
  std::vector<std::string> purged;
  auto read = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
    std::vector<std::string> missing;
    purged.clear();
    for (const auto& file : large) {
      auto linked = lfs::linked(tx, repo.id, file.sha256);
      bool there = linked && linked->size_bytes == file.size_bytes;
      if (!there)
        (repo::was_purged(tx, repo.id, file.sha256) ? purged : missing)
            .push_back(file.sha256.hex());
    }
    return missing;
  };
  CAIRN_TRY(missing, services.database.read_now(read));
  for (const auto& sha : missing)
    report.add(true, where, "large file " + sha + " is in the history and not in the store");
  for (const auto& sha : purged)
    report.add(false, where, "large file " + sha + " was deleted for good; the history names it");
  return {};
}

Result<> check_repos(Services& services, Report& report, bool deleted) {
  for (RepoId after{0};;) {
    auto read = [&](db::Tx& tx) -> Result<std::vector<repo::Repo>> {
      return deleted ? repo::all_deleted_repos(tx, after, 100) : repo::all_repos(tx, after, 100);
    };
    CAIRN_TRY(page, services.database.read_now(read));
    if (page.empty()) return {};
    for (const auto& repo : page) CAIRN_CHECK(check_repo(services, repo, report));
    after = page.back().id;
  }
}

AdminHandler fsck(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    bool deep = request.query_flag("deep");
    auto report = std::make_shared<Report>();
    auto check = [&services, report]() -> Result<> {
      CAIRN_CHECK(services.database.check());
      CAIRN_CHECK(check_repos(services, *report, false));
      return check_repos(services, *report, true);
    };
    CAIRN_CO_CHECK(co_await services.blocking.run(check));
    auto add = [report](lfs::Finding f) {
      report->add(f.is_error, "large files", f.what + (f.key.empty() ? "" : " (" + f.key + ")"));
    };
    CAIRN_CO_CHECK(co_await services.large_files.check(add));
    auto add_chunked = [report](xet::Finding f) {
      report->add(f.is_error, "files in chunks",
                  f.what + (f.key.empty() ? "" : " (" + f.key + ")"));
    };
    CAIRN_CO_CHECK(co_await services.xet.check(deep, add_chunked));
    co_return report->to_json();
  };
}

/// Writes packs anew without rewritten history. Repositories whose refs keep moving, or that are
/// being indexed, have their turn with the next collection.
Task<Result<>> collect_unreached(Services& services, Duration grace) {
  struct Page {
    std::vector<repo::Repo> repos;
    Time now;
  };
  for (RepoId after{0};;) {
    auto read = [after](db::Tx& tx) -> Result<Page> {
      return Page{repo::all_repos(tx, after, 100), tx.now()};
    };
    CAIRN_CO_TRY(page, co_await services.database.read(read));
    if (page.repos.empty()) co_return Result<>{};
    for (const auto& repo : page.repos) {
      auto done = co_await services.operations.collect(repo.id, page.now - grace, true);
      if (!done && done.error().code != ErrorCode::unavailable) co_return done;
    }
    after = page.repos.back().id;
  }
}

AdminHandler gc(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    bool dry_run = request.query_flag("dry_run");
    Duration grace = services.gc_grace;
    std::uint64_t repacked = 0;
    while (!dry_run && request.query_flag("repack")) {
      CAIRN_CO_TRY(done, co_await services.xet.repack_next(Duration{0}));
      if (done.bytes == 0) break;
      repacked += done.bytes;
    }
    if (!dry_run) {
      CAIRN_CO_CHECK(co_await services.large_files.expire_uploads(100'000));
      CAIRN_CO_CHECK(co_await services.repos.purge_due(10'000));
      CAIRN_CO_CHECK(co_await collect_unreached(services, grace));
      CAIRN_CO_CHECK(co_await services.operations.collect_waiting(grace));
    }
    auto sweep = [&services, grace, dry_run] { return services.history.sweep(grace, dry_run); };
    CAIRN_CO_TRY(history, co_await services.blocking.run(sweep));
    CAIRN_CO_TRY(large, co_await services.large_files.collect(grace, dry_run));
    CAIRN_CO_TRY(chunked, co_await services.xet.collect(grace, dry_run));
    co_return json::value(
        json::object{{"dry_run", dry_run},
                     {"repacked_bytes", repacked},
                     {"objects", history.objects + large.objects + chunked.objects},
                     {"bytes", history.bytes + large.bytes + chunked.bytes}});
  };
}

AdminHandler reseal(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    CAIRN_CO_TRY(count, co_await services.space_values.reseal());
    co_return json::value(json::object{{"resealed", count}});
  };
}

AdminHandler backup(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    std::string path(request.query("path").value_or(""));
    if (!path.starts_with('/'))
      co_return fail(ErrorCode::invalid_argument, "InvalidPath",
                     "Give the absolute path of a file that does not exist yet.");
    auto copy = [&services, path] { return services.database.backup_to(path); };
    CAIRN_CO_CHECK(co_await services.blocking.run(copy));
    co_return json::value(json::object{{"path", path}, {"done", true}});
  };
}

}  // namespace

void add_check_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services, Who::system);
  using http::Method;
  add(Method::post, "/fsck", "fsck", "Check every promise about what is stored.", fsck(services));
  add(Method::post, "/gc", "gc", "Delete what nothing leads to, after its grace.", gc(services));
  add(Method::post, "/secrets/rotate", "secrets.rotate",
      "Seal every secret under the current root key.", reseal(services));
  add(Method::post, "/backup", "backup", "Write a consistent copy of the database.",
      backup(services));
}

}  // namespace cairn::api::admin
