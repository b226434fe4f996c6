#include "platform/db/postgres/connection.h"

#include "base/log.h"
#include "platform/db/postgres/failure.h"
#include "platform/db/postgres/values.h"

namespace cairn::db::postgres {
namespace {

// The hub has a few hundred statements; lists with optional parts add combinations.
constexpr std::size_t prepared_statements_max = 512;

// A write waits for locks of others in this time too.
constexpr int write_statement_timeout_ms = 10'000;

// The first lets the server infer the type; it is right nearly always.
constexpr Oid null_types[] = {0, oid_int8, oid_text, oid_bytea};

constexpr db::Statement lock_repo{"db.lock_repo", "", "UPDATE repos SET id = id WHERE id = $1"};
constexpr db::Statement lock_owner{"db.lock_owner", "", "UPDATE owners SET id = id WHERE id = $1"};
constexpr db::Statement lock_object{"db.lock_object", "",
                                    "UPDATE objects SET id = id WHERE id = $1"};
constexpr db::Statement transaction_time{
    "db.now", "", "SELECT (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint"};

void ignore_notice(void*, const char*) {}

}  // namespace

Oid NullTypes::of(std::string_view sql) const {
  std::lock_guard lock(mutex_);
  auto found = tried_.find(sql);
  return found == tried_.end() ? null_types[0] : null_types[found->second];
}

bool NullTypes::advance(std::string_view sql) {
  std::lock_guard lock(mutex_);
  auto& tried = tried_[std::string(sql)];
  if (tried + 1 == std::size(null_types)) return false;
  ++tried;
  return true;
}

Result<std::unique_ptr<Connection>> Connection::open(Context& context, Role role) {
  std::unique_ptr<Connection> connection(new Connection(context));
  // Later words win: the first four are defaults that the URL may change. tcp_user_timeout ends a
  // connection whose peer no longer acknowledges, in ms.
  const char* keywords[] = {"connect_timeout",
                            "tcp_user_timeout",
                            "keepalives_idle",
                            "fallback_application_name",
                            "dbname",
                            "client_encoding",
                            nullptr};
  const char* values[] = {"5",    "10000", "10", "cairn", context.options.url.c_str(),
                          "UTF8", nullptr};
  connection->handle_.reset(PQconnectdbParams(keywords, values, 1));
  if (PQstatus(connection->handle_.get()) != CONNECTION_OK)
    // The message names host and user, never the password.
    return std::unexpected(
        server_unavailable().with("postgres", PQerrorMessage(connection->handle_.get())));
  try {
    connection->configure(role);
  } catch (EngineFailure& failed) {
    return std::unexpected(std::move(failed.error));
  }
  return connection;
}

void Connection::configure(Role role) {
  PQsetNoticeProcessor(handle_.get(), &ignore_notice, nullptr);
  command(
      "SET bytea_output = hex; SET standard_conforming_strings = on; SET TimeZone = 'UTC'; "
      "SET idle_in_transaction_session_timeout = '60s'");
  // Acknowledged means durable; stronger settings than "on" stay.
  command(
      "SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'");
  int timeout_ms = role == Role::reader   ? context_.options.read_limit_ms
                   : role == Role::writer ? write_statement_timeout_ms
                                          : 0;
  command(("SET statement_timeout = " + std::to_string(timeout_ms)).c_str());
}

Connection::Prepared& Connection::prepare(std::string_view name, std::string_view sql,
                                          const std::vector<Value>& parameters) {
  auto types = types_of(parameters, context_.null_types.of(sql));
  std::string key(sql);
  for (Oid type : types) key += "\x1f" + std::to_string(type);
  if (auto found = by_key_.find(key); found != by_key_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return cache_.front();
  }
  if (cache_.size() >= prepared_statements_max) {
    command(("DEALLOCATE \"" + cache_.back().name + "\"").c_str());
    by_key_.erase(cache_.back().key);
    cache_.pop_back();
  }
  // The number keeps two texts of one name, and two typings of one text, apart.
  std::string server_name = std::string(name.substr(0, 40)) + "_" + std::to_string(++prepared_);
  ResultHandle result(PQprepare(handle_.get(), server_name.c_str(), std::string(sql).c_str(),
                                static_cast<int>(types.size()), types.data()));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
    auto failed = failure(result.get(), name);
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    bool has_null = std::ranges::any_of(parameters, [](const Value& v) { return v.index() == 0; });
    if (has_null && state && is_typing_trouble(state) && context_.null_types.advance(sql))
      failed.next = EngineFailure::Next::rerun;
    throw failed;
  }
  cache_.push_front({std::move(key), std::move(server_name), &context_.stats.of(name)});
  by_key_.emplace(cache_.front().key, cache_.begin());
  return cache_.front();
}

