#include "platform/db/sqlite/connection.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/db/sqlite/failure.h"

namespace cairn::db::sqlite {
namespace {

// The hub has a few hundred statements; lists with optional parts add combinations.
constexpr std::size_t cached_statements_max = 512;

// Checked every so many steps of SQLite's machine: some 20 µs.
constexpr int progress_steps = 1000;

/// SQLite would make the file readable by all. Where it exists, it is not touched: closing a second
/// descriptor would drop the POSIX locks of connections that this process has open.
void create_private(const std::string& path) {
  int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

Row read_row(sqlite3_stmt* statement) {
  std::vector<Value> values;
  int count = sqlite3_column_count(statement);
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    auto bytes = [&](const void* start) {
      auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      return size == 0 ? std::string() : std::string(static_cast<const char*>(start), size);
    };
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_INTEGER:
        values.emplace_back(sqlite3_column_int64(statement, i));
        break;
      case SQLITE_FLOAT:
        values.emplace_back(sqlite3_column_double(statement, i));
        break;
      case SQLITE_TEXT:
        values.emplace_back(bytes(sqlite3_column_text(statement, i)));
        break;
      case SQLITE_BLOB:
        values.emplace_back(Blob{bytes(sqlite3_column_blob(statement, i))});
        break;
      default:
        values.emplace_back();
        break;
    }
  }
  return Row(std::move(values));
}

/// Leaves the statement ready for its next use, also when a step failed.
struct ResetAtEnd {
  sqlite3_stmt* statement;
  ~ResetAtEnd() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(Context& context, Role role, bool create) {
  std::unique_ptr<Connection> connection(new Connection(context));
  if (create) create_private(context.path);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= role == Role::reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const auto& vfs = context.options.sqlite_vfs;
  // Never SQLITE_OPEN_CREATE: a database that vanished must not come back empty.
  int code = sqlite3_open_v2(context.path.c_str(), &connection->db_, flags,
                             vfs.empty() ? nullptr : vfs.c_str());
  try {
    if (code != SQLITE_OK) throw connection->failure(code, "open");
    connection->configure(role, create);
  } catch (EngineFailure& failed) {
    return fail(std::move(failed.error).with("path", context.path));
  }
  return connection;
}

Connection::~Connection() {
  for (auto& cached : cache_) sqlite3_finalize(cached.statement);
  sqlite3_close_v2(db_);
}

void Connection::configure(Role role, bool create) {
  sqlite3_busy_timeout(db_, context_.options.busy_timeout_ms);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // "name" is never a text: PostgreSQL would refuse it too.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  if (create) {
    // These two only take effect before the first page is written, and WAL writes it.
    script("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;");
  }
  if (role != Role::reader) {
    // Without the right to write, SQLite opens the file for reading instead of failing.
    if (sqlite3_db_readonly(db_, "main") == 1) throw EngineFailure(file_unavailable());
    script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    script("PRAGMA journal_size_limit = " + std::to_string(context_.options.wal_max_bytes));
  } else {
    script("PRAGMA query_only = ON;");
  }
  script("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;");
  // The hook takes the place of SQLite's automatic checkpoints: the writer decides when.
  sqlite3_wal_hook(db_, &Connection::on_commit, this);
  if (role != Role::tool)
    sqlite3_progress_handler(db_, progress_steps, &Connection::on_progress, this);
}

int Connection::on_progress(void* self) {
  auto& deadline = static_cast<Connection*>(self)->deadline_;
  return deadline && Steady::now() > *deadline ? 1 : 0;
}

int Connection::on_commit(void* self, sqlite3*, const char*, int pages) {
  constexpr std::int64_t frame_bytes = 8192 + 24;  // A page and its header in the WAL.
  static_cast<Connection*>(self)->wal_bytes_ = pages * frame_bytes;
  return SQLITE_OK;
}

Connection::Cached& Connection::prepare(std::string_view name, std::string_view sql) {
  if (auto found = by_sql_.find(sql); found != by_sql_.end()) {
    cache_.splice(cache_.begin(), cache_, found->second);
    return cache_.front();
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  if (code != SQLITE_OK) throw failure(code, name);
  std::string_view rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (!statement || rest.find_first_not_of("; \t\r\n") != std::string_view::npos) {
    sqlite3_finalize(statement);
    throw EngineFailure(bug("statement " + std::string(name) + " is not exactly one statement"));
  }
  if (cache_.size() >= cached_statements_max) {
    by_sql_.erase(cache_.back().sql);
    sqlite3_finalize(cache_.back().statement);
    cache_.pop_back();
  }
  cache_.push_front({std::string(sql), statement, &context_.stats.of(name)});
  by_sql_.emplace(cache_.front().sql, cache_.begin());
  return cache_.front();
}

void Connection::bind(std::string_view name, sqlite3_stmt* statement,
                      const std::vector<Value>& parameters) {
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(parameters.size()))
    throw EngineFailure(bug("statement " + std::string(name) + " got " +
                            std::to_string(parameters.size()) + " parameters"));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    // By name, because SQLite numbers $-parameters by appearance and not by their digits.
    int index = sqlite3_bind_parameter_index(statement, ("$" + std::to_string(i + 1)).c_str());
    if (index == 0)
      throw EngineFailure(
          bug("statement " + std::string(name) + " lacks $" + std::to_string(i + 1)));
    int code = SQLITE_OK;
    const Value& value = parameters[i];
    if (auto* number = std::get_if<std::int64_t>(&value)) {
      code = sqlite3_bind_int64(statement, index, *number);
    } else if (auto* real = std::get_if<double>(&value)) {
      code = sqlite3_bind_double(statement, index, *real);
    } else if (auto* text = std::get_if<std::string>(&value)) {
      // PostgreSQL refuses these, so SQLite does not take them either.
      if (text->find('\0') != std::string::npos || !is_valid_utf8(*text))
        throw EngineFailure(invalid_text().with("statement", std::string(name)));
      code = sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    } else if (auto* blob = std::get_if<Blob>(&value)) {
      code = sqlite3_bind_blob64(statement, index, blob->bytes.data(), blob->bytes.size(),
                                 SQLITE_STATIC);
    }
    if (code != SQLITE_OK) throw failure(code, name);
  }
}

