#pragma once
#include <vector>

#include "platform/db/db.h"

namespace cairn::db {

/// What `make` makes of each row, in their order.
template <class Make>
auto map_rows(const std::vector<Row>& rows, Make make) {
  std::vector<decltype(make(rows.front()))> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(make(row));
  return out;
}

}  // namespace cairn::db
