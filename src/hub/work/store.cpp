#include "hub/work/store.h"

#include <algorithm>
#include <array>

#include "base/id.h"
#include "base/log.h"
#include "base/text.h"

namespace cairn::work {
namespace {

// A running item keeps what it runs with; everything new is for the run after.
constexpr db::Statement upsert{"work.enqueue", R"sql(
  INSERT INTO work (kind, key, payload, state, due_at, attempts_max, created_at, updated_at)
  VALUES ($1, $2, $3, 0, $4, $5, $6, $6)
  ON CONFLICT (kind, key) DO UPDATE SET
    payload      = CASE WHEN work.state = 1 THEN work.payload ELSE excluded.payload END,
    next_payload = CASE WHEN work.state = 1 THEN excluded.payload END,
    next_due_at  = CASE WHEN work.state <> 1 THEN NULL
                        WHEN work.next_due_at < excluded.due_at THEN work.next_due_at
                        ELSE excluded.due_at END,
    due_at       = CASE WHEN work.state = 1 THEN work.due_at
                        WHEN work.state = 0
                             AND (work.attempts > 0 OR work.due_at < excluded.due_at)
                          THEN work.due_at
                        ELSE excluded.due_at END,
    attempts     = CASE WHEN work.state = 2 THEN 0 ELSE work.attempts END,
    state        = CASE WHEN work.state = 2 THEN 0 ELSE work.state END,
    attempts_max = excluded.attempts_max,
    updated_at   = excluded.updated_at
  RETURNING id)sql"};

constexpr db::Statement any_due{"work.any_due", R"sql(
  SELECT 1 FROM work WHERE state < 2 AND due_at <= $1
    AND kind IN (SELECT value FROM json_each($2)) LIMIT 1)sql",
                                R"sql(
  SELECT 1 FROM work WHERE state < 2 AND due_at <= $1
    AND kind IN (SELECT jsonb_array_elements_text($2::jsonb)) LIMIT 1)sql"};

// SKIP LOCKED: nodes that look at the same moment take different items.
constexpr db::Statement select_due{"work.select_due", R"sql(
  SELECT id, kind, key, payload, state, attempts, attempts_max, lease_number,
         next_payload IS NOT NULL
  FROM work WHERE state < 2 AND due_at <= $1
    AND kind IN (SELECT value FROM json_each($2)) ORDER BY due_at, id LIMIT $3)sql",
                                   R"sql(
  SELECT id, kind, key, payload, state, attempts, attempts_max, lease_number,
         next_payload IS NOT NULL
  FROM work WHERE state < 2 AND due_at <= $1
    AND kind IN (SELECT jsonb_array_elements_text($2::jsonb)) ORDER BY due_at, id LIMIT $3
  FOR UPDATE SKIP LOCKED)sql"};

constexpr db::Statement take{"work.take", R"sql(
  UPDATE work SET state = 1, attempts = attempts + 1, lease_number = lease_number + 1,
                  due_at = $1, leased_by = $2, updated_at = $3 WHERE id = $4)sql"};

constexpr db::Statement lease_of{"work.lease",
                                 R"sql(
  SELECT attempts, attempts_max, next_payload IS NOT NULL, coalesce(next_due_at, 0) FROM work
  WHERE id = $1 AND lease_number = $2 AND state = 1)sql",
                                 R"sql(
  SELECT attempts, attempts_max, next_payload IS NOT NULL, coalesce(next_due_at, 0) FROM work
  WHERE id = $1 AND lease_number = $2 AND state = 1 FOR UPDATE)sql"};

constexpr db::Statement extend{"work.renew", R"sql(
  UPDATE work SET due_at = $1 WHERE id = $2 AND lease_number = $3 AND state = 1)sql"};

constexpr db::Statement release{"work.release", R"sql(
  UPDATE work SET state = $1, due_at = $2, attempts = $3, error_word = $4, error_message = $5,
                  payload = coalesce(next_payload, payload), next_payload = NULL,
                  next_due_at = NULL, leased_by = '', updated_at = $6 WHERE id = $7)sql"};

constexpr db::Statement remove{"work.remove", "DELETE FROM work WHERE id = $1"};

constexpr db::Statement find_state{"work.find", "SELECT state FROM work WHERE id = $1",
                                   "SELECT state FROM work WHERE id = $1 FOR UPDATE"};

constexpr db::Statement restart{"work.retry", R"sql(
  UPDATE work SET state = 0, attempts = 0, due_at = $1, updated_at = $1 WHERE id = $2)sql"};

