#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/task.h"

/// One facade over SQLite (embedded default) and PostgreSQL 15. DESIGN 3.1.
namespace cairn::db {

enum class Engine { sqlite, postgres };

/// SQL, named, fixed at compile time: text glued together at run time does not convert. Parameters
/// are `$1, $2, …` in order of first appearance, so both engines agree. The name labels metrics
/// and slow queries. Where the engines differ, a second text is for PostgreSQL.
struct Statement {
  std::string_view name;
  std::string_view sql;
  std::string_view postgres_sql;

  consteval Statement(const char* n, const char* s) : name(n), sql(s), postgres_sql(s) {}
  consteval Statement(const char* n, const char* s, const char* p)
      : name(n), sql(s), postgres_sql(p) {}
};

/// Raw bytes as a parameter or column (BLOB / BYTEA); text is std::string.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

/// What a parameter may be: integers, bool, enums (as their number), Time, Id, text, Blob, double,
/// PublicId, and std::optional of these (empty = NULL).
template <class T>
Value to_value(const T& v) {
  if constexpr (std::is_same_v<T, Value>)
    return v;
  else if constexpr (requires {
                       v.has_value();
                       *v;
                     })
    return v ? to_value(*v) : Value{};
  else if constexpr (std::is_same_v<T, std::nullptr_t>)
    return Value{};
  else if constexpr (std::is_enum_v<T>)
    return static_cast<std::int64_t>(v);
  else if constexpr (std::is_integral_v<T>)
    return static_cast<std::int64_t>(v);
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<double>(v);
  else if constexpr (std::is_same_v<T, Time>)
    return v.us;
  else if constexpr (requires { v.value; })
    return static_cast<std::int64_t>(v.value);
  else if constexpr (std::is_same_v<T, PublicId>)
    return v.hex;
  else if constexpr (std::is_same_v<T, Blob>)
    return v;
  else
    return std::string(std::string_view(v));
}

/// One row of an answer; owns its values. Columns count from 0. A wrong type is a bug (throws
/// std::logic_error); NULL where a value is asked too, so ask `opt_*` or `is_null` first.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] bool boolean(int column) const { return integer(column) != 0; }
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] const std::string& text(int column) const;
  [[nodiscard]] const std::string& blob(int column) const;
  [[nodiscard]] Time time(int column) const { return Time{integer(column)}; }
  template <class IdType>
  [[nodiscard]] IdType id(int column) const {
    return IdType{integer(column)};
  }
  template <class Enum>
  [[nodiscard]] Enum enumeration(int column) const {
    return static_cast<Enum>(integer(column));
  }
  [[nodiscard]] std::optional<std::int64_t> opt_integer(int column) const;
  [[nodiscard]] std::optional<std::string> opt_text(int column) const;
  [[nodiscard]] std::optional<Time> opt_time(int column) const;
  [[nodiscard]] int columns() const { return static_cast<int>(values_.size()); }

 private:
  std::vector<Value> values_;
};

/// Trouble with the engine itself, thrown inside a transaction function and caught by
/// Database::write/read: never seen by callers, who get `unavailable` (after retries where a retry
/// helps), `storage_full`, `corrupt`, `unprocessable` (word "InvalidText": a text with a zero byte
/// or not UTF-8) or `internal`. Domain code does not catch it.
class EngineFailure;

/// SQL with optional parts: constexpr fragments, values only as parameters.
///   Query q{"repo.list"}; q.add("SELECT … WHERE true");
///   if (author) q.add(" AND owner_id = ", *author); q.add(" ORDER BY … LIMIT ", limit);
/// `add(fragment, v)` appends the fragment, then a parameter marker.
class Query {
 public:
  struct Fragment {
    std::string_view text;
    consteval Fragment(const char* t) : text(t) {}  // NOLINT: converts on purpose
  };
  explicit Query(Fragment name) : name_(name.text) {}
  Query& add(Fragment fragment) {
    sql_ += fragment.text;
    return *this;
  }
  template <class T>
  Query& add(Fragment fragment, const T& value) {
    sql_ += fragment.text;
    parameters_.push_back(to_value(value));
    sql_ += "$" + std::to_string(parameters_.size());
    return *this;
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const std::vector<Value>& parameters() const { return parameters_; }

 private:
  std::string name_;
  std::string sql_;
  std::vector<Value> parameters_;
};

/// Tables whose rows serialize writers on PostgreSQL, in the order in which they must be locked.
enum class Lockable { repo, owner, object };

/// A running transaction. Lives inside one call of a transaction function, on one thread.
class Tx {
 public:
  virtual ~Tx() = default;

