#pragma once
#include <string_view>

namespace cairn::render {

/// What becomes of an element.
enum class Fate {
  keep,
  unwrap,   ///< Its children stay.
  drop,     ///< Nothing of it stays.
  special,  ///< Written by a function of its own.
};
[[nodiscard]] Fate fate_of(std::string_view tag);
/// Elements without an end tag.
[[nodiscard]] bool is_void(std::string_view tag);
/// Blocks whose direction follows their text.
[[nodiscard]] bool is_block_of_text(std::string_view tag);
/// Whether a kept element may have this attribute with this value, as it is.
[[nodiscard]] bool allows(std::string_view tag, std::string_view name, std::string_view value);

}  // namespace cairn::render
