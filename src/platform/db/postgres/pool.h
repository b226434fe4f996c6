#pragma once
#include <thread>

#include "platform/db/job_queue.h"
#include "platform/db/postgres/connection.h"

namespace cairn::db::postgres {

/// Threads that read or write, each with a connection of its own. A function that lost a race runs
/// again; a connection that was lost is made anew.
class Pool {
 public:
  Pool(Context& context, Role role, int connections);
  /// Waits for the jobs that run; answers what is queued with `unavailable`.
  ~Pool();

  void submit(Job job) { queue_.push(std::move(job)); }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

 private:
  using Effects = std::vector<std::function<void()>>;

  void loop();
  /// Runs the job until it is done, or the error is one that running again does not help.
  std::optional<Error> run(std::unique_ptr<Connection>& connection, const Job& job);
  std::optional<EngineFailure> run_once(Connection& connection, const Job& job, Effects& effects);
  Result<> make_ready(std::unique_ptr<Connection>& connection);

  Context& context_;
  const Role role_;
  JobQueue queue_;
  std::vector<std::thread> threads_;  // Last: they use the others.
};

}  // namespace cairn::db::postgres
