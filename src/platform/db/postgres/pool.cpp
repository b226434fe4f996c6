#include "platform/db/postgres/pool.h"

#include <random>

#include "base/log.h"
#include "platform/db/postgres/failure.h"

namespace cairn::db::postgres {
namespace {

constexpr int reruns_max = 10;
constexpr auto connect_pause = std::chrono::milliseconds(500);

/// Competitors that start again at the same moment would collide again.
void pause_before_rerun(int rerun) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int> wait_us(0, 500 << std::min(rerun, 6));
  std::this_thread::sleep_for(std::chrono::microseconds(wait_us(random)));
}

}  // namespace

Pool::Pool(Context& context, Role role, int connections)
    : context_(context), role_(role), queue_(context.options.queue_max) {
  for (int i = 0; i < std::max(1, connections); ++i) threads_.emplace_back([this] { loop(); });
}

Pool::~Pool() {
  queue_.close();
  for (auto& thread : threads_) thread.join();
}

void Pool::loop() {
  std::unique_ptr<Connection> connection;
  while (auto job = queue_.pop()) {
    auto error = run(connection, *job);
    if (error && role_ == Role::writer) context_.counters.write_failures += 1;
    job->done(std::move(error));
  }
}

Result<> Pool::make_ready(std::unique_ptr<Connection>& connection) {
  if (connection) return {};
  auto now = Steady::now().time_since_epoch().count();
  if (now < context_.connect_again_at) return std::unexpected(server_unavailable());
  auto opened = Connection::open(context_, role_);
  if (!opened) {
    // The calls that are refused until then are not worth a line each.
    log_failure("db.connect_failed", opened.error());
    context_.connect_again_at = (Steady::now() + connect_pause).time_since_epoch().count();
    return std::unexpected(std::move(opened.error()));
  }
  connection = std::move(*opened);
  return {};
}

std::optional<Error> Pool::run(std::unique_ptr<Connection>& connection, const Job& job) {
  for (int rerun = 0;; ++rerun) {
    if (auto ready = make_ready(connection); !ready) return std::move(ready.error());
    Effects effects;
    auto failure = run_once(*connection, job, effects);
    if (!connection->is_usable()) connection.reset();
    if (!failure) {
      run_effects(effects);
      return std::nullopt;
    }
    if (failure->next == EngineFailure::Next::reconnect) connection.reset();
    if (failure->next == EngineFailure::Next::give_up || rerun == reruns_max) {
      log_failure(role_ == Role::writer ? "db.write_failed" : "db.read_failed", failure->error);
      return std::move(failure->error);
    }
    // A connection lost before the COMMIT has done nothing, so it counts as a lost race.
    context_.counters.write_retries += role_ == Role::writer ? 1 : 0;
    pause_before_rerun(rerun);
  }
}

std::optional<EngineFailure> Pool::run_once(Connection& connection, const Job& job,
                                            Effects& effects) {
  std::optional<EngineFailure> failure;
  bool writes = role_ == Role::writer;
  try {
    connection.command(writes ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
                              : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    std::optional<std::chrono::milliseconds> limit;
    if (!writes) limit.emplace(context_.options.read_limit_ms);
    PostgresTx tx(connection, limit);
    Attempt run = attempt(job, tx);
    if (run.ok) {
      connection.commit();
      effects = tx.take_effects();
      auto& done = writes ? context_.counters.writes : context_.counters.reads;
      done += 1;
      return std::nullopt;
    }
    failure = std::move(run.failure);
  } catch (EngineFailure& failed) {
    failure = std::move(failed);
  }
  connection.roll_back();
  return failure;
}

}  // namespace cairn::db::postgres
