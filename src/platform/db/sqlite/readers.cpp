#include "platform/db/sqlite/readers.h"

#include "base/log.h"
#include "platform/db/sqlite/failure.h"

namespace cairn::db::sqlite {

Readers::Readers(Context& context, const Clock& clock)
    : context_(context), clock_(clock), queue_(context.options.queue_max) {
  for (int i = 0; i < std::max(1, context.options.reader_connections); ++i)
    threads_.emplace_back([this] { loop(); });
}

Readers::~Readers() {
  queue_.close();
  for (auto& thread : threads_) thread.join();
}

void Readers::loop() {
  std::unique_ptr<Connection> connection;
  while (auto job = queue_.pop()) run(connection, std::move(*job));
}

Result<> Readers::make_ready(std::unique_ptr<Connection>& connection) {
  if (!connection) {
    CAIRN_TRY(opened, Connection::open(context_, Role::reader, false));
    connection = std::move(opened);
  }
  if (connection->file_is_gone()) return std::unexpected(file_unavailable());
  return {};
}

void Readers::run(std::unique_ptr<Connection>& connection, Job job) {
  if (auto ready = make_ready(connection); !ready) {
    log_failure("db.read_refused", ready.error());
    return job.done(std::move(ready.error()));
  }
  std::vector<std::function<void()>> effects;
  auto failure = run_on(*connection, job, effects);
  context_.counters.reads += 1;
  if (!failure) {
    run_effects(effects);
    return job.done(std::nullopt);
  }
  log_failure("db.read_failed", failure->error);
  if (failure->next == EngineFailure::Next::reconnect) connection.reset();
  job.done(std::move(failure->error));
}

std::optional<EngineFailure> Readers::run_on(Connection& connection, const Job& job,
                                             std::vector<std::function<void()>>& effects) {
  std::optional<EngineFailure> failure;
  try {
    connection.execute("BEGIN");
    int limit_ms = context_.options.read_limit_ms;
    connection.set_deadline(Steady::now() + std::chrono::milliseconds(limit_ms));
    SqliteTx tx(connection, clock_.now(), limit_ms);
    Attempt run = attempt(job, tx);
    failure = std::move(run.failure);
    if (run.ok) effects = tx.take_effects();
    connection.set_deadline(std::nullopt);
    connection.execute("COMMIT");
  } catch (EngineFailure& failed) {
    if (!failure) failure = std::move(failed);
  }
  connection.set_deadline(std::nullopt);
  connection.roll_back();
  return failure;
}

}  // namespace cairn::db::sqlite
