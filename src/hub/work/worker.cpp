#include "hub/work/worker.h"

#include <atomic>
#include <chrono>
#include <map>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "base/log.h"
#include "hub/work/store.h"

namespace cairn::work {
namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

constexpr std::string_view interrupted_word = "WorkInterrupted";

}  // namespace

Error interrupted() {
  return fail(ErrorCode::unavailable, std::string(interrupted_word),
              "The hub stops; this work goes on after its next start.")
      .error();
}

/// What runs on the strand. Only the atomics are touched from elsewhere.
class Worker::Runner : public std::enable_shared_from_this<Worker::Runner> {
 public:
  Runner(asio::any_io_executor executor, db::Database& database, Options options)
      : strand_(asio::make_strand(executor)),
        changed_(strand_),
        database_(database),
        options_(std::move(options)) {}

  void handle(std::string kind, Handler handler) {
    kinds_.push_back(kind);
    handlers_.emplace(std::move(kind), std::move(handler));
  }

  Task<> loop() {
    for (;;) {
      const bool holds = co_await renew_in_time();
      // When all slots were filled or nothing was due, there is nothing to do but wait.
      if (holds && !stopping && co_await begin_due() > 0 && has_slot()) continue;
      if (stopping && running_.empty()) co_return;
      co_await wait_for_change();
    }
  }

  Task<int> drain_due() {
    int attempts = 0;
    for (;;) {
      const int begun = co_await renew_in_time() ? co_await begin_due() : 0;
      attempts += begun;
      if (begun > 0 && has_slot()) continue;
      if (begun == 0 && running_.empty()) co_return attempts;
      if (!running_.empty()) co_await wait_for_change();
    }
  }

  void wake() {
    asio::post(strand_, [self = shared_from_this()] { self->note_change(); });
  }

  [[nodiscard]] const asio::strand<asio::any_io_executor>& strand() const { return strand_; }

  std::atomic<bool> stopping = false;
  std::atomic<std::uint64_t> finished = 0, failed_attempts = 0, failed = 0, leases_lost = 0;
  std::atomic<int> running_count = 0;

 private:
  [[nodiscard]] bool has_slot() const {
    return static_cast<int>(running_.size()) < options_.concurrency_max;
  }
  void note_change() {
    is_changed_ = true;
    changed_.cancel();
  }

  /// Until an item ends, somebody wakes us, or the poll time is over.
  Task<> wait_for_change() {
    if (!is_changed_) {
      changed_.expires_after(std::chrono::microseconds(options_.poll.us));
      boost::system::error_code cancelled;
      co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
    is_changed_ = false;
  }

  /// Claims what is due into the free slots and starts it. @return how many.
  Task<int> begin_due() {
    const int slots = options_.concurrency_max - static_cast<int>(running_.size());
    if (slots <= 0 || kinds_.empty()) co_return 0;
    auto look = [this](db::Tx& tx) -> Result<bool> { return has_due(tx, kinds_); };
    auto due = co_await database_.read(look);
    if (!due) {
      log::error("work.look_failed", due.error());
      co_return 0;
    }
    if (!*due) co_return 0;
    auto take = [this, slots](db::Tx& tx) -> Result<std::vector<WorkItem>> {
      return claim(tx, kinds_, options_.node, options_.lease, slots);
    };
    auto items = co_await database_.write(take);
    if (!items) {
      log::error("work.claim_failed", items.error());
      co_return 0;
    }
    if (running_.empty()) renewed_at_ = Steady::now();
    for (auto& item : *items) {
      running_.insert_or_assign(item.id, item);
      asio::co_spawn(strand_, run_item(shared_from_this(), std::move(item)), asio::detached);
    }
    running_count = static_cast<int>(running_.size());
    co_return static_cast<int>(items->size());
  }

  /// `self` keeps the runner for as long as the coroutine's frame lives.
  Task<> run_item(std::shared_ptr<Runner> self, WorkItem item) {
    const auto start = Steady::now();
    Result<> result = co_await call_handler(item);
    bool ok = result.has_value();
    if (ok)
      co_await settle_success(item);
    else
      co_await settle_failure(item, std::move(result).error());
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start);
    log::debug("work.ran",
               {{"kind", item.kind}, {"key", item.key}, {"ok", ok}, {"duration_ms", took.count()}});
    running_.erase(item.id);
    running_count = static_cast<int>(running_.size());
    note_change();
  }

