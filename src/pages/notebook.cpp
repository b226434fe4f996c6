#include "pages/notebook.h"

#include "base/json.h"
#include "pages/card.h"

namespace cairn::pages {
namespace {

// Read between two awaits: some milliseconds.
constexpr std::size_t notebook_bytes_max = 2u << 20;
// Longer notebooks than any that people wrote by hand; the rest is shown as text.
constexpr std::size_t cells_max = 200;
constexpr std::size_t cells_bytes_max = 256u << 10;

/// A cell's text: one string, or its lines.
std::string text_of(const json::value& source) {
  if (source.is_string()) return std::string(source.get_string());
  std::string out;
  if (source.is_array())
    for (const auto& line : source.get_array())
      if (line.is_string()) out += line.get_string();
  return out;
}

}  // namespace

std::vector<std::pair<std::size_t, std::string>> markdown_cells(std::string_view notebook) {
  std::vector<std::pair<std::size_t, std::string>> out;
  if (notebook.size() > notebook_bytes_max) return out;
  auto read = parse_json(notebook);
  auto* object = read ? read->if_object() : nullptr;
  auto* cells = object ? object->if_contains("cells") : nullptr;
  if (!cells || !cells->is_array()) return out;
  std::size_t left = cells_bytes_max;
  const auto& list = cells->get_array();
  for (std::size_t number = 0; number < list.size() && out.size() < cells_max; ++number) {
    auto* cell = list[number].if_object();
    auto* type = cell ? cell->if_contains("cell_type") : nullptr;
    auto* source = cell ? cell->if_contains("source") : nullptr;
    if (!type || *type != "markdown" || !source) continue;
    auto text = text_of(*source);
    if (text.size() > left) break;
    left -= text.size();
    out.emplace_back(number, std::move(text));
  }
  return out;
}

Task<> add_notebook(Visit& visit, repo::RepoRef repo, std::string revision, std::string path) {
  auto& services = visit.services;
  auto content = co_await services.files.raw(repo, revision, path);
  if (!content || !content->blob || content->entry.lfs) co_return;
  auto slash = path.rfind('/');
  std::string folder = slash == path.npos ? "" : path.substr(0, slash);
  auto pictures = pictures_of(*services.settings.current());
  for (auto& [number, text] : markdown_cells(*content->blob)) {
    std::string name = "cell-" + std::to_string(number);
    render::Source source;
    source.key = content->entry.oid.hex() + "#" + name;
    source.folder = folder;
    source.pictures = pictures;
    source.markdown = std::move(text);
    auto made = co_await services.renderer.render(std::move(source));
    // A busy hub shows the rest as text.
    if (!made) co_return;
    visit.page.html[name] = placed(visit.services, **made, repo->kind, repo->name, revision);
  }
}

}  // namespace cairn::pages
