#include "hub/event/store.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "hub/event/event.h"

namespace cairn::event {
namespace {

// What xid there is on PostgreSQL is set by the column's default.
constexpr db::Statement insert_event{"event.insert", R"sql(
  INSERT INTO events (type, schema_version, time, actor_kind, actor_id, actor_name,
                      actor_on_behalf_of, actor_token_id, request_id, owner_id, owner_name,
                      repo_id, repo_kind, repo_name, visibility, data)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16))sql"};

// A transaction below the snapshot's xmin has ended, and so has every one before it: nothing can
// appear any more at or before its position.
constexpr db::Statement events_after{"event.after", R"sql(
  SELECT id, xid, type, schema_version, time, actor_kind, actor_id, actor_name,
         actor_on_behalf_of, actor_token_id, request_id, owner_id, owner_name,
         repo_id, repo_kind, repo_name, visibility, data
  FROM events WHERE (xid, id) > ($1, $2) ORDER BY xid, id LIMIT $3)sql",
                                     R"sql(
  SELECT id, xid, type, schema_version, time, actor_kind, actor_id, actor_name,
         actor_on_behalf_of, actor_token_id, request_id, owner_id, owner_name,
         repo_id, repo_kind, repo_name, visibility, data
  FROM events WHERE (xid, id) > ($1::bigint::text::xid8, $2)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY xid, id LIMIT $3)sql"};

constexpr db::Statement latest_of_repo{"event.latest_of_repo", R"sql(
  SELECT id, xid, type, schema_version, time, actor_kind, actor_id, actor_name,
         actor_on_behalf_of, actor_token_id, request_id, owner_id, owner_name,
         repo_id, repo_kind, repo_name, visibility, data
  FROM events WHERE repo_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3)sql"};
constexpr db::Statement latest_of_owner{"event.latest_of_owner", R"sql(
  SELECT id, xid, type, schema_version, time, actor_kind, actor_id, actor_name,
         actor_on_behalf_of, actor_token_id, request_id, owner_id, owner_name,
         repo_id, repo_kind, repo_name, visibility, data
  FROM events WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3)sql"};

constexpr db::Statement find_consumer{"event.consumer",
                                      "SELECT xid, event_id FROM event_consumers WHERE name = $1"};

