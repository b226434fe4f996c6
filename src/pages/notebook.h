#pragma once
#include "pages/visit.h"

namespace cairn::pages {

/// The Markdown cells of a notebook's text, by the numbers of the cells; empty when it is none, or
/// longer than is read for a page.
[[nodiscard]] std::vector<std::pair<std::size_t, std::string>> markdown_cells(
    std::string_view notebook);

/// Renders them: "cell-3" in the page's `html`. What is not rendered the app shows as text.
Task<> add_notebook(Visit& visit, repo::RepoRef repo, std::string revision, std::string path);

}  // namespace cairn::pages
