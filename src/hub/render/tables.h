#pragma once
#include <string>
#include <string_view>

namespace cairn::render {

/// The rule under a table's head may have one dash per column, as on GitHub; md4c wants three, and
/// shows the table as text. Each such run gets its three.
/// @return Markdown; the same text where nothing is short.
[[nodiscard]] std::string with_long_rules(std::string_view markdown);

}  // namespace cairn::render
