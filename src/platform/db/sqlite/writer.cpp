#include "platform/db/sqlite/writer.h"

#include "base/log.h"
#include "platform/db/sqlite/failure.h"

namespace cairn::db::sqlite {
namespace {

// A group is closed by the bytes it brings (the fsync then costs more than it saves) and by time,
// so that the first member is not kept waiting while others keep arriving.
constexpr std::size_t group_bytes_max = 1 << 20;
constexpr auto group_time_max = std::chrono::milliseconds(25);

// One statement that runs on and on is interrupted at this multiple of the limit. Not at the limit
// itself: an interrupt costs the whole group its transaction, a refusal afterwards only the member.
constexpr int interrupt_factor = 4;

// Free pages are given back to the file system in small steps, once 32 MiB of them have gathered.
constexpr std::int64_t free_pages_kept = 4096;
constexpr const char* vacuum_step = "PRAGMA incremental_vacuum(256)";

}  // namespace

Writer::Writer(Context& context, const Clock& clock, std::unique_ptr<Connection> connection)
    : context_(context),
      clock_(clock),
      connection_(std::move(connection)),
      next_checkpoint_bytes_(context.options.wal_checkpoint_bytes),
      queue_(context.options.queue_max),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  queue_.close();
  thread_.join();
}

void Writer::loop() {
  while (auto first = queue_.pop()) {
    run_group(std::move(*first));
    if (!suspect_) tend_wal();
  }
}

Result<> Writer::make_ready() {
  if (suspect_) {
    // The old one is closed last: without a connection the next would recover from the WAL and
    // find there the commit that failed, after its waiter was told so.
    CAIRN_TRY(opened, Connection::open(context_, Role::writer, false));
    connection_ = std::move(opened);
    suspect_ = false;
    log::info("db.reopened", {{"path", context_.path}});
  }
  // What is written into a file without a name is lost with the process.
  if (connection_->file_is_gone()) return std::unexpected(file_unavailable());
  return {};
}

/// The trouble is the file's, not this job's: whoever waits is told at once.
void Writer::refuse(Job first, const Error& error) {
  log_failure("db.write_refused", error);
  auto waiting = queue_.take_all();
  context_.counters.write_failures += 1 + waiting.size();
  first.done(error);
  for (Job& job : waiting) job.done(error);
}

void Writer::run_group(Job first) {
  if (auto ready = make_ready(); !ready) return refuse(std::move(first), ready.error());
  try {
    connection_->execute("BEGIN IMMEDIATE");
  } catch (EngineFailure& failed) {
    connection_->roll_back();
    if (failed.next == EngineFailure::Next::reconnect) suspect_ = true;
    return refuse(std::move(first), failed.error);
  }
  Group group;
  if (fill(group, std::move(first))) {
    commit(std::move(group));
  } else {
    connection_->roll_back();
    give_up(std::move(group));
  }
}

bool Writer::fill(Group& group, Job first) {
  auto closes_at = Steady::now() + group_time_max;
  std::size_t bytes = 0;
  std::optional<Job> job = std::move(first);
  while (job) {
    group.push_back({std::move(*job), {}, {}, false});
    if (!run_member(group.back(), bytes)) return false;
    if (bytes >= group_bytes_max || Steady::now() >= closes_at) break;
    job = queue_.try_pop();
  }
  return true;
}

bool Writer::run_member(Member& member, std::size_t& bytes) {
  try {
    connection_->execute("SAVEPOINT member");
    int limit_ms = context_.options.transaction_limit_ms;
    connection_->set_deadline(Steady::now() +
                              std::chrono::milliseconds(limit_ms) * interrupt_factor);
    SqliteTx tx(*connection_, clock_.now(), limit_ms);
    Attempt run = attempt(member.job, tx);
    connection_->set_deadline(std::nullopt);
    bytes += tx.parameter_bytes();
    member.failure = std::move(run.failure);
    if (run.ok) {
      tx.check_limit();
      // Otherwise the COMMIT would fail, for all members.
      if (connection_->has_broken_references())
        throw EngineFailure(bug("a foreign key names a row that does not exist"));
      connection_->execute("RELEASE member");
      member.effects = tx.take_effects();
      member.changes = true;
      return true;
    }
  } catch (EngineFailure& failed) {
    member.failure = std::move(failed);
  }
  if (!connection_->in_transaction()) {
    if (!member.failure) member.failure = EngineFailure(bug("the transaction ended by itself"));
    return false;
  }
  if (member.failure && member.failure->next == EngineFailure::Next::reconnect) return false;
  try {
    connection_->execute("ROLLBACK TO member");
    connection_->execute("RELEASE member");
  } catch (EngineFailure& failed) {
    member.failure = std::move(failed);
    return false;
  }
  return true;
}

