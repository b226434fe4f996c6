#pragma once
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/task.h"
#include "hub/work/work.h"

namespace cairn::work {

/// Runs what is due, a bounded number at once, on one executor. Every node has one.
///
/// A handler may be called again for work that it has already done (a crash between effect and
/// finish, a lease that ended): it is idempotent, or commits its effect with finish(). Its error
/// is shown to administrators and tried again; an exception counts as one. It runs on the worker's
/// executor, so what blocks goes through Blocking. Handlers live as long as the worker: a lambda
/// with captures may be a coroutine here.
class Worker {
 public:
  using Handler = std::function<Task<Result<>>(WorkItem)>;

  struct Options {
    std::string node = "local";  ///< Shown as `leased_by`.
    int concurrency_max = 4;
    /// Renewed while a handler runs. If the node dies, another takes over after at most so long.
    Duration lease = seconds(60);
    /// How late work begins that nobody woke this worker for: another node's, retries, `run_at`.
    Duration poll = Duration{500'000};
  };

  /// @param database  outlives the worker.
  Worker(boost::asio::any_io_executor executor, db::Database& database, Options options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Before run(). Work of kinds without a handler is left to nodes that have one.
  void handle(std::string kind, Handler handler);

  /// Runs until stop(), then until the handlers that run have ended. Awaited before destruction.
  Task<> run();
  /// Runs all that is due now, and what that makes due, and returns how many attempts that were.
  /// For tests and commands; not beside run().
  Task<int> run_due();

  /// Begins no more. Any thread.
  void stop();
  /// For long handlers: return interrupted() soon, the work goes on after the start. Any thread.
  [[nodiscard]] bool stop_requested() const;
  /// Looks for work now: `tx.after_commit([&] { worker.wake(); })` after enqueue. Any thread.
  void wake();

  struct Metrics {
    std::uint64_t finished = 0, failed_attempts = 0, failed = 0, leases_lost = 0;
    int running = 0;
  };
  [[nodiscard]] Metrics metrics() const;

 private:
  class Runner;
  std::shared_ptr<Runner> runner_;  ///< Shared with wake() calls that are still on their way.
};

/// What a handler returns that stopped because the hub does: the attempt does not count.
[[nodiscard]] Error interrupted();

}  // namespace cairn::work
