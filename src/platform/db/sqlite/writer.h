#pragma once
#include <thread>

#include "platform/db/job_queue.h"
#include "platform/db/sqlite/connection.h"

namespace cairn::db::sqlite {

/// The one thread that writes. Takes queued jobs into a group: BEGIN IMMEDIATE, a savepoint per
/// job, one COMMIT and so one fsync for all; then every waiter is answered.
class Writer {
 public:
  /// @param connection  for Role::writer.
  Writer(Context& context, const Clock& clock, std::unique_ptr<Connection> connection);
  /// Waits for the group that runs; answers what is queued with `unavailable`.
  ~Writer();

  void submit(Job job) { queue_.push(std::move(job)); }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }

 private:
  struct Member {
    Job job;
    std::vector<std::function<void()>> effects;
    std::optional<EngineFailure> failure;
    bool changes = false;  ///< Its savepoint was released, not rolled back.
  };
  using Group = std::vector<Member>;

  void loop();
  void run_group(Job first);
  /// Fills the group until it closes. @return false when the transaction was lost.
  bool fill(Group& group, Job first);
  /// @return false when the transaction was lost and with it the whole group.
  bool run_member(Member& member, std::size_t& bytes);
  void commit(Group group);
  void give_up(Group group);
  void settle(Group group);
  void refuse(Job first, const Error& error);
  /// Replaces the connection after trouble. @return `unavailable` while that fails.
  Result<> make_ready();
  void tend_wal();
  void give_space_back();

  Context& context_;
  const Clock& clock_;
  std::unique_ptr<Connection> connection_;
  bool suspect_ = false;  ///< The connection met an I/O error.
  std::int64_t next_checkpoint_bytes_;
  JobQueue queue_;
  std::thread thread_;  // Last: it uses the others.
};

}  // namespace cairn::db::sqlite
