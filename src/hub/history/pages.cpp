#include "hub/history/pages.h"

#include "base/text.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

Failure no_entry(std::string_view path) {
  return fail(ErrorCode::not_found, "EntryNotFound", "Entry not found")
      .with("path", std::string(path));
}

const SheetEntry* find_in_leaf(const LeafPage& leaf, std::string_view key) {
  auto less = [](const SheetEntry& e, std::string_view k) { return sort_key(e) < k; };
  auto at = std::lower_bound(leaf.entries.begin(), leaf.entries.end(), key, less);
  return at != leaf.entries.end() && sort_key(*at) == key ? &*at : nullptr;
}

/// The page that would hold `key`.
Result<std::shared_ptr<const Page>> page_for(const PageLoader& load,
                                             std::shared_ptr<const Page> page,
                                             std::string_view key) {
  auto* index = std::get_if<IndexPage>(page.get());
  if (!index) return page;
  auto less = [](std::string_view k, const IndexPage::Child& c) { return k < c.first_key; };
  auto at = std::upper_bound(index->children.begin(), index->children.end(), key, less);
  if (at != index->children.begin()) --at;
  return load(at->page);
}

/// Depth-first listing from a position, until the page is full.
struct Lister {
  const PageLoader& load;
  const TreeQuery& query;
  TreePage out;
  bool full = false;

  /// @param prefix  the folder's path with "/" at its end, or empty for the root.
  Result<> folder(const SheetId& id, const std::string& prefix) {
    CAIRN_TRY(page, load(id));
    if (auto* leaf = std::get_if<LeafPage>(page.get())) return entries(*leaf, prefix);
    const auto& children = std::get<IndexPage>(*page).children;
    for (std::size_t i = 0; i < children.size() && !full; ++i) {
      // A page lies wholly before the position when the next page begins at or before it.
      bool passed = query.after && i + 1 < children.size() &&
                    prefix + children[i + 1].first_key <= *query.after;
      if (passed) continue;
      CAIRN_TRY(child, load(children[i].page));
      CAIRN_CHECK(entries(std::get<LeafPage>(*child), prefix));
    }
    return {};
  }

  Result<> entries(const LeafPage& leaf, const std::string& prefix) {
    for (const auto& e : leaf.entries) {
      if (full) return {};
      std::string key = prefix + sort_key(e);
      bool inside = query.after && e.is_folder() && query.after->starts_with(key);
      if (!query.after || key > *query.after) {
        if (out.entries.size() == static_cast<std::size_t>(query.limit)) {
          full = true;
          const auto& last = out.entries.back();
          out.next = last.is_folder() ? last.path + "/" : last.path;
          return {};
        }
        SheetEntry copy = e;
        copy.path = prefix + e.path;
        out.entries.push_back(std::move(copy));
      } else if (!inside) {
        continue;
      }
      if (query.recursive && e.is_folder() && e.sheet) CAIRN_CHECK(folder(*e.sheet, key));
    }
    return {};
  }
};

}  // namespace

Result<std::shared_ptr<const Page>> Pages::load(const SheetId& id) {
  if (auto page = cache_.get(id)) return *page;
  auto find = [&](db::Tx& tx) -> Result<std::optional<std::string>> {
    return store::find_page(tx, id);
  };
  CAIRN_TRY(bytes, database_.read_now(find));
  if (!bytes)
    return fail(ErrorCode::corrupt, "SheetMissing", "A folder listing is missing from the store.")
        .with("page", id.hex());
  CAIRN_TRY(page, decode_page(*bytes));
  auto shared = std::make_shared<const Page>(std::move(page));
  cache_.put(id, shared, bytes->size() * 2 + 256);
  return shared;
}

std::shared_ptr<const Page> Pages::cached(const SheetId& id) {
  return cache_.get(id).value_or(nullptr);
}

void Pages::remember(const EncodedPage& page) {
  if (auto decoded = decode_page(page.bytes))
    cache_.put(page.id, std::make_shared<const Page>(std::move(*decoded)),
               page.bytes.size() * 2 + 256);
}

Result<std::optional<SheetEntry>> find_in_folder(const PageLoader& load, const SheetId& folder,
                                                 std::string_view name) {
  CAIRN_TRY(top, load(folder));
  // A file and a folder of one name sort apart, so there are two places to look.
  for (const std::string& key : {std::string(name), std::string(name) + "/"}) {
    CAIRN_TRY(page, page_for(load, top, key));
    auto* leaf = std::get_if<LeafPage>(page.get());
    if (!leaf)
      return fail(ErrorCode::corrupt, "SheetCorrupt", "A folder listing is nested wrongly.");
    if (auto* found = find_in_leaf(*leaf, key)) return std::optional<SheetEntry>(*found);
  }
  return std::optional<SheetEntry>{};
}

Result<std::vector<SheetEntry>> read_folder(const PageLoader& load, const SheetId& folder,
                                            std::vector<SheetId>* pages) {
  CAIRN_TRY(top, load(folder));
  if (pages) pages->push_back(folder);
  if (auto* leaf = std::get_if<LeafPage>(top.get())) return leaf->entries;
  std::vector<SheetEntry> out;
  for (const auto& child : std::get<IndexPage>(*top).children) {
    CAIRN_TRY(page, load(child.page));
    if (pages) pages->push_back(child.page);
    auto* leaf = std::get_if<LeafPage>(page.get());
    if (!leaf)
      return fail(ErrorCode::corrupt, "SheetCorrupt", "A folder listing is nested wrongly.");
    out.insert(out.end(), leaf->entries.begin(), leaf->entries.end());
  }
  return out;
}

Result<SheetEntry> find_path(const PageLoader& load, const CommitInfo& commit,
                             std::string_view path) {
  if (!commit.sheet)
    return fail(ErrorCode::unavailable, "SheetPending",
                "The files of this commit are still being indexed. Try again in a moment.");
  SheetEntry at;
  at.mode = git::FileMode::directory;
  at.oid = commit.tree;
  at.sheet = commit.sheet;
  at.last_commit = commit.oid;
  if (path.empty()) return at;
  for (auto name : split(path, '/')) {
    if (!at.sheet) return no_entry(path);
    CAIRN_TRY(found, find_in_folder(load, *at.sheet, name));
    if (!found) return no_entry(path);
    at = std::move(*found);
  }
  at.path = path;
  return at;
}

Result<TreePage> list_tree(const PageLoader& load, const CommitInfo& commit,
                           const TreeQuery& query) {
  CAIRN_TRY(folder, find_path(load, commit, query.folder));
  if (!folder.is_folder() || !folder.sheet) return no_entry(query.folder);
  Lister lister{load, query, {}, false};
  CAIRN_CHECK(lister.folder(*folder.sheet, query.folder.empty() ? "" : query.folder + "/"));
  return std::move(lister.out);
}

Result<> walk_pages(const PageLoader& load, const SheetId& folder,
                    const std::function<bool(const SheetId&)>& first_time,
                    const std::function<Result<>(const SheetEntry&)>& visit) {
  if (!first_time(folder)) return {};
  CAIRN_TRY(page, load(folder));
  if (auto* index = std::get_if<IndexPage>(page.get())) {
    for (const auto& child : index->children)
      CAIRN_CHECK(walk_pages(load, child.page, first_time, visit));
    return {};
  }
  for (const auto& e : std::get<LeafPage>(*page).entries) {
    CAIRN_CHECK(visit(e));
    if (e.sheet) CAIRN_CHECK(walk_pages(load, *e.sheet, first_time, visit));
  }
  return {};
}

}  // namespace cairn::history