void Writer::commit(Group group) {
  try {
    connection_->execute("COMMIT");
  } catch (EngineFailure& failed) {
    connection_->roll_back();
    if (failed.next == EngineFailure::Next::reconnect) {
      suspect_ = true;
      // Its frames may be on the disk, and a power loss before the next commit would show.
      failed.error = outcome_unknown(std::move(failed.error));
    }
    // Also those who were refused: what refused them may have been undone with the rest.
    for (Member& member : group) {
      member.failure = failed;
      member.effects.clear();
      member.changes = false;
    }
    return settle(std::move(group));
  }
  context_.counters.wal_bytes = connection_->wal_bytes();
  context_.counters.write_groups += 1;
  settle(std::move(group));
}

/// The transaction is lost, by the fault or the bad luck of its last member.
void Writer::give_up(Group group) {
  EngineFailure& cause = *group.back().failure;
  if (cause.next == EngineFailure::Next::reconnect) suspect_ = true;
  if (cause.error.word == too_long_word) {
    // Only the last one was slow: the others run again.
    std::vector<Job> again;
    for (std::size_t i = 0; i + 1 < group.size(); ++i) again.push_back(std::move(group[i].job));
    context_.counters.write_retries += again.size();
    queue_.push_front(std::move(again));
    group.erase(group.begin(), group.end() - 1);
  } else {
    for (Member& member : group) {
      member.failure = cause;
      member.effects.clear();
      member.changes = false;
    }
  }
  settle(std::move(group));
}

/// Effects first, of all members: whoever is answered must not find a stale cache.
void Writer::settle(Group group) {
  for (Member& member : group) run_effects(member.effects);
  for (Member& member : group) {
    context_.counters.writes += member.changes ? 1 : 0;
    if (!member.failure) {
      member.job.done(std::nullopt);
      continue;
    }
    context_.counters.write_failures += 1;
    log_failure("db.write_failed", member.failure->error);
    member.job.done(std::move(member.failure->error));
  }
}

/// Copies the WAL into the database. Past `wal_max_bytes` it waits for the readers that hold it
/// back, and so do the writers: the WAL stays bounded, because a read ends after its limit.
void Writer::tend_wal() {
  auto bytes = connection_->wal_bytes();
  context_.counters.wal_bytes = bytes;
  if (bytes < context_.options.wal_checkpoint_bytes) {
    next_checkpoint_bytes_ = context_.options.wal_checkpoint_bytes;
    return;
  }
  if (bytes < next_checkpoint_bytes_) return;
  try {
    bool wait = bytes >= context_.options.wal_max_bytes && context_.copies_running == 0;
    int wait_ms = context_.options.read_limit_ms + 500;
    if (!wait) {
      connection_->checkpoint(SQLITE_CHECKPOINT_PASSIVE, 0);
    } else if (!connection_->checkpoint(SQLITE_CHECKPOINT_TRUNCATE, wait_ms)) {
      log::warning("db.wal_held", {{"size_bytes", connection_->wal_bytes()}});
    }
    // A WAL that is copied but still read cannot start over yet: not another copy per commit.
    next_checkpoint_bytes_ =
        std::min(connection_->wal_bytes() + context_.options.wal_checkpoint_bytes,
                 std::max(context_.options.wal_max_bytes, context_.options.wal_checkpoint_bytes));
    if (queue_.size() == 0) give_space_back();
  } catch (EngineFailure& failed) {
    // Everything acknowledged is in the WAL and synced, so the next group may try again.
    log_failure("db.checkpoint_failed", failed.error);
    if (failed.next == EngineFailure::Next::reconnect) suspect_ = true;
  }
}

void Writer::give_space_back() {
  auto free_pages = connection_->rows("db.free_pages", "PRAGMA freelist_count", {});
  if (free_pages.at(0).integer(0) > free_pages_kept) connection_->execute(vacuum_step);
}

}  // namespace cairn::db::sqlite
