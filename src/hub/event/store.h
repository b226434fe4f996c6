#pragma once
#include <span>

#include "platform/db/db.h"

namespace cairn::event {

/// All SQL of this module, for the test that explains each.
[[nodiscard]] std::span<const db::Statement* const> all_statements();

}  // namespace cairn::event
