#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "platform/db/db.h"

namespace cairn::db {

/// Jobs that wait for a database thread, first come, first served. Any thread.
/// A job that finds the queue full or closed is answered with `unavailable` at once.
class JobQueue {
 public:
  explicit JobQueue(std::size_t jobs_max) : jobs_max_(jobs_max) {}

  void push(Job job);
  /// Puts jobs back that were taken and have to run again, before all others. Never refused.
  void push_front(std::vector<Job> jobs);
  /// Waits for a job. @return nothing once the queue is closed.
  std::optional<Job> pop();
  std::optional<Job> try_pop();
  std::vector<Job> take_all();
  /// Wakes who waits in pop() and answers the jobs that nobody took.
  void close();
  [[nodiscard]] std::size_t size() const;

 private:
  const std::size_t jobs_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool closed_ = false;
};

}  // namespace cairn::db
