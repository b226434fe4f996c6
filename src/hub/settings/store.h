#pragma once
// The rows of this module. All its SQL stands in store.cpp.
#include "hub/settings/settings.h"

namespace cairn::settings::store {

/// All of them, for the test that holds them to their indexes.
std::span<const db::Statement* const> statements();

struct Row {
  std::string key;
  std::optional<std::string> value, pinned;
  std::optional<Time> changed_at;
  std::string changed_by;
  [[nodiscard]] std::optional<std::string> effective() const { return pinned ? pinned : value; }
};
std::vector<Row> all(db::Tx& tx);
void set_value(db::Tx& tx, std::string_view key, const std::optional<std::string>& value,
               std::string_view by);
void set_pinned(db::Tx& tx, std::string_view key, const std::optional<std::string>& pinned);
void record(db::Tx& tx, std::string_view key, std::string_view from, std::string_view to,
            std::string_view by);
std::vector<Change> changes(db::Tx& tx, std::int64_t before, int limit);

}  // namespace cairn::settings::store