std::vector<Row> Connection::rows(std::string_view name, std::string_view sql,
                                  const std::vector<Value>& parameters) {
  Cached& cached = prepare(name, sql);
  ResetAtEnd reset{cached.statement};
  StatementTimer timer(*cached.stats, name, context_.options.slow_statement_ms);
  bind(name, cached.statement, parameters);
  std::vector<Row> out;
  int code = 0;
  while ((code = sqlite3_step(cached.statement)) == SQLITE_ROW)
    out.push_back(read_row(cached.statement));
  if (code != SQLITE_DONE) throw failure(code, name);
  return out;
}

std::int64_t Connection::change(std::string_view name, std::string_view sql,
                                const std::vector<Value>& parameters) {
  rows(name, sql, parameters);
  return sqlite3_changes64(db_);
}

std::vector<Row> Connection::unbound_rows(const std::string& sql) {
  sqlite3_stmt* statement = prepare("db.explain", sql).statement;
  ResetAtEnd reset{statement};
  std::vector<Row> out;
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) out.push_back(read_row(statement));
  if (code != SQLITE_DONE) throw failure(code, "explain");
  return out;
}

void Connection::execute(std::string_view sql) {
  sqlite3_stmt* statement = prepare("db.control", sql).statement;
  ResetAtEnd reset{statement};
  int code = 0;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
  }
  if (code != SQLITE_DONE) throw failure(code, sql);
}

void Connection::script(const std::string& sql) {
  int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw failure(code, "script");
}

void Connection::roll_back() noexcept {
  if (in_transaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Connection::has_broken_references() const {
  int current = 0, highest = 0;
  sqlite3_db_status(db_, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0);
  return current != 0;
}

bool Connection::file_is_gone() const {
  int moved = 0;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

bool Connection::checkpoint(int mode, int wait_ms) {
  sqlite3_busy_timeout(db_, wait_ms);
  int frames = 0, copied = 0;
  int code = sqlite3_wal_checkpoint_v2(db_, "main", mode, &frames, &copied);
  sqlite3_busy_timeout(db_, context_.options.busy_timeout_ms);
  if (code != SQLITE_OK && code != SQLITE_BUSY) throw failure(code, "checkpoint");
  if (frames >= 0) on_commit(this, db_, "main", frames);
  return code == SQLITE_OK && frames == copied;
}

EngineFailure Connection::failure(int code, std::string_view statement) const {
  EngineFailure out = failure_of(code, db_ ? sqlite3_system_errno(db_) : 0);
  out.error.with("statement", std::string(statement))
      .with("sqlite", db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code))
      .with("sqlite_code", std::to_string(code));
  return out;
}

void SqliteTx::check_limit() const {
  if (Steady::now() > deadline_) throw EngineFailure(too_long(limit_ms_));
}

void SqliteTx::before(const std::vector<Value>& parameters) {
  check_limit();
  for (const auto& value : parameters) parameter_bytes_ += size_of(value);
}

std::vector<Row> SqliteTx::run_rows(std::string_view name, std::string_view sql,
                                    std::vector<Value> parameters) {
  before(parameters);
  return connection_.rows(name, sql, parameters);
}

std::int64_t SqliteTx::run_change(std::string_view name, std::string_view sql,
                                  std::vector<Value> parameters) {
  before(parameters);
  return connection_.change(name, sql, parameters);
}

}  // namespace cairn::db::sqlite
