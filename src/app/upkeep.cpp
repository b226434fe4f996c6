#include "app/upkeep.h"

#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>

#include "base/log.h"
#include "base/text.h"
#include "hub/work/worker.h"

namespace cairn::app {
namespace {

void report(std::string_view what, const Result<>& result) {
  if (!result) log::error(what, result.error());
}
template <class T>
void report(std::string_view what, const Result<T>& result) {
  if (!result) log::error(what, result.error());
}

Task<> flush_counters(Hub& hub) {
  report("upkeep.downloads.failed", co_await hub.repos.flush_counters());
  report("upkeep.tokens.failed", co_await hub.accounts.flush());
  if (hub.database->engine() != db::Engine::sqlite)
    report("upkeep.settings.failed", co_await hub.settings.refresh());
}

Task<> read_lists(Hub& hub) {
  report("upkeep.lists.failed", co_await hub.repos.load_lists());
}

Task<> each_minute(Hub& hub) {
  report("upkeep.uploads.failed", co_await hub.large_files.expire_uploads(1000));
  auto tidy = [&hub] {
    hub.fetches.tidy();
    if (auto freed = hub.history->trim_cache()) log::info("upkeep.packs", {{"bytes", freed}});
  };
  co_await hub.blocking.run(tidy);
  report("upkeep.repos.failed", co_await hub.repos.purge_due(10));
  auto owners = [&hub](db::Tx& tx) {
    for (OwnerId owner : hub.accounts.owners_due(tx, 10)) {
      hub.repos.owner_purged(tx, owner);
      hub.people.owner_purged(tx, owner);
      hub.keys.owner_purged(tx, owner);
      hub.imports.owner_purged(tx, owner);
      hub.locks.owner_purged(tx, owner);
      hub.publishers.owner_purged(tx, owner);
    }
    return hub.accounts.purge_owners(tx, 10);
  };
  report("upkeep.owners.failed", co_await hub.database->write(owners));
  auto consents = [&hub](db::Tx& tx) { return hub.oauth.tidy(tx); };
  report("upkeep.oauth.failed", co_await hub.database->write(consents));
  auto ended = [&hub](db::Tx& tx) { return hub.publishers.tidy(tx); };
  report("upkeep.publishers.failed", co_await hub.database->write(ended));
  report("upkeep.people.failed", co_await hub.people.forget_old());
}

/// What comes again: one row like any other, so `cairn admin work list` shows when.
Result<> plan_next(db::Tx& tx, std::string_view kind, std::string_view key, Duration from_now) {
  work::NewWork next;
  next.kind = kind;
  next.key = key;
  next.run_at = tx.now() + from_now;
  work::enqueue(tx, next);
  return {};
}

constexpr std::string_view collect_kind = "hub.gc";

Result<> plan_collection(db::Tx& tx) {
  return plan_next(tx, collect_kind, "daily", hours(24));
}

constexpr std::string_view roll_kind = "repo.figures";
/// Trending decays by the day, so nobody sees a difference sooner.
constexpr Duration roll_every = minutes(10);

Result<> plan_rolling(db::Tx& tx, Duration after) {
  return plan_next(tx, roll_kind, "rolling", after);
}

Task<Result<>> roll_figures(Hub& hub) {
  CAIRN_CO_TRY(moved, co_await hub.repos.roll_figures());
  if (moved) log::info("upkeep.figures", {{"moved", moved}});
  auto plan = [](db::Tx& tx) { return plan_rolling(tx, roll_every); };
  co_return co_await hub.database->write(plan);
}

Task<Result<>> collect_garbage(Hub& hub) {
  Duration grace = hours(hub.config.gc_grace_hours);
  auto sweep = [&hub, grace] { return hub.history->sweep(grace, false); };
  CAIRN_CO_TRY(history, co_await hub.blocking.run(sweep));
  CAIRN_CO_TRY(large, co_await hub.large_files.collect(grace, false));
  CAIRN_CO_TRY(chunked, co_await hub.xet.collect(grace, false));
  auto unfinished = [&hub] { return hub.objects->sweep_unfinished(hours(48)); };
  CAIRN_CO_TRY(files, co_await hub.blocking.run(unfinished));
  log::info("upkeep.collected", {{"objects", history.objects + large.objects + chunked.objects},
                                 {"bytes", history.bytes + large.bytes + chunked.bytes},
                                 {"unfinished", files}});
  auto plan = [kept = days(hub.config.restorable_days)](db::Tx& tx) {
    repo::plan_unnamed(tx, kept);
    return plan_collection(tx);
  };
  co_return co_await hub.database->write(plan);
}

/// The repository that an item of work is about.
Result<RepoId> repo_of(const work::WorkItem& item) {
  auto number = parse_int(std::string_view(item.key).substr(0, item.key.find('.')));
  if (!number)
    return fail(ErrorCode::internal, "InvalidWork", "The work names no repository.")
        .with("key", item.key);
  return RepoId{*number};
}

Task<Result<>> inspect_repo(Hub& hub, work::WorkItem item) {
  CAIRN_CO_TRY(repo, repo_of(item));
  co_return co_await hub.inspector.inspect(repo, repo::Depth::everything);
}

Task<Result<>> collect_repo(Hub& hub, work::WorkItem item) {
  CAIRN_CO_TRY(repo, repo_of(item));
  auto now = [](db::Tx& tx) -> Result<Time> { return tx.now(); };
  CAIRN_CO_TRY(at, co_await hub.database->read(now));
  co_return co_await hub.operations.collect(repo, at - days(hub.config.restorable_days));
}

constexpr std::string_view cut_kind = "hub.xet.cut";
/// A file that came whole stays so for a while: it may be the first of many commits of a branch
/// that is thrown away, and downloads of what is new go out fastest.
constexpr Duration cut_age_min = hours(1);

Result<> plan_cut(db::Tx& tx, Duration from_now) {
  return plan_next(tx, cut_kind, "next", from_now);
}

/// One file, then the next one in its turn, so that other work is not kept waiting.
Task<Result<>> cut_whole_files(Hub& hub) {
  std::uint64_t cut = 0;
  if (auto least = static_cast<std::uint64_t>(hub.config.xet_cut_bytes_min); least > 0) {
    auto done = co_await hub.xet.chunk_next(least, cut_age_min);
    report("upkeep.cut.failed", done);
    cut = done.value_or(0);
  }
  auto plan = [cut](db::Tx& tx) { return plan_cut(tx, cut > 0 ? seconds(1) : minutes(10)); };
  co_return co_await hub.database->write(plan);
}

constexpr std::string_view repack_kind = "hub.xet.repack";
/// A file that stayed without a next version so long is worth being written together.
constexpr Duration repack_age_min = days(7);

Result<> plan_repack(db::Tx& tx, Duration from_now) {
  return plan_next(tx, repack_kind, "next", from_now);
}

/// One file or some xorbs, then other work has its turn; once a day when nothing is left.
Task<Result<>> repack_chunks(Hub& hub) {
  auto done = co_await hub.xet.repack_next(repack_age_min);
  report("upkeep.repack.failed", done);
  bool more = done && done->bytes > 0;
  auto plan = [more](db::Tx& tx) { return plan_repack(tx, more ? seconds(1) : hours(24)); };
  co_return co_await hub.database->write(plan);
}

constexpr std::string_view sheets_kind = "history.sheets";
constexpr std::string_view merge_kind = "history.merge";
/// Planned by hubs of before 2026-12, for what pushes left behind.
constexpr std::string_view drop_kind = "history.collect";

/// What a crash or a duplicate left without listings: asked once, at the start.
Result<> plan_sheets(Hub& hub) {
  RepoId after{0};
  for (;;) {
    constexpr int step = 500;
    auto plan = [&](db::Tx& tx) -> Result<std::vector<RepoId>> {
      auto repos = hub.history->without_sheets(tx, after, step);
      for (RepoId repo : repos) {
        work::NewWork next;
        next.kind = sheets_kind;
        next.key = std::to_string(repo.value);
        work::enqueue(tx, next);
      }
      return repos;
    };
    CAIRN_TRY(planned, hub.database->write_now(plan));
    if (planned.empty()) return {};
    after = planned.back();
  }
}

Task<Result<>> build_sheets(Hub& hub, const work::Worker& worker, work::WorkItem item) {
  CAIRN_CO_TRY(repo, repo_of(item));
  auto build = [&hub, &worker, repo] {
    return hub.history->build_sheets(repo, [&worker] { return worker.stop_requested(); });
  };
  CAIRN_CO_TRY(done, co_await hub.blocking.run(build));
  if (!done) co_return std::unexpected(work::interrupted());
  co_return Result<>{};
}

Task<Result<>> merge_packs(Hub& hub, work::WorkItem item) {
  CAIRN_CO_TRY(repo, repo_of(item));
  CAIRN_CO_CHECK(co_await hub.history->merge_packs(repo));
  co_return Result<>{};
}

}  // namespace

struct Upkeep::Loop {
  static work::Worker::Options imports_options() {
    work::Worker::Options out;
    out.concurrency_max = 2;
    return out;
  }
  Loop(const boost::asio::any_io_executor& executor, db::Database& database)
      : timer(executor),
        worker(executor, database, {}),
        imports(executor, database, imports_options()) {}
  boost::asio::steady_timer timer;
  work::Worker worker;
  /// Beside the rest: an import takes hours, and the packs it brings want merging meanwhile.
  work::Worker imports;
  std::atomic<bool> stopping = false;
  std::future<void> ended, worker_ended, imports_ended;
};

Upkeep::Upkeep(Hub& hub, boost::asio::any_io_executor executor)
    : hub_(hub), executor_(executor), loop_(std::make_shared<Loop>(executor, *hub.database)) {}
Upkeep::~Upkeep() {
  stop();
}

Result<> Upkeep::plan(Hub& hub) {
  auto plan = [](db::Tx& tx) -> Result<> {
    // SQLite is this process's alone, so what was running when it began is not.
    if (tx.engine() == db::Engine::sqlite) work::end_leases(tx);
    CAIRN_CHECK(plan_collection(tx));
    CAIRN_CHECK(plan_cut(tx, minutes(10)));
    CAIRN_CHECK(plan_repack(tx, hours(1)));
    return plan_rolling(tx, minutes(1));
  };
  CAIRN_CHECK(plan_sheets(hub));
  return hub.database->write_now(plan);
}

void Upkeep::start() {
  auto run = [](Hub& hub, std::shared_ptr<Loop> loop) -> Task<> {
    co_await read_lists(hub);
    for (int second = 1; !loop->stopping; ++second) {
      boost::system::error_code ignored;
      loop->timer.expires_after(std::chrono::seconds(1));
      co_await loop->timer.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      if (loop->stopping) co_return;
      co_await flush_counters(hub);
      report("upkeep.lists.failed", co_await hub.repos.refresh_lists());
      if (second % 60 == 0) co_await each_minute(hub);
    }
  };
  loop_->worker.handle(std::string(repo::inspect_work),
                       [this](work::WorkItem item) { return inspect_repo(hub_, std::move(item)); });
  loop_->worker.handle(std::string(repo::collect_work),
                       [this](work::WorkItem item) { return collect_repo(hub_, std::move(item)); });
  loop_->worker.handle(std::string(collect_kind),
                       [this](work::WorkItem) { return collect_garbage(hub_); });
  loop_->worker.handle(std::string(cut_kind),
                       [this](work::WorkItem) { return cut_whole_files(hub_); });
  loop_->worker.handle(std::string(repack_kind),
                       [this](work::WorkItem) { return repack_chunks(hub_); });
  auto& worker = loop_->worker;
  worker.handle(std::string(sheets_kind), [this, &worker](work::WorkItem item) {
    return build_sheets(hub_, worker, std::move(item));
  });
  worker.handle(std::string(merge_kind),
                [this](work::WorkItem item) { return merge_packs(hub_, std::move(item)); });
  worker.handle(std::string(drop_kind),
                [this](work::WorkItem item) { return collect_repo(hub_, std::move(item)); });
  worker.handle(std::string(roll_kind), [this](work::WorkItem) { return roll_figures(hub_); });
  worker.handle(std::string(mail::Mail::work_kind),
                [this](work::WorkItem item) { return hub_.mail.deliver(std::move(item)); });
  worker.handle(std::string(community::AccessMail::work_kind), [this](work::WorkItem item) {
    return hub_.community.access_mail.send_digest(std::move(item));
  });
  auto& importer = loop_->imports;
  importer.handle(std::string(imports::work_kind), [this, &importer](work::WorkItem item) {
    return hub_.imports.run(std::move(item), [&importer] { return importer.stop_requested(); });
  });
  hub_.imports.set_has_worker();
  loop_->ended = boost::asio::co_spawn(executor_, run(hub_, loop_), boost::asio::use_future);
  loop_->worker_ended =
      boost::asio::co_spawn(executor_, loop_->worker.run(), boost::asio::use_future);
  loop_->imports_ended =
      boost::asio::co_spawn(executor_, loop_->imports.run(), boost::asio::use_future);
}

void Upkeep::add_metrics(http::Metrics& metrics) {
  auto number = [&](const char* name, const char* help, auto work::Worker::Metrics::* member) {
    // Not a share of it: the numbers outlive the context that its timers belong to.
    metrics.gauge(name, help, [weak = std::weak_ptr(loop_), member] {
      auto loop = weak.lock();
      if (!loop) return 0.0;
      return static_cast<double>(loop->worker.metrics().*member) +
             static_cast<double>(loop->imports.metrics().*member);
    });
  };
  number("cairn_work_running", "Background work that runs now", &work::Worker::Metrics::running);
  number("cairn_work_finished", "Background work finished", &work::Worker::Metrics::finished);
  number("cairn_work_failed", "Background work that was given up", &work::Worker::Metrics::failed);
  number("cairn_work_failed_attempts", "Attempts at background work that failed",
         &work::Worker::Metrics::failed_attempts);
}

void Upkeep::stop() {
  if (loop_->stopping.exchange(true) || !loop_->ended.valid()) return;
  boost::asio::post(executor_, [loop = loop_] { loop->timer.cancel(); });
  loop_->worker.stop();
  loop_->imports.stop();
  loop_->ended.wait();
  loop_->worker_ended.wait();
  loop_->imports_ended.wait();
}

void Upkeep::flush() {
  boost::asio::io_context io;
  boost::asio::co_spawn(io, flush_counters(hub_), boost::asio::use_future);
  io.run();
}

}  // namespace cairn::app
