#pragma once
#include <string_view>

namespace cairn::repo {

/// Whether the first bytes of a file are no text: a NUL or another control character that text
/// does not hold, or not UTF-8. A sequence cut off by the end of the sample is fine.
[[nodiscard]] bool looks_binary(std::string_view sample);

}  // namespace cairn::repo
