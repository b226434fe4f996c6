#pragma once
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <libpq-fe.h>

#include "platform/db/engine.h"

namespace cairn::db::postgres {

using Steady = std::chrono::steady_clock;

/// A NULL has no type of its own, and PostgreSQL cannot always infer one ("$1 IS NULL OR a = $1").
/// Per statement: which type its NULLs are sent as; found by trying. Any thread.
class NullTypes {
 public:
  [[nodiscard]] Oid of(std::string_view sql) const;
  /// After trouble with this type. @return false when none is left to try.
  bool advance(std::string_view sql);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::size_t, std::less<>> tried_;
};

/// What the threads of one database share.
struct Context {
  Options options;
  StatementStats stats;
  Counters counters;
  NullTypes null_types;
  /// After a failed attempt to connect, callers are refused until then instead of waiting in line.
  std::atomic<Steady::rep> connect_again_at = 0;
};

enum class Role { writer, reader, tool };

/// One connection with its prepared statements. One thread at a time. All but open() throw
/// EngineFailure.
class Connection {
 public:
  /// @return `unavailable` while the server cannot be reached.
  static Result<std::unique_ptr<Connection>> open(Context& context, Role role);
  Connection(const Connection&) = delete;

  std::vector<Row> rows(std::string_view name, std::string_view sql,
                        const std::vector<Value>& parameters);
  /// @return the number of rows changed.
  std::int64_t change(std::string_view name, std::string_view sql,
                      const std::vector<Value>& parameters);
  /// SQL text of one or several statements, without parameters or rows.
  void command(const char* sql);
  /// @return `TransactionConflict` and the like; when the connection is lost on the way, nobody
  ///         knows whether the commit happened, and the error says so.
  void commit();
  /// Ends the transaction; errors do not matter, the caller has one already.
  void roll_back() noexcept;
  /// False once the connection is lost.
  [[nodiscard]] bool is_usable() const;
  /// The lines of EXPLAIN for any parameters, as if no table were small.
  std::vector<std::string> explain(std::string_view sql, const std::vector<Value>& parameters);

 private:
  struct Freed {
    void operator()(PGconn* c) const { PQfinish(c); }
    void operator()(PGresult* r) const { PQclear(r); }
  };
  using ResultHandle = std::unique_ptr<PGresult, Freed>;
  struct Prepared {
    std::string key;   ///< The SQL and the types of its parameters.
    std::string name;  ///< On the server.
    StatementStats::Entry* stats;
  };
  using Cache = std::list<Prepared>;

  explicit Connection(Context& context) : context_(context) {}
  void configure(Role role);
  Prepared& prepare(std::string_view name, std::string_view sql,
                    const std::vector<Value>& parameters);
  ResultHandle run(std::string_view name, std::string_view sql,
                   const std::vector<Value>& parameters);
  [[nodiscard]] EngineFailure failure(const PGresult* result, std::string_view statement) const;

  Context& context_;
  std::unique_ptr<PGconn, Freed> handle_;
  Cache cache_;  ///< Most recently used first.
  std::unordered_map<std::string_view, Cache::iterator> by_key_;
  std::uint64_t prepared_ = 0;
};

/// A transaction on a connection. Past `limit` (reads), every statement is refused.
class PostgresTx final : public Tx {
 public:
  PostgresTx(Connection& connection, std::optional<std::chrono::milliseconds> limit)
      : connection_(connection) {
    if (limit) deadline_ = Steady::now() + *limit;
  }

  [[nodiscard]] Time now() override;
  [[nodiscard]] Engine engine() const override { return Engine::postgres; }
  void lock_row(Lockable table, std::int64_t id) override;
  void after_commit(std::function<void()> effect) override {
    effects_.push_back(std::move(effect));
  }
  [[nodiscard]] std::vector<std::function<void()>> take_effects() { return std::move(effects_); }

 protected:
  std::vector<Row> run_rows(std::string_view name, std::string_view sql,
                            std::vector<Value> parameters) override;
  std::int64_t run_change(std::string_view name, std::string_view sql,
                          std::vector<Value> parameters) override;

 private:
  void check_limit() const;

  Connection& connection_;
  std::optional<Steady::time_point> deadline_;
  std::optional<Time> now_;
  std::vector<std::function<void()>> effects_;
};

}  // namespace cairn::db::postgres
