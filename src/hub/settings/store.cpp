#include "hub/settings/store.h"

#include <limits>

#include "hub/settings/acts.h"

namespace cairn::settings {
namespace {

using db::Statement;

constexpr std::string_view settings_sql = R"sql(
-- value: what was chosen over the API or the command line; pinned: what the configuration says,
-- written at every start. The latter wins.
CREATE TABLE hub_settings (
  key @text PRIMARY KEY,
  value @text,
  pinned @text,
  changed_at @int,
  changed_by @text NOT NULL DEFAULT ''
) @strict;

CREATE TABLE hub_setting_changes (
  id @id,
  key @text NOT NULL,
  from_value @text NOT NULL,
  to_value @text NOT NULL,
  changed_by @text NOT NULL,
  changed_at @int NOT NULL
) @strict;
)sql";

// No foreign keys: a record outlives what it tells of.
constexpr std::string_view acts_schema = R"sql(
CREATE TABLE hub_acts (
  id @id,
  time @int NOT NULL,
  who @text NOT NULL,
  operation @text NOT NULL,
  target @text NOT NULL,
  address @text NOT NULL,
  request_id @text NOT NULL
) @strict;
)sql";

// At most as many rows as there are settings.
constexpr Statement all_sql{"settings.all", R"sql(
  SELECT key, value, pinned, changed_at, changed_by FROM hub_settings
  WHERE key >= '' ORDER BY key)sql"};
constexpr Statement set_value_sql{"settings.set_value", R"sql(
  INSERT INTO hub_settings (key, value, changed_at, changed_by) VALUES ($1, $2, $3, $4)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at,
    changed_by = excluded.changed_by)sql"};
constexpr Statement set_pinned_sql{"settings.set_pinned", R"sql(
  INSERT INTO hub_settings (key, pinned) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET pinned = excluded.pinned)sql"};
constexpr Statement record_sql{"settings.record", R"sql(
  INSERT INTO hub_setting_changes (key, from_value, to_value, changed_by, changed_at)
  VALUES ($1, $2, $3, $4, $5))sql"};
constexpr Statement changes_sql{"settings.changes", R"sql(
  SELECT id, key, from_value, to_value, changed_by, changed_at FROM hub_setting_changes
  WHERE id < $1 ORDER BY id DESC LIMIT $2)sql"};

constexpr Statement record_act_sql{"settings.record_act", R"sql(
  INSERT INTO hub_acts (time, who, operation, target, address, request_id)
  VALUES ($1, $2, $3, $4, $5, $6))sql"};
constexpr Statement acts_sql{"settings.acts", R"sql(
  SELECT id, time, who, operation, target, address, request_id FROM hub_acts
  WHERE id < $1 ORDER BY id DESC LIMIT $2)sql"};

constexpr const Statement* all_statements[] = {&all_sql,    &set_value_sql, &set_pinned_sql,
                                               &record_sql, &changes_sql,   &record_act_sql,
                                               &acts_sql};

}  // namespace

std::vector<db::Migration> settings_migrations() {
  return {{"20261126T1110_hub_settings", db::Migration::Kind::expand, settings_sql},
          {"20261126T1800_hub_acts", db::Migration::Kind::expand, acts_schema}};
}

namespace store {

std::span<const Statement* const> statements() {
  return all_statements;
}

std::vector<Row> all(db::Tx& tx) {
  std::vector<Row> out;
  for (const auto& row : tx.all(all_sql))
    out.push_back({row.text(0), row.opt_text(1), row.opt_text(2), row.opt_time(3), row.text(4)});
  return out;
}

void set_value(db::Tx& tx, std::string_view key, const std::optional<std::string>& value,
               std::string_view by) {
  tx.run(set_value_sql, key, value, tx.now(), by);
}

void set_pinned(db::Tx& tx, std::string_view key, const std::optional<std::string>& pinned) {
  tx.run(set_pinned_sql, key, pinned);
}

void record(db::Tx& tx, std::string_view key, std::string_view from, std::string_view to,
            std::string_view by) {
  tx.run(record_sql, key, from, to, by, tx.now());
}

std::vector<Change> changes(db::Tx& tx, std::int64_t before, int limit) {
  std::vector<Change> out;
  auto from = before > 0 ? before : std::numeric_limits<std::int64_t>::max();
  for (const auto& row : tx.all(changes_sql, from, limit))
    out.push_back(
        {row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4), row.time(5)});
  return out;
}

}  // namespace store

void record_act(db::Tx& tx, const Act& act) {
  tx.run(record_act_sql, tx.now(), act.who, act.operation, act.target, act.address, act.request_id);
}

std::vector<Act> acts(db::Tx& tx, std::int64_t before, int limit) {
  std::vector<Act> out;
  auto from = before > 0 ? before : std::numeric_limits<std::int64_t>::max();
  for (const auto& row : tx.all(acts_sql, from, limit))
    out.push_back({row.integer(0), row.time(1), row.text(2), row.text(3), row.text(4), row.text(5),
                   row.text(6)});
  return out;
}

}  // namespace cairn::settings
