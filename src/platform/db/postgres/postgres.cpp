#include "platform/db/postgres/postgres.h"

#include "platform/db/migrate.h"
#include "platform/db/postgres/failure.h"
#include "platform/db/postgres/pool.h"

namespace cairn::db::postgres {
namespace {

// Any number that no other program takes as an advisory lock in this database.
constexpr const char* lock_migrations = "SELECT pg_advisory_xact_lock(7161684302)";

/// Runs what throws EngineFailure.
template <class Function>
Result<> guarded(Function function) {
  try {
    return function();
  } catch (EngineFailure& failed) {
    return std::unexpected(std::move(failed.error));
  }
}

class PostgresMigration final : public MigrationSession {
 public:
  explicit PostgresMigration(Connection& connection) : connection_(connection) {}

  Result<> execute(const std::string& sql) override {
    return guarded([&]() -> Result<> {
      connection_.command(sql.c_str());
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
      connection_.change("db.migration_done",
                         "INSERT INTO migrations VALUES ($1, $2, "
                         "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint, $3)",
                         {to_value(step.name), to_value(kind), to_value(program_version)});
      return {};
    });
  }

 private:
  Connection& connection_;
};

std::string_view word_at(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t"));
}

/// The table of a node that reads it from end to end: a sequential scan, or an index scan without
/// a condition on the index. `lines` begins with the node; its details follow until the next "->".
std::optional<std::string> scanned_table(std::span<const std::string> lines) {
  std::string_view node = lines.front();
  constexpr std::string_view whole = "Seq Scan on ";
  if (auto at = node.find(whole); at != std::string_view::npos)
    return std::string(word_at(node.substr(at + whole.size())));
  if (node.find("Index Scan") == std::string_view::npos &&
      node.find("Index Only Scan") == std::string_view::npos)
    return std::nullopt;
  auto on = node.find(" on ");
  if (on == std::string_view::npos || node.find("Bitmap") != std::string_view::npos)
    return std::nullopt;
  for (const auto& line : lines.subspan(1)) {
    if (line.find("->") != std::string::npos) break;
    if (line.find("Index Cond:") != std::string::npos) return std::nullopt;
  }
  return std::string(word_at(node.substr(on + 4)));
}

class PostgresDatabase final : public Database {
 public:
  static Result<std::unique_ptr<Database>> open(Options options) {
    std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(std::move(options)));
    // A wrong address or password is said at the start, not by the first request.
    CAIRN_CHECK(Connection::open(database->context_, Role::tool));
    return database;
  }

  Result<> migrate(const std::vector<Migration>& steps, std::string_view program_version) override {
    CAIRN_TRY(connection, Connection::open(context_, Role::tool));
    return guarded([&]() -> Result<> {
      // READ COMMITTED, so that what the lock's last holder did is seen. An error drops the
      // connection and with it the transaction.
      connection->command("BEGIN ISOLATION LEVEL READ COMMITTED");
      connection->command(lock_migrations);
      PostgresMigration session(*connection);
      CAIRN_CHECK(run_migrations(session, Engine::postgres, steps, program_version));
      connection->commit();
      return {};
    });
  }

  [[nodiscard]] Engine engine() const override { return Engine::postgres; }

  [[nodiscard]] Metrics metrics() const override {
    const Counters& c = context_.counters;
    // A group is one transaction here.
    return {c.writes, c.writes,          c.write_retries,   c.write_failures,
            c.reads,  writers_.queued(), readers_.queued(), 0};
  }
  [[nodiscard]] std::vector<StatementMetric> statement_metrics() const override {
    return context_.stats.all();
  }

  Result<> check() override {
    CAIRN_TRY(connection, Connection::open(context_, Role::tool));
    return guarded([&]() -> Result<> {
      connection->rows("db.check", "SELECT count(*) FROM migrations", {});
      return {};
    });
  }

  Result<> backup_to(std::string) override {
    return fail(ErrorCode::not_implemented, "UsePgDump",
                "This hub keeps its rows in PostgreSQL. Back them up with pg_dump.");
  }

 protected:
  void submit(Job job, bool writing) override {
    (writing ? writers_ : readers_).submit(std::move(job));
  }

  Result<Plan> explain_sql(std::string_view sql, std::vector<Value> parameters) override {
    CAIRN_TRY(connection, Connection::open(context_, Role::tool));
    Plan plan;
    CAIRN_CHECK(guarded([&]() -> Result<> {
      // Small tables are read whole even where an index would serve; these settings show whether
      // one would, for any values of the parameters.
      connection->command("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
      plan.lines = connection->explain(sql, parameters);
      return {};
    }));
    for (std::size_t i = 0; i < plan.lines.size(); ++i)
      if (auto table = scanned_table(std::span(plan.lines).subspan(i)))
        plan.full_scans.push_back(*table);
    return plan;
  }

 private:
  explicit PostgresDatabase(Options options)
      : context_{std::move(options)},
        writers_(context_, Role::writer, context_.options.writer_connections),
        readers_(context_, Role::reader, context_.options.reader_connections) {}

  Context context_;
  Pool writers_;
  Pool readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open(Options options) {
  return PostgresDatabase::open(std::move(options));
}

}  // namespace cairn::db::postgres
