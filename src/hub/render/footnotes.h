#pragma once
#include <string>
#include <string_view>

namespace cairn::render {

/// Footnotes as GitHub's Markdown has them, which md4c does not know: "[^1]" in the text becomes a
/// raised number that leads to the note, "[^1]: words" a numbered note at the end that leads back.
/// Notes that nothing names are left out, names without a note stay as they are.
/// @return Markdown; the same text when it has no footnotes.
[[nodiscard]] std::string with_footnotes(std::string_view markdown);

}  // namespace cairn::render