constexpr db::Statement restart_failed{"work.retry_failed", R"sql(
  UPDATE work SET state = 0, attempts = 0, due_at = $1, updated_at = $1 WHERE state = 2)sql"};

constexpr db::Statement end_all{"work.end_leases", R"sql(
  UPDATE work SET due_at = $1 WHERE state = 1 AND due_at > $1)sql"};

constexpr db::Statement count_states{"work.counts",
                                     "SELECT state, count(*) FROM work GROUP BY state"};

constexpr std::array<const db::Statement*, 13> statements = {
    &upsert, &any_due,    &select_due, &take,           &lease_of, &extend,      &release,
    &remove, &find_state, &restart,    &restart_failed, &end_all,  &count_states};

constexpr std::size_t error_bytes_max = 1000;

/// What becomes of an item whose run ended without success.
struct Release {
  State state = State::pending;
  Time due_at;
  int attempts = 0;
  std::string error_word = {};
  std::string error_message = {};
};
void let_go(db::Tx& tx, std::int64_t id, const Release& to) {
  tx.run(release, to.state, to.due_at, to.attempts, to.error_word,
         truncate_utf8(to.error_message, error_bytes_max), tx.now(), id);
}

/// The row of a lease that still holds.
struct Held {
  int attempts = 0;
  int attempts_max = 0;
  bool again = false;  ///< Enqueued once more while it ran.
  Time again_at;
};
Result<Held> held(db::Tx& tx, const WorkItem& item) {
  auto row = tx.one(lease_of, item.id, item.lease_number);
  if (!row)
    return fail(ErrorCode::precondition_failed, "LeaseLost",
                "This work was finished or taken over by another node. Leave it to that one.")
        .with("work_id", std::to_string(item.id))
        .with("kind", item.kind);
  return Held{.attempts = static_cast<int>(row->integer(0)),
              .attempts_max = static_cast<int>(row->integer(1)),
              .again = row->boolean(2),
              .again_at = row->time(3)};
}

/// After the last attempt: failed for good, unless the work was asked for once more meanwhile;
/// that request has attempts of its own.
Release after_last(Time now, const Held& row, const Error& error) {
  if (row.again) return {State::pending, row.again_at, 0, error.word, error.message};
  return {State::failed, now, row.attempts, error.word, error.message};
}

std::string kinds_json(const std::vector<std::string>& kinds) {
  return to_json_text(kinds);
}

json::value parse_payload(const std::string& text) {
  auto value = parse_json(text);
  return value ? std::move(*value) : json::value(json::object{});
}

Failure not_found(std::int64_t id) {
  return fail(ErrorCode::not_found, "WorkNotFound",
              "There is no work " + std::to_string(id) +
                  ": it is done, or never was. List what there is: cairn admin work list.");
}

/// For what a person may do to an item: anything while it does not run.
Result<> check_not_running(db::Tx& tx, std::int64_t id) {
  auto row = tx.one(find_state, id);
  if (!row) return not_found(id);
  if (row->enumeration<State>(0) == State::running)
    return fail(ErrorCode::conflict, "WorkRunning",
                "Work " + std::to_string(id) + " runs now. Wait until it has ended.");
  return {};
}

}  // namespace

std::span<const db::Statement* const> all_statements() {
  return statements;
}

std::string_view to_string(State state) {
  switch (state) {
    case State::pending:
      return "pending";
    case State::running:
      return "running";
    case State::failed:
      return "failed";
  }
  return "failed";
}

std::optional<State> parse_state(std::string_view text) {
  for (State state : {State::pending, State::running, State::failed})
    if (text == to_string(state)) return state;
  return std::nullopt;
}

std::int64_t enqueue(db::Tx& tx, const NewWork& work) {
  const std::string key = work.key.empty() ? make_public_id().hex : work.key;
  const Time now = tx.now();
  return tx
      .one(upsert, work.kind, key, json::serialize(work.payload), work.run_at.value_or(now),
           std::max(work.attempts_max, 1), now)
      ->integer(0);
}

Result<> check_lease(db::Tx& tx, const WorkItem& item) {
  CAIRN_CHECK(held(tx, item));
  return {};
}

Result<> finish(db::Tx& tx, const WorkItem& item) {
  CAIRN_TRY(row, held(tx, item));
  if (row.again)
    let_go(tx, item.id, {.due_at = row.again_at});
  else
    tx.run(remove, item.id);
  return {};
}

bool has_due(db::Tx& tx, const std::vector<std::string>& kinds) {
  return tx.one(any_due, tx.now(), kinds_json(kinds)).has_value();
}

