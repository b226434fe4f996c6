#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/task.h"
#include "hub/repo/list_index.h"
#include "hub/repo/list_store.h"
#include "platform/db/db.h"

/// Keeps a ListIndex in step with the database, exactly: whatever was committed before a list is
/// asked for, on any node, is in it.
///
/// SQLite: this process makes every change, and says so (`changed`) before the change is
/// acknowledged; the next list reads what changed in its own transaction. PostgreSQL: each change
/// leaves a row in `repo_changes` with its transaction's id; a list reads those of transactions
/// that the last reading could not see.
namespace cairn::repo {

class Lists {
 public:
  explicit Lists(db::Database& database) : database_(database) {}

  // ---- Changes, called after a commit is durable and before it is acknowledged ----
  void changed(RepoId id);
  /// Only figures moved: no need to read the row again.
  void figures_changed(const IndexRow& row);

  // ---- Lists ----
  /// To be called before the transaction of a list begins.
  [[nodiscard]] std::uint64_t begin() const { return changes_.load(); }
  /// Brings the index up to date with the transaction's snapshot, or at least to `begun`.
  /// @return false when that would take long, or the tables were not read yet: SQL must answer.
  [[nodiscard]] bool refresh(db::Tx& tx, std::uint64_t begun);
  [[nodiscard]] const ListIndex& index() const { return index_; }
  [[nodiscard]] bool ready() const { return ready_.load(); }

  // ---- In the background ----
  /// Reads all tables, in steps. Once; SQL answers lists until it is done.
  Task<Result<>> load();
  /// Reads what changed since, however much it is, so that lists find little to do.
  Task<Result<>> catch_up();

 private:
  /// As much as a list may read on its way: about 2 ms.
  static constexpr int changes_on_the_way = 250;
  static constexpr int step = 1000;

  bool refresh_from_memory(db::Tx& tx, std::uint64_t begun, int most);
  bool refresh_from_rows(db::Tx& tx);
  void read_again(db::Tx& tx, const std::vector<RepoId>& ids, std::uint64_t mark);
  Task<Result<>> catch_up_from_memory();
  Task<Result<>> catch_up_from_rows();
  void move_horizon(std::int64_t to);

  db::Database& database_;
  ListIndex index_;
  std::atomic<bool> ready_ = false;
  /// SQLite: how often something changed; PostgreSQL does not look at it.
  std::atomic<std::uint64_t> changes_ = 1;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::uint64_t> due_;  ///< To be read again, and since when.
  /// PostgreSQL: what transactions below it changed is in the index.
  std::atomic<std::int64_t> horizon_ = 0;
};

}  // namespace cairn::repo
