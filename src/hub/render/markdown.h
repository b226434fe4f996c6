#pragma once
#include <string>
#include <string_view>

namespace cairn::render {

/// GitHub's Markdown with LaTeX spans as HTML in which anything may still stand. Formulas are
/// `<x-equation>`. @pre valid UTF-8
[[nodiscard]] std::string markdown_to_html(std::string_view markdown);

/// The text after the front matter.
[[nodiscard]] std::string_view without_front_matter(std::string_view text);

}  // namespace cairn::render