std::vector<WorkItem> claim(db::Tx& tx, const std::vector<std::string>& kinds,
                            const std::string& node, Duration lease, int limit) {
  const Time now = tx.now();
  std::vector<WorkItem> items;
  for (const auto& row : tx.all(select_due, now, kinds_json(kinds), limit)) {
    WorkItem item{.id = row.integer(0),
                  .kind = row.text(1),
                  .key = row.text(2),
                  .payload = parse_payload(row.text(3)),
                  .attempt = static_cast<int>(row.integer(5)) + 1,
                  .attempts_max = static_cast<int>(row.integer(6)),
                  .lease_number = row.integer(7) + 1};
    if (row.enumeration<State>(4) == State::running && item.attempt > item.attempts_max) {
      // Its node died, or lost the lease, at the last attempt: it may be the work that kills.
      auto lost = fail(ErrorCode::internal, "WorkerLost",
                       "The node that ran this work stopped before it ended. Look at its log.")
                      .error();
      const Held last{.attempts = item.attempts_max, .again = row.boolean(8), .again_at = now};
      let_go(tx, item.id, after_last(now, last, lost));
      continue;
    }
    tx.run(take, now + lease, node, now, item.id);
    items.push_back(std::move(item));
  }
  return items;
}

bool renew(db::Tx& tx, const WorkItem& item, Duration lease) {
  return tx.run(extend, tx.now() + lease, item.id, item.lease_number) > 0;
}

Duration backoff(int attempt) {
  constexpr int doublings_max = 11;  // 2 s · 2^11 is more than an hour.
  auto wait = seconds(std::int64_t{2} << std::clamp(attempt - 1, 0, doublings_max));
  return std::min(wait, hours(1));
}

Result<State> fail_attempt(db::Tx& tx, const WorkItem& item, const Error& error) {
  CAIRN_TRY(row, held(tx, item));
  const Time now = tx.now();
  Release to{State::pending, now + std::max(backoff(row.attempts), seconds(error.retry_after_s)),
             row.attempts, error.word, error.message};
  if (row.attempts >= row.attempts_max) to = after_last(now, row, error);
  let_go(tx, item.id, to);
  return to.state;
}

Result<> give_back(db::Tx& tx, const WorkItem& item) {
  CAIRN_TRY(row, held(tx, item));
  let_go(tx, item.id, {.due_at = tx.now(), .attempts = std::max(row.attempts - 1, 0)});
  return {};
}

std::vector<Listed> list_work(db::Tx& tx, const ListOptions& options) {
  constexpr int list_max = 1000;
  db::Query query{"work.list"};
  query.add(
      "SELECT id, kind, key, state, due_at, attempts, attempts_max, leased_by, error_word, "
      "error_message, created_at FROM work WHERE id > ",
      options.after);
  if (options.state) query.add(" AND state = ", *options.state);
  if (!options.kind.empty()) query.add(" AND kind = ", options.kind);
  query.add(" ORDER BY id LIMIT ", std::clamp(options.limit, 1, list_max));
  std::vector<Listed> out;
  for (const auto& row : tx.all(query))
    out.push_back({.id = row.integer(0),
                   .kind = row.text(1),
                   .key = row.text(2),
                   .state = row.enumeration<State>(3),
                   .due_at = row.time(4),
                   .attempts = static_cast<int>(row.integer(5)),
                   .attempts_max = static_cast<int>(row.integer(6)),
                   .leased_by = row.text(7),
                   .error_word = row.text(8),
                   .error_message = row.text(9),
                   .created_at = row.time(10)});
  return out;
}

Result<> retry_work(db::Tx& tx, std::int64_t id) {
  CAIRN_CHECK(check_not_running(tx, id));
  tx.run(restart, tx.now(), id);
  return {};
}

std::int64_t retry_failed(db::Tx& tx) {
  return tx.run(restart_failed, tx.now());
}

void end_leases(db::Tx& tx) {
  tx.run(end_all, tx.now());
}

Result<> discard_work(db::Tx& tx, std::int64_t id) {
  CAIRN_CHECK(check_not_running(tx, id));
  tx.run(remove, id);
  return {};
}

Counts count_work(db::Tx& tx) {
  Counts counts;
  for (const auto& row : tx.all(count_states)) {
    auto count = row.integer(1);
    switch (row.enumeration<State>(0)) {
      case State::pending:
        counts.pending = count;
        break;
      case State::running:
        counts.running = count;
        break;
      case State::failed:
        counts.failed = count;
        break;
    }
  }
  return counts;
}

}  // namespace cairn::work
