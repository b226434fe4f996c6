#pragma once
#include <string_view>

#include "base/json.h"

namespace cairn::card {

/// A plain scalar by YAML 1.2.2, section 10.3 (core schema). What JSON cannot hold (`.nan`,
/// `.inf`, numbers beyond a double) stays text.
[[nodiscard]] json::value resolve_plain(std::string_view text);

}  // namespace cairn::card
