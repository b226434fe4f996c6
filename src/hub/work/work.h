#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "platform/db/db.h"

/// Background work: a table, so that it survives a crash and is begun by the transaction that needs
/// it (DESIGN 3.6). `worker.h` runs it.
namespace cairn::work {

[[nodiscard]] std::vector<db::Migration> work_migrations();

struct NewWork {
  std::string kind;  ///< "history.merge": the module, then what is to be done.
  /// What it is about. There is one item per kind and key, and never two running. Empty: each call
  /// is an item of its own.
  std::string key = {};
  json::value payload = json::object{};
  std::optional<Time> run_at = {};  ///< Not before; none = as soon as possible.
  int attempts_max = 10;            ///< About 17 minutes of trying.
};

/// Adds the item with the transaction, or renews the one with its kind and key: one that waits
/// takes the new payload, and the earlier time unless it waits for a retry; one that runs now will
/// run again after; one that failed starts over. So "do this once more after this change" is one
/// call, however often it is made.
/// @return its id.
std::int64_t enqueue(db::Tx& tx, const NewWork& work);

/// An item that this process holds the lease of.
struct WorkItem {
  std::int64_t id = 0;
  std::string kind;
  std::string key;
  json::value payload;
  int attempt = 1;
  int attempts_max = 1;
  std::int64_t lease_number = 0;
};

/// Call in every transaction that has an effect for the item: it makes sure that no other node
/// took over meanwhile, and (PostgreSQL) that none does until the commit.
/// @return `precondition_failed`, word "LeaseLost": give up, somebody else does it.
[[nodiscard]] Result<> check_lease(db::Tx& tx, const WorkItem& item);

/// check_lease(), and the item is done with this transaction: for effects that must happen exactly
/// once. Handlers that do not call it are finished by their worker when they return.
[[nodiscard]] Result<> finish(db::Tx& tx, const WorkItem& item);

enum class State { pending, running, failed };  ///< Numbers as in rows. Done items have no row.
/// "pending"….
[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

/// An item as `cairn admin work list` shows it.
struct Listed {
  std::int64_t id = 0;
  std::string kind;
  std::string key;
  State state = State::pending;
  Time due_at;  ///< Pending: not before. Running: the lease ends. Failed: when it did.
  int attempts = 0;
  int attempts_max = 0;
  std::string leased_by;   ///< The node, while running.
  std::string error_word;  ///< Of the last failed attempt; empty without one.
  std::string error_message;
  Time created_at;
};

struct ListOptions {
  std::optional<State> state = {};
  std::string kind = {};   ///< Empty: all.
  std::int64_t after = 0;  ///< An id, for the next page.
  int limit = 100;         ///< 1 to 1000.
};
/// By id.
[[nodiscard]] std::vector<Listed> list_work(db::Tx& tx, const ListOptions& options);

/// Makes a failed item, or one that waits for a retry, run now with all its attempts.
/// @return `not_found`, word "WorkNotFound"; `conflict`, word "WorkRunning".
[[nodiscard]] Result<> retry_work(db::Tx& tx, std::int64_t id);
/// The same for all that failed. @return how many.
std::int64_t retry_failed(db::Tx& tx);
/// Removes an item that is not running. @return as retry_work().
[[nodiscard]] Result<> discard_work(db::Tx& tx, std::int64_t id);

/// Ends every lease. Only for the start of the one process that has the database to itself: what
/// runs then was begun by one that is dead, and would wait for the end of its lease.
void end_leases(db::Tx& tx);

struct Counts {
  std::int64_t pending = 0, running = 0, failed = 0;
};
[[nodiscard]] Counts count_work(db::Tx& tx);

}  // namespace cairn::work
