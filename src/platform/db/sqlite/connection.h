#pragma once
#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "platform/db/engine.h"

namespace cairn::db::sqlite {

/// What the threads of one database share.
struct Context {
  Options options;
  std::string path;
  StatementStats stats;
  Counters counters;
  std::atomic<int> copies_running = 0;  ///< Backups hold a snapshot for long, on purpose.
};

enum class Role {
  writer,  ///< May create the file when asked to.
  reader,  ///< Cannot change anything.
  tool,    ///< For migrations, checks and copies: no statement is interrupted.
};

using Steady = std::chrono::steady_clock;

/// The word for transactions that were stopped for taking too long.
inline constexpr const char* too_long_word = "TransactionTooLong";

/// One connection with its statements. One thread at a time. All but open() throw EngineFailure.
class Connection {
 public:
  /// With `create`, an absent file is made, with page_size 8192 and auto_vacuum INCREMENTAL.
  /// @return `unavailable`, `storage_full`, `corrupt`.
  static Result<std::unique_ptr<Connection>> open(Context& context, Role role, bool create);
  ~Connection();
  Connection(const Connection&) = delete;

  std::vector<Row> rows(std::string_view name, std::string_view sql,
                        const std::vector<Value>& parameters);
  /// @return the number of rows changed.
  std::int64_t change(std::string_view name, std::string_view sql,
                      const std::vector<Value>& parameters);
  /// A statement whose parameters stay NULL: for EXPLAIN.
  std::vector<Row> unbound_rows(const std::string& sql);
  /// One statement without parameters whose rows do not matter, from the cache.
  void execute(std::string_view sql);
  /// Text of several statements, not cached.
  void script(const std::string& sql);
  /// Ends the transaction if one is open; errors do not matter, the caller has one already.
  void roll_back() noexcept;

  /// From then on statements are interrupted; empty = never.
  void set_deadline(std::optional<Steady::time_point> deadline) { deadline_ = deadline; }
  /// False once SQLite has rolled the transaction back by itself (disk full, I/O error, interrupt).
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
  /// A deferred foreign key would fail the commit.
  [[nodiscard]] bool has_broken_references() const;
  /// The path no longer names the file that is open.
  [[nodiscard]] bool file_is_gone() const;
  /// Size of the WAL after this connection's last commit or checkpoint.
  [[nodiscard]] std::int64_t wal_bytes() const { return wal_bytes_; }
  /// @param mode  SQLITE_CHECKPOINT_…. @return false when readers held it back for `wait_ms`.
  bool checkpoint(int mode, int wait_ms);

 private:
  struct Cached {
    std::string sql;
    sqlite3_stmt* statement;
    StatementStats::Entry* stats;
  };
  using Cache = std::list<Cached>;

  explicit Connection(Context& context) : context_(context) {}
  void configure(Role role, bool create);
  Cached& prepare(std::string_view name, std::string_view sql);
  void bind(std::string_view name, sqlite3_stmt* statement, const std::vector<Value>& parameters);
  [[nodiscard]] EngineFailure failure(int code, std::string_view statement) const;
  static int on_progress(void* self);
  static int on_commit(void* self, sqlite3* db, const char* name, int pages);

  Context& context_;
  sqlite3* db_ = nullptr;
  Cache cache_;  ///< Most recently used first.
  std::unordered_map<std::string_view, Cache::iterator> by_sql_;
  std::optional<Steady::time_point> deadline_;
  std::int64_t wal_bytes_ = 0;
};

/// A transaction on a connection; `limit_ms` from its making on, every statement is refused.
class SqliteTx final : public Tx {
 public:
  SqliteTx(Connection& connection, Time now, int limit_ms)
      : connection_(connection),
        now_(now),
        limit_ms_(limit_ms),
        deadline_(Steady::now() + std::chrono::milliseconds(limit_ms)) {}

  [[nodiscard]] Time now() override { return now_; }
  [[nodiscard]] Engine engine() const override { return Engine::sqlite; }
  void lock_row(Lockable, std::int64_t) override {}
  void after_commit(std::function<void()> effect) override {
    effects_.push_back(std::move(effect));
  }

  /// Throws when the limit has passed.
  void check_limit() const;
  [[nodiscard]] std::size_t parameter_bytes() const { return parameter_bytes_; }
  [[nodiscard]] std::vector<std::function<void()>> take_effects() { return std::move(effects_); }

 protected:
  std::vector<Row> run_rows(std::string_view name, std::string_view sql,
                            std::vector<Value> parameters) override;
  std::int64_t run_change(std::string_view name, std::string_view sql,
                          std::vector<Value> parameters) override;

 private:
  void before(const std::vector<Value>& parameters);

  Connection& connection_;
  Time now_;
  int limit_ms_;
  Steady::time_point deadline_;
  std::size_t parameter_bytes_ = 0;
  std::vector<std::function<void()>> effects_;
};

}  // namespace cairn::db::sqlite
