#include "platform/db/sqlite/sqlite.h"

#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "platform/db/migrate.h"
#include "platform/db/sqlite/failure.h"
#include "platform/db/sqlite/readers.h"
#include "platform/db/sqlite/writer.h"

namespace cairn::db::sqlite {
namespace {

/// Runs what throws EngineFailure.
template <class Function>
Result<> guarded(Function function) {
  try {
    return function();
  } catch (EngineFailure& failed) {
    return std::unexpected(std::move(failed.error));
  }
}

class SqliteMigration final : public MigrationSession {
 public:
  SqliteMigration(Connection& connection, const Clock& clock)
      : connection_(connection), clock_(clock) {}

  Result<> execute(const std::string& sql) override {
    return guarded([&]() -> Result<> {
      connection_.script(sql);
      return {};
    });
  }

  Result<std::vector<AppliedMigration>> applied() override {
    std::vector<AppliedMigration> out;
    CAIRN_CHECK(guarded([&]() -> Result<> {
      for (auto& row :
           connection_.rows("db.migrations", "SELECT name, program_version FROM migrations", {}))
        out.push_back({row.text(0), row.text(1)});
      return {};
    }));
    return out;
  }

  Result<> record(const Migration& step, std::string_view program_version) override {
    return guarded([&]() -> Result<> {
      auto kind = step.kind == Migration::Kind::expand ? "expand" : "contract";
      connection_.change(
          "db.migration_done", "INSERT INTO migrations VALUES ($1, $2, $3, $4)",
          {to_value(step.name), to_value(kind), to_value(clock_.now()), to_value(program_version)});
      return {};
    });
  }

 private:
  Connection& connection_;
  const Clock& clock_;
};

/// "SCAN repos", "SCAN repos USING COVERING INDEX x": the table, or nothing for another line. Table
/// functions ("SCAN json_each VIRTUAL TABLE …") and constants are no tables.
std::optional<std::string> scanned_table(std::string_view line) {
  constexpr std::string_view scan = "SCAN ";
  if (!line.starts_with(scan) || line.find("VIRTUAL TABLE") != std::string_view::npos ||
      line.find("CONSTANT ROW") != std::string_view::npos)
    return std::nullopt;
  auto rest = line.substr(scan.size());
  return std::string(rest.substr(0, rest.find(' ')));
}

Result<> sync_file(const std::string& path, int flags) {
  int fd = ::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (synced) return {};
  return fail(ErrorCode::unavailable, "BackupNotSynced",
              "The copy could not be synced to disk; do not rely on it.")
      .with("path", path);
}

class SqliteDatabase final : public Database {
 public:
  static Result<std::unique_ptr<Database>> open(Options options) {
    std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(std::move(options)));
    CAIRN_CHECK(database->start());
    return database;
  }

  Result<> migrate(const std::vector<Migration>& steps, std::string_view program_version) override {
    CAIRN_TRY(connection, Connection::open(context_, Role::tool, false));
    auto run = [&]() -> Result<> {
      // Rebuilding a table drops the old one; references are checked as a whole at the end.
      connection->script("PRAGMA foreign_keys = OFF");
      connection->script("BEGIN IMMEDIATE");
      SqliteMigration session(*connection, clock());
      CAIRN_CHECK(run_migrations(session, Engine::sqlite, steps, program_version));
      CAIRN_CHECK(check_references(*connection));
      connection->script("COMMIT");
      return {};
    };
    auto done = guarded(run);
    if (!done) connection->roll_back();
    return done;
  }

  [[nodiscard]] Engine engine() const override { return Engine::sqlite; }

  [[nodiscard]] Metrics metrics() const override {
    const Counters& c = context_.counters;
    return {c.writes, c.write_groups,    c.write_retries,    c.write_failures,
            c.reads,  writer_->queued(), readers_->queued(), c.wal_bytes};
  }
  [[nodiscard]] std::vector<StatementMetric> statement_metrics() const override {
    return context_.stats.all();
  }

  Result<> check() override {
    CAIRN_TRY(connection, Connection::open(context_, Role::tool, false));
    return guarded([&]() -> Result<> {
      std::string found;
      for (auto& row : connection->rows("db.quick_check", "PRAGMA quick_check(10)", {}))
        if (row.text(0) != "ok") found += row.text(0) + "\n";
      if (!found.empty()) return std::unexpected(corrupt(found));
      return check_references(*connection);
    });
  }

  Result<> backup_to(std::string path) override {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored))
      return fail(ErrorCode::conflict, "BackupExists",
                  "There is a file at the backup's path; name another or remove it.")
          .with("path", path);
    CAIRN_TRY(connection, Connection::open(context_, Role::tool, false));
    ++context_.copies_running;
    auto done = guarded([&]() -> Result<> {
      connection->rows("db.backup", "VACUUM INTO $1", {to_value(path)});
      return {};
    });
    --context_.copies_running;
    CAIRN_CHECK(std::move(done));
    // VACUUM INTO does not sync what it writes.
    CAIRN_CHECK(sync_file(path, 0));
    auto folder = std::filesystem::path(path).parent_path();
    return sync_file(folder.empty() ? "." : folder.string(), O_DIRECTORY);
  }

 protected:
  void submit(Job job, bool writing) override {
    if (writing)
      writer_->submit(std::move(job));
    else
      readers_->submit(std::move(job));
  }

  Result<Plan> explain_sql(std::string_view sql, std::vector<Value>) override {
    CAIRN_TRY(connection, Connection::open(context_, Role::tool, false));
    Plan plan;
    CAIRN_CHECK(guarded([&]() -> Result<> {
      // Parameters stay unbound: SQLite plans without them.
      for (auto& row : connection->unbound_rows("EXPLAIN QUERY PLAN " + std::string(sql))) {
        plan.lines.push_back(row.text(3));
        if (auto table = scanned_table(row.text(3))) plan.full_scans.push_back(*table);
      }
      return {};
    }));
    return plan;
  }

 private:
  explicit SqliteDatabase(Options options) {
    context_.path = options.url.substr(std::string_view("sqlite:").size());
    context_.options = std::move(options);
  }

  Result<> start() {
    CAIRN_TRY(connection, Connection::open(context_, Role::writer, true));
    writer_ = std::make_unique<Writer>(context_, clock(), std::move(connection));
    readers_ = std::make_unique<Readers>(context_, clock());
    return {};
  }

  [[nodiscard]] const Clock& clock() const {
    return context_.options.test_clock ? *context_.options.test_clock : system_clock_;
  }

  static Result<> check_references(Connection& connection) {
    std::string found;
    for (auto& row : connection.rows("db.foreign_key_check", "PRAGMA foreign_key_check", {}))
      found += row.text(0) + " names a missing row of " + row.text(2) + "\n";
    if (!found.empty()) return std::unexpected(corrupt(found));
    return {};
  }

  SystemClock system_clock_;
  Context context_;
  // The readers go first, so that the writer's connection is the last: only one that may write
  // can copy the WAL into the database at the end.
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Readers> readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open(Options options) {
  return SqliteDatabase::open(std::move(options));
}

}  // namespace cairn::db::sqlite