Connection::ResultHandle Connection::run(std::string_view name, std::string_view sql,
                                         const std::vector<Value>& parameters) {
  Prepared& prepared = prepare(name, sql, parameters);
  StatementTimer timer(*prepared.stats, name, context_.options.slow_statement_ms);
  Parameters bound(parameters);
  ResultHandle result(PQexecPrepared(handle_.get(), prepared.name.c_str(), bound.count(),
                                     bound.values(), bound.lengths(), bound.formats(), 0));
  auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) throw failure(result.get(), name);
  return result;
}

std::vector<Row> Connection::rows(std::string_view name, std::string_view sql,
                                  const std::vector<Value>& parameters) {
  auto result = run(name, sql, parameters);
  std::vector<Row> out;
  int rows = PQntuples(result.get()), columns = PQnfields(result.get());
  out.reserve(static_cast<std::size_t>(rows));
  for (int r = 0; r < rows; ++r) {
    std::vector<Value> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int c = 0; c < columns; ++c) values.push_back(read_field(result.get(), r, c));
    out.emplace_back(std::move(values));
  }
  return out;
}

std::int64_t Connection::change(std::string_view name, std::string_view sql,
                                const std::vector<Value>& parameters) {
  auto result = run(name, sql, parameters);
  std::string_view count = PQcmdTuples(result.get());
  return count.empty() ? 0 : std::stoll(std::string(count));
}

void Connection::command(const char* sql) {
  ResultHandle result(PQexec(handle_.get(), sql));
  auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw failure(result.get(), std::string_view(sql).substr(0, 60));
}

void Connection::commit() {
  ResultHandle result(PQexec(handle_.get(), "COMMIT"));
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) {
    // An aborted transaction answers COMMIT with ROLLBACK, without an error.
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return;
    throw EngineFailure(bug("the function went on after its transaction had failed"));
  }
  auto failed = failure(result.get(), "COMMIT");
  if (failed.next == EngineFailure::Next::reconnect) {
    failed.next = EngineFailure::Next::give_up;
    failed.error = outcome_unknown(std::move(failed.error));
  }
  throw failed;
}

void Connection::roll_back() noexcept {
  ResultHandle(PQexec(handle_.get(), "ROLLBACK"));
}

bool Connection::is_usable() const {
  return PQstatus(handle_.get()) == CONNECTION_OK &&
         PQtransactionStatus(handle_.get()) == PQTRANS_IDLE;
}

std::vector<std::string> Connection::explain(std::string_view sql,
                                             const std::vector<Value>& parameters) {
  std::string name = prepare("db.explain", sql, parameters).name;
  ResultHandle described(PQdescribePrepared(handle_.get(), name.c_str()));
  std::string execute = "EXPLAIN EXECUTE \"" + name + "\"";
  int count = PQnparams(described.get());
  for (int i = 0; i < count; ++i) execute += i == 0 ? "(NULL" : ", NULL";
  if (count > 0) execute += ")";
  ResultHandle result(PQexec(handle_.get(), execute.c_str()));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) throw failure(result.get(), "EXPLAIN");
  std::vector<std::string> lines;
  for (int i = 0; i < PQntuples(result.get()); ++i)
    lines.emplace_back(PQgetvalue(result.get(), i, 0));
  return lines;
}

EngineFailure Connection::failure(const PGresult* result, std::string_view statement) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  bool lost = PQstatus(handle_.get()) != CONNECTION_OK;
  EngineFailure out = failure_of(state && !lost ? state : "");
  // The primary message only: DETAIL repeats the values of the row.
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  out.error.with("statement", std::string(statement))
      .with("postgres", message ? message : PQerrorMessage(handle_.get()))
      .with("sqlstate", state ? state : "none");
  return out;
}

Time PostgresTx::now() {
  if (!now_) {
    auto row = connection_.rows(transaction_time.name, transaction_time.postgres_sql, {});
    now_ = row.at(0).time(0);
  }
  return *now_;
}

/// An UPDATE and not SELECT … FOR UPDATE: REPEATABLE READ fixes the snapshot before the wait for
/// the lock. Whoever waits for a lock that was only held, not used, goes on with what it saw before
/// the wait, and a "count, then insert" is wrong. With a changed row it gets a serialization
/// failure and runs again. No indexed column changes, so the new row version stays in its page
/// (HOT); and the lock lets others insert rows that refer to this one.
void PostgresTx::lock_row(Lockable table, std::int64_t id) {
  const db::Statement& statement = table == Lockable::repo    ? lock_repo
                                   : table == Lockable::owner ? lock_owner
                                                              : lock_object;
  run_change(statement.name, statement.postgres_sql, {to_value(id)});
}

void PostgresTx::check_limit() const {
  if (deadline_ && Steady::now() > *deadline_) throw failure_of("57014");
}

std::vector<Row> PostgresTx::run_rows(std::string_view name, std::string_view sql,
                                      std::vector<Value> parameters) {
  check_limit();
  return connection_.rows(name, sql, parameters);
}

std::int64_t PostgresTx::run_change(std::string_view name, std::string_view sql,
                                    std::vector<Value> parameters) {
  check_limit();
  return connection_.change(name, sql, parameters);
}

}  // namespace cairn::db::postgres