  Task<Result<>> call_handler(WorkItem item) {
    std::string what = "an exception that is none of std's";
    try {
      const auto& handler = handlers_.at(item.kind);
      co_return co_await handler(item);
    } catch (const std::exception& thrown) {
      what = thrown.what();
    } catch (...) {
    }
    co_return fail(ErrorCode::internal, "WorkFailed",
                   "The work ended with a bug. An administrator finds it in the hub's log.")
        .with("what", what);
  }

  Task<> settle_success(WorkItem item) {
    auto done = [item](db::Tx& tx) -> Result<> { return finish(tx, item); };
    auto settled = co_await database_.write(done);
    // A handler that called finish() itself has no lease any more, as intended.
    if (settled || settled.error().word == "LeaseLost")
      ++finished;
    else
      log::error("work.settle_failed", settled.error(), {{"kind", item.kind}, {"id", item.id}});
  }

  Task<> settle_failure(WorkItem item, Error error) {
    const bool is_interrupted = error.word == interrupted_word;
    auto undone = [item, error, is_interrupted](db::Tx& tx) -> Result<work::State> {
      if (!is_interrupted) return fail_attempt(tx, item, error);
      CAIRN_CHECK(give_back(tx, item));
      return work::State::pending;
    };
    auto settled = co_await database_.write(undone);
    if (!settled && settled.error().word == "LeaseLost") {
      ++leases_lost;
      log::warning("work.lease_lost", {{"kind", item.kind}, {"key", item.key}, {"id", item.id}});
      co_return;
    }
    if (!settled) {
      // Without the database there is nothing to note; the lease ends and somebody tries again.
      log::error("work.settle_failed", settled.error(), {{"kind", item.kind}, {"id", item.id}});
      co_return;
    }
    if (is_interrupted) co_return;
    ++failed_attempts;
    const bool for_good = *settled == work::State::failed;
    if (for_good) ++failed;
    log::write(for_good ? log::Level::error : log::Level::warning,
               for_good ? "work.failed" : "work.attempt_failed",
               {{"kind", item.kind},
                {"key", item.key},
                {"id", item.id},
                {"attempt", item.attempt},
                {"attempts_max", item.attempts_max}},
               &error);
  }

  /// All leases at once, when a third of their time is over: two more chances before they end.
  /// Before anything is claimed: after an hour without the database, this node's own items would
  /// look abandoned and be begun a second time beside themselves.
  /// @return false when that was due and failed.
  Task<bool> renew_in_time() {
    const auto now = Steady::now();
    if (running_.empty() || now - renewed_at_ < std::chrono::microseconds(options_.lease.us / 3))
      co_return true;
    std::vector<WorkItem> items;
    for (const auto& [id, item] : running_) items.push_back(item);
    auto extend = [items, lease = options_.lease](db::Tx& tx) -> Result<> {
      for (const auto& item : items) renew(tx, item, lease);
      return {};
    };
    auto renewed = co_await database_.write(extend);
    if (renewed)
      renewed_at_ = now;
    else
      log::error("work.renew_failed", renewed.error());
    co_return renewed.has_value();
  }

  asio::strand<asio::any_io_executor> strand_;
  asio::steady_timer changed_;
  bool is_changed_ = false;  ///< A cancel with nobody waiting would be lost.
  db::Database& database_;
  Options options_;
  std::vector<std::string> kinds_;
  std::map<std::string, Handler> handlers_;
  std::map<std::int64_t, WorkItem> running_;
  Steady::time_point renewed_at_ = Steady::now();
};

Worker::Worker(asio::any_io_executor executor, db::Database& database, Options options)
    : runner_(std::make_shared<Runner>(std::move(executor), database, std::move(options))) {}
Worker::~Worker() = default;

void Worker::handle(std::string kind, Handler handler) {
  runner_->handle(std::move(kind), std::move(handler));
}

Task<> Worker::run() {
  auto runner = runner_;
  co_await asio::co_spawn(runner->strand(), runner->loop(), asio::use_awaitable);
}

Task<int> Worker::run_due() {
  auto runner = runner_;
  co_return co_await asio::co_spawn(runner->strand(), runner->drain_due(), asio::use_awaitable);
}

void Worker::stop() {
  runner_->stopping = true;
  runner_->wake();
}

bool Worker::stop_requested() const {
  return runner_->stopping;
}
void Worker::wake() {
  runner_->wake();
}

Worker::Metrics Worker::metrics() const {
  return {.finished = runner_->finished,
          .failed_attempts = runner_->failed_attempts,
          .failed = runner_->failed,
          .leases_lost = runner_->leases_lost,
          .running = runner_->running_count};
}

}  // namespace cairn::work