constexpr db::Statement move_consumer{"event.advance", R"sql(
  INSERT INTO event_consumers (name, xid, event_id, updated_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO UPDATE
    SET xid = excluded.xid, event_id = excluded.event_id, updated_at = excluded.updated_at
    WHERE (excluded.xid, excluded.event_id) > (event_consumers.xid, event_consumers.event_id))sql"};

// PostgreSQL: the end of the transactions that read_events() would show now.
constexpr db::Statement end_of_events{
    "event.end", "SELECT 0, coalesce(max(id), 0) FROM events",
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, 9223372036854775807"};

constexpr db::Statement add_consumer{"event.start", R"sql(
  INSERT INTO event_consumers (name, xid, event_id, updated_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO NOTHING)sql"};

constexpr db::Statement delete_consumer{"event.drop",
                                        "DELETE FROM event_consumers WHERE name = $1"};

constexpr db::Statement consumers{
    "event.consumers", "SELECT name, xid, event_id, updated_at FROM event_consumers ORDER BY name"};

constexpr db::Statement forget{"event.forget", R"sql(
  DELETE FROM events WHERE id IN (
    SELECT id FROM events WHERE (xid, id) <= ($1, $2) ORDER BY xid, id LIMIT $3) AND time < $4)sql",
                               R"sql(
  DELETE FROM events WHERE id IN (
    SELECT id FROM events WHERE (xid, id) <= ($1::bigint::text::xid8, $2)
      AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, id LIMIT $3) AND time < $4)sql"};

// Only PostgreSQL runs the next five.
constexpr db::Statement positions_ahead{"event.positions_ahead", "SELECT false",
                                        R"sql(SELECT
    coalesce((SELECT xid >= pg_snapshot_xmax(pg_current_snapshot()) FROM events
              ORDER BY xid DESC LIMIT 1), false)
    OR coalesce((SELECT max(xid) FROM event_consumers)
                > pg_snapshot_xmax(pg_current_snapshot())::text::bigint, false))sql"};
constexpr db::Statement first_unread{
    "event.first_unread", "SELECT min(id) FROM events WHERE (xid, id) > ($1, $2)",
    "SELECT min(id) FROM events WHERE (xid, id) > ($1::bigint::text::xid8, $2)"};
constexpr db::Statement last_id{"event.last_id", "SELECT coalesce(max(id), 0) FROM events"};
constexpr db::Statement set_consumer{
    "event.set_consumer",
    "UPDATE event_consumers SET xid = 0, event_id = $2, updated_at = $3 WHERE name = $1"};
constexpr db::Statement zero_positions{"event.zero_positions", "UPDATE events SET xid = 0",
                                       "UPDATE events SET xid = '0'"};

constexpr std::array<const db::Statement*, 11> statements = {
    &insert_event,    &events_after,  &latest_of_repo, &latest_of_owner,
    &find_consumer,   &move_consumer, &end_of_events,  &add_consumer,
    &delete_consumer, &forget,        &last_id};

/// Events hold what we wrote; what does not parse is damage and shows as an empty object.
json::object parse_data(const std::string& text) {
  auto value = parse_json(text);
  if (value && value->is_object()) return std::move(value->get_object());
  return {};
}

Event read_event(const db::Row& row) {
  Event event;
  event.position = {.xid = row.integer(1), .id = row.integer(0)};
  event.type = row.text(2);
  event.schema = static_cast<int>(row.integer(3));
  event.time = row.time(4);
  event.actor = {.kind = row.text(5),
                 .id = row.opt_integer(6),
                 .name = row.text(7),
                 .on_behalf_of = row.opt_integer(8),
                 .token_id = row.opt_integer(9),
                 .request_id = row.text(10)};
  event.owner_id = row.opt_integer(11);
  event.owner_name = row.text(12);
  event.repo_id = row.opt_integer(13);
  event.repo_kind = row.text(14);
  event.repo_name = row.text(15);
  event.visibility = row.text(16);
  event.data = parse_data(row.text(17));
  return event;
}

Position position_of(db::Tx& tx, std::string_view consumer) {
  auto row = tx.one(find_consumer, consumer);
  if (!row) return {.xid = 0, .id = 0};
  return {.xid = row->integer(0), .id = row->integer(1)};
}

}  // namespace

std::span<const db::Statement* const> all_statements() {
  return statements;
}

void append_event(db::Tx& tx, const NewEvent& event) {
  const EventActor& actor = event.actor;
  tx.run(insert_event, event.type, event.schema, tx.now(), actor.kind, actor.id, actor.name,
         actor.on_behalf_of, actor.token_id, actor.request_id, event.owner_id, event.owner_name,
         event.repo_id, event.repo_kind, event.repo_name, event.visibility,
         json::serialize(event.data));
}

std::vector<Event> read_events(db::Tx& tx, std::string_view consumer, int limit) {
  const Position after = position_of(tx, consumer);
  std::vector<Event> events;
  for (const auto& row : tx.all(events_after, after.xid, after.id, std::clamp(limit, 1, read_max)))
    events.push_back(read_event(row));
  return events;
}

std::vector<Event> latest_events(db::Tx& tx, const Subjects& subjects,
                                 std::optional<std::int64_t> before, int limit) {
  limit = std::clamp(limit, 1, read_max);
  auto below = before.value_or(std::numeric_limits<std::int64_t>::max());
  std::vector<Event> events;
  if (subjects.repo)
    for (const auto& row : tx.all(latest_of_repo, *subjects.repo, below, limit))
      events.push_back(read_event(row));
  for (auto owner : subjects.owners)
    for (const auto& row : tx.all(latest_of_owner, owner, below, limit))
      events.push_back(read_event(row));
  std::ranges::sort(events, std::greater{}, [](const Event& event) { return event.id(); });
  if (events.size() > static_cast<std::size_t>(limit))
    events.erase(events.begin() + limit, events.end());
  return events;
}

void advance(db::Tx& tx, std::string_view consumer, Position position) {
  tx.run(move_consumer, consumer, position.xid, position.id, tx.now());
}

void start_from_now(db::Tx& tx, std::string_view consumer) {
  auto end = tx.one(end_of_events);
  tx.run(add_consumer, consumer, end->integer(0), end->integer(1), tx.now());
}

void drop_consumer(db::Tx& tx, std::string_view consumer) {
  tx.run(delete_consumer, consumer);
}

std::vector<Consumer> list_consumers(db::Tx& tx) {
  std::vector<Consumer> out;
  for (const auto& row : tx.all(consumers))
    out.push_back({.name = row.text(0),
                   .position = {.xid = row.integer(1), .id = row.integer(2)},
                   .updated_at = row.time(3)});
  return out;
}

std::int64_t forget_events(db::Tx& tx, Time before, int limit) {
  Position passed{.xid = INT64_MAX, .id = INT64_MAX};
  for (const auto& consumer : list_consumers(tx)) passed = std::min(passed, consumer.position);
  return tx.run(forget, passed.xid, passed.id, std::max(limit, 1), before);
}

bool repair_positions(db::Tx& tx) {
  if (tx.engine() != db::Engine::postgres || !tx.one(positions_ahead)->boolean(0)) return false;
  const std::int64_t last = tx.one(last_id)->integer(0);
  for (const auto& consumer : list_consumers(tx)) {
    // Whatever was unread before must be unread after; ids in between may then be read again.
    auto unread = tx.one(first_unread, consumer.position.xid, consumer.position.id);
    tx.run(set_consumer, consumer.name, unread->opt_integer(0).value_or(last + 1) - 1, tx.now());
  }
  tx.run(zero_positions);
  return true;
}

}  // namespace cairn::event
