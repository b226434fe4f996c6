#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/db/db.h"

/// What both engines share. Inside platform/db only.
namespace cairn::db {

/// Thrown by the drivers inside a transaction function; caught by attempt(). Not a std::exception,
/// so that a handler in domain code for its own exceptions lets it pass.
class EngineFailure {
 public:
  enum class Next {
    give_up,    ///< Answer the error.
    rerun,      ///< A lost race: run the function again in a new transaction.
    reconnect,  ///< The connection is not to be used again.
  };
  EngineFailure(Error e, Next n = Next::give_up) : error(std::move(e)), next(n) {}

  Error error;
  Next next;
};

/// How one run of a transaction function ended.
struct Attempt {
  bool ok = false;                       ///< It returned a value: commit.
  std::optional<EngineFailure> failure;  ///< It threw; empty when it returned an error.
};

/// Runs the function. Exceptions that are not the engine's are bugs: logged, then `internal`.
Attempt attempt(const Job& job, Tx& tx) noexcept;

/// Runs what after_commit() collected; an exception is logged and ends only that effect.
void run_effects(const std::vector<std::function<void()>>& effects) noexcept;

[[nodiscard]] Error bug(std::string detail);
[[nodiscard]] Error unavailable(std::string word, std::string message, int retry_after_s);
[[nodiscard]] Error storage_full();
[[nodiscard]] Error corrupt(std::string detail);
[[nodiscard]] Error invalid_text();
/// Bugs and damage as errors, what passes or what the caller sent as warnings.
void log_failure(std::string_view event, const Error& error);
[[nodiscard]] Error shutting_down();
/// The commit itself failed, and nobody can tell whether a restart will find it done.
[[nodiscard]] Error outcome_unknown(Error cause);

/// Bytes that a value brings to a commit.
[[nodiscard]] std::size_t size_of(const Value& value);

/// Counts calls and time by statement name. Any thread.
class StatementStats {
 public:
  struct Entry {
    std::atomic<std::uint64_t> calls = 0;
    std::atomic<std::uint64_t> microseconds = 0;
  };
  /// The address stays valid, so a statement cache looks it up once.
  Entry& of(std::string_view name);
  [[nodiscard]] std::vector<StatementMetric> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Times one call of a statement until it leaves scope and logs it when slow.
class StatementTimer {
 public:
  using Steady = std::chrono::steady_clock;
  StatementTimer(StatementStats::Entry& entry, std::string_view name, int slow_ms)
      : entry_(entry), name_(name), slow_(slow_ms), start_(Steady::now()) {}
  StatementTimer(const StatementTimer&) = delete;
  ~StatementTimer();

 private:
  StatementStats::Entry& entry_;
  std::string_view name_;
  std::chrono::milliseconds slow_;
  Steady::time_point start_;
};

/// The counters behind Metrics.
struct Counters {
  std::atomic<std::uint64_t> writes = 0, write_groups = 0, write_retries = 0, write_failures = 0,
                             reads = 0;
  std::atomic<std::int64_t> wal_bytes = 0;
};

}  // namespace cairn::db
