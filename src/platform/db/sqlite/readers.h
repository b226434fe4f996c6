#pragma once
#include <thread>

#include "platform/db/job_queue.h"
#include "platform/db/sqlite/connection.h"

namespace cairn::db::sqlite {

/// Threads that read, each with a read-only connection of its own; one snapshot per job.
class Readers {
 public:
  Readers(Context& context, const Clock& clock);
  /// Waits for the jobs that run; answers what is queued with `unavailable`.
  ~Readers();

  void submit(Job job) { queue_.push(std::move(job)); }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

 private:
  void loop();
  void run(std::unique_ptr<Connection>& connection, Job job);
  Result<> make_ready(std::unique_ptr<Connection>& connection);
  std::optional<EngineFailure> run_on(Connection& connection, const Job& job,
                                      std::vector<std::function<void()>>& effects);

  Context& context_;
  const Clock& clock_;
  JobQueue queue_;
  std::vector<std::thread> threads_;  // Last: they use the others.
};

}  // namespace cairn::db::sqlite
