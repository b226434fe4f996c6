#include "platform/db/job_queue.h"

#include "platform/db/engine.h"

namespace cairn::db {

void JobQueue::push(Job job) {
  Error refusal;
  {
    std::lock_guard lock(mutex_);
    if (!closed_ && jobs_.size() < jobs_max_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
    refusal = closed_ ? shutting_down()
                      : unavailable("DatabaseBusy",
                                    "Too many requests wait for the database; nothing was saved. "
                                    "Try again shortly.",
                                    1);
  }
  job.done(std::move(refusal));
}

void JobQueue::push_front(std::vector<Job> jobs) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) {
      jobs_.insert(jobs_.begin(), std::make_move_iterator(jobs.begin()),
                   std::make_move_iterator(jobs.end()));
      changed_.notify_all();
      return;
    }
  }
  for (Job& job : jobs) job.done(shutting_down());
}

std::optional<Job> JobQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
  if (jobs_.empty()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::optional<Job> JobQueue::try_pop() {
  std::lock_guard lock(mutex_);
  if (jobs_.empty()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

std::vector<Job> JobQueue::take_all() {
  std::lock_guard lock(mutex_);
  std::vector<Job> all(std::make_move_iterator(jobs_.begin()),
                       std::make_move_iterator(jobs_.end()));
  jobs_.clear();
  return all;
}

void JobQueue::close() {
  std::deque<Job> left;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(jobs_);
    changed_.notify_all();
  }
  for (Job& job : left) job.done(shutting_down());
}

std::size_t JobQueue::size() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace cairn::db