  template <class... A>
  std::vector<Row> all(const Statement& s, const A&... args) {
    return run_rows(s.name, pick(s), {to_value(args)...});
  }
  template <class... A>
  std::optional<Row> one(const Statement& s, const A&... args) {
    auto rows = run_rows(s.name, pick(s), {to_value(args)...});
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  }
  /// @return the number of rows changed.
  template <class... A>
  std::int64_t run(const Statement& s, const A&... args) {
    return run_change(s.name, pick(s), {to_value(args)...});
  }
  std::vector<Row> all(const Query& q) { return run_rows(q.name(), q.sql(), q.parameters()); }
  std::optional<Row> one(const Query& q) {
    auto rows = all(q);
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  }

  std::int64_t run(const Query& q) { return run_change(q.name(), q.sql(), q.parameters()); }

  /// The database's clock, one value for the whole transaction (the test clock on SQLite).
  [[nodiscard]] virtual Time now() = 0;
  [[nodiscard]] virtual Engine engine() const = 0;

  /// PostgreSQL: locks the row until the end of the transaction, and whoever waited for it starts
  /// again on a fresh snapshot, so what is read after this call is the latest; other rows may
  /// still be inserted that refer to it. SQLite: nothing, it has one writer.
  /// Order: repo, owner, object; by id within one kind. An id without a row locks nothing.
  virtual void lock_row(Lockable table, std::int64_t id) = 0;

  /// Runs after the commit is durable and before the waiter is answered: exact cache
  /// invalidation. Dropped on rollback. Must not throw.
  virtual void after_commit(std::function<void()> effect) = 0;

 protected:
  virtual std::vector<Row> run_rows(std::string_view name, std::string_view sql,
                                    std::vector<Value> parameters) = 0;
  virtual std::int64_t run_change(std::string_view name, std::string_view sql,
                                  std::vector<Value> parameters) = 0;

 private:
  [[nodiscard]] std::string_view pick(const Statement& s) const {
    return engine() == Engine::postgres ? s.postgres_sql : s.sql;
  }
};

/// One step of the schema's history. `name` begins with its time, "20261125T0400_accounts"; names
/// order the steps. The SQL may hold several statements and these words, replaced per engine:
///   @id       INTEGER PRIMARY KEY AUTOINCREMENT
///             | BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY
///   @int      INTEGER | BIGINT          @text  TEXT | TEXT COLLATE "C"
///   @blob     BLOB | BYTEA              @real  REAL | DOUBLE PRECISION
///   @strict   STRICT | (nothing), after the closing parenthesis of CREATE TABLE
///   @xid      INTEGER NOT NULL DEFAULT 0 | XID8 NOT NULL DEFAULT pg_current_xact_id()
struct Migration {
  enum class Kind { expand, contract };  ///< contract = an older program can no longer run.
  std::string_view name;
  Kind kind;
  std::string_view sql;
};

struct Options {
  std::string url;                    ///< "sqlite:/path/to/file" or "postgres://…" (libpq URI).
  const Clock* test_clock = nullptr;  ///< SQLite only; else the system's.
  int reader_connections = 4;
  int writer_connections = 4;  ///< PostgreSQL only; SQLite has one writer.

  /// SQLite: how long one function may hold the writer. Sanitizers and loaded test machines raise
  /// it.
  int transaction_limit_ms = 250;
  int read_limit_ms = 2000;        ///< How long a read may keep its snapshot.
  int slow_statement_ms = 100;     ///< Longer statements are logged as "db.slow".
  std::size_t queue_max = 10'000;  ///< Jobs waiting, per kind; more are `unavailable`.

  /// SQLite: the WAL is copied into the database from the first size on; from the second on,
  /// writers wait until the readers that hold it back are done.
  std::int64_t wal_checkpoint_bytes = 8 << 20;
  std::int64_t wal_max_bytes = 64 << 20;
  int busy_timeout_ms = 2000;  ///< SQLite: how long to wait for a foreign process's lock.
  std::string sqlite_vfs;      ///< The name of a registered VFS; empty = the default. For tests.
};

struct Metrics {
  std::uint64_t writes = 0, write_groups = 0, write_retries = 0, write_failures = 0, reads = 0;
  std::uint64_t write_queue = 0, read_queue = 0;
  std::int64_t wal_bytes = 0;  ///< SQLite, after the last commit.
};

/// How often a statement ran since the start, and for how long in all. By name.
struct StatementMetric {
  std::string name;
  std::uint64_t calls = 0;
  std::uint64_t microseconds = 0;
};

/// How the engine would run a statement.
struct Plan {
  std::vector<std::string> lines;       ///< The engine's own words.
  std::vector<std::string> full_scans;  ///< Tables read from end to end, in order of appearance.
};

/// A transaction function, type-erased.
struct Job {
  std::function<bool(Tx&)> body;  ///< False when the function returned an error: roll back.
  std::function<void(std::optional<Error>)> done;  ///< Engine error, or nothing; called once.
};

/// The database. Safe to call from any thread. Waits for what runs when destroyed.
///
/// SQLite: WAL, synchronous=FULL, page_size 8192, auto_vacuum INCREMENTAL, one writer thread that
/// commits queued transactions in groups (a savepoint each; a group also closes at 1 MiB of
/// parameters). A transaction that holds the writer for longer than 250 ms is refused.
/// PostgreSQL: REPEATABLE READ; serialization failures, deadlocks and unique violations run the
/// function again (at most 10 times), so "check, then insert" in the function is exact.
class Database {
 public:
  /// Opens or creates. @return `unavailable`, `invalid_argument` for a bad url, `conflict` when
  /// another process holds the file.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(Options options);
  virtual ~Database() = default;

  /// Runs the steps that the database lacks, in order, under one lock, each logged with its
  /// duration ("db.migrated"): all of them or, on an error, none. Blocks; called before the first
  /// write. @return `conflict`, word "DatabaseTooNew", when it holds a step this program does not
  /// know, naming the version of the program that made it (table `migrations`).
  virtual Result<> migrate(const std::vector<Migration>& steps,
                           std::string_view program_version) = 0;

  /// Runs `function` in a transaction on a database thread and commits when it returns a value; an
  /// error rolls back. The function may run more than once and has no effect but its SQL. The
  /// awaiter goes on, on its own executor, after the commit is durable.
  template <class Function>
  auto write(Function function) -> Task<std::invoke_result_t<Function, Tx&>> {
    return run<Function>(std::move(function), true);
  }
  /// On a snapshot, without the right to change anything; at most 2 s.
  template <class Function>
  auto read(Function function) -> Task<std::invoke_result_t<Function, Tx&>> {
    return run<Function>(std::move(function), false);
  }
  /// The same for threads that may block (main, tests, work): never on an I/O thread.
  template <class Function>
  auto write_now(Function function) -> std::invoke_result_t<Function, Tx&> {
    return run_now<Function>(std::move(function), true);
  }
  template <class Function>
  auto read_now(Function function) -> std::invoke_result_t<Function, Tx&> {
    return run_now<Function>(std::move(function), false);
  }

  /// For tests that hold statements to their indexes. PostgreSQL plans as if tables were large.
  /// Parameters may be left out; give them where PostgreSQL cannot infer their types. Blocks.
  template <class... A>
  Result<Plan> explain(const Statement& s, const A&... args) {
    return explain_sql(engine() == Engine::postgres ? s.postgres_sql : s.sql, {to_value(args)...});
  }
  Result<Plan> explain(const Query& q) { return explain_sql(q.sql(), q.parameters()); }

  [[nodiscard]] virtual Engine engine() const = 0;
  [[nodiscard]] virtual Metrics metrics() const = 0;
  [[nodiscard]] virtual std::vector<StatementMetric> statement_metrics() const = 0;
  /// SQLite: PRAGMA quick_check and foreign_key_check; PostgreSQL: a read. For `fsck`. Blocks.
  /// @return `corrupt` with the first findings in the fields.
  virtual Result<> check() = 0;
  /// Writes a consistent, synced copy while running (VACUUM INTO); `path` must not exist. Blocks;
  /// the WAL grows meanwhile. PostgreSQL: `not_implemented`, naming
  /// pg_dump.
  virtual Result<> backup_to(std::string path) = 0;

 protected:
  /// Queues the job; `done` may be called before this returns, when the queue is full.
  virtual void submit(Job job, bool writing) = 0;
  virtual Result<Plan> explain_sql(std::string_view sql, std::vector<Value> parameters) = 0;

 private:
  template <class Function>
  auto run(Function function, bool writing) -> Task<std::invoke_result_t<Function, Tx&>>;
  template <class Function>
  auto run_now(Function function, bool writing) -> std::invoke_result_t<Function, Tx&>;
  /// @return what the engine failed with; empty when the body ran to its end.
  Task<std::optional<Error>> run_job(std::function<bool(Tx&)> body, bool writing);
};

}  // namespace cairn::db

#include "platform/db/run.h"
