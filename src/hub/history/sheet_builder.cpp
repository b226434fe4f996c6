#include "hub/history/sheet_builder.h"

#include <unordered_set>

#include "hub/history/git_tree.h"

namespace cairn::history {

struct SheetBuilder::Before {
  std::vector<SheetEntry> entries;
  std::size_t at = 0;  ///< How far the walk over the tree's names has come.

  /// The entry of that name and kind. Asked in git's order.
  const SheetEntry* find(const std::string& key) {
    while (at < entries.size() && sort_key(entries[at]) < key) ++at;
    return at < entries.size() && sort_key(entries[at]) == key ? &entries[at] : nullptr;
  }
};

SheetBuilder::SheetBuilder(const git::ObjectSource& source, PageLoader load)
    : source_(source), stored_(std::move(load)) {
  load_ = [this](const SheetId& id) -> Result<std::shared_ptr<const Page>> {
    if (auto found = fresh_.find(id); found != fresh_.end()) return found->second;
    return stored_(id);
  };
}

Result<SheetId> SheetBuilder::build(const git::Oid& commit, const git::Oid& tree,
                                    const std::vector<BuiltParent>& parents) {
  if (!parents.empty() && parents.front().tree == tree) return parents.front().sheet;
  std::vector<Before> before;
  for (const auto& parent : parents) {
    CAIRN_TRY(entries, read_folder(load_, parent.sheet));
    before.push_back({std::move(entries)});
  }
  CAIRN_TRY(built, folder(commit, tree, before));
  return built.sheet;
}

Result<SheetBuilder::Built> SheetBuilder::folder(const git::Oid& commit, const git::Oid& tree,
                                                 const std::vector<Before>& parents) {
  CAIRN_TRY(in_tree, source_.read_tree(tree));
  auto before = parents;
  std::vector<SheetEntry> entries;
  entries.reserve(in_tree.size());
  Built out;
  std::vector<const SheetEntry*> same_name(before.size());
  for (const auto& e : in_tree) {
    std::string key = e.mode == git::FileMode::directory ? e.name + "/" : e.name;
    for (std::size_t i = 0; i < before.size(); ++i) same_name[i] = before[i].find(key);
    CAIRN_TRY(made, entry(commit, e, same_name));
    out.size_bytes += made.size_bytes;
    out.files += made.is_folder() ? made.files : 1;
    entries.push_back(std::move(made));
  }
  auto pages = paginate(entries);
  out.sheet = pages.back().id;
  for (auto& page : pages) {
    if (fresh_.contains(page.id)) continue;
    CAIRN_TRY(decoded, decode_page(page.bytes));
    fresh_.emplace(page.id, std::make_shared<const Page>(std::move(decoded)));
    page_bytes_ += page.bytes.size();
    pages_.push_back(std::move(page));
  }
  return out;
}

Result<SheetEntry> SheetBuilder::entry(const git::Oid& commit, const git::TreeEntry& in_tree,
                                       const std::vector<const SheetEntry*>& before) {
  auto same = [&](const SheetEntry* e) {
    return e && e->oid == in_tree.oid && e->mode == in_tree.mode;
  };
  auto first = std::ranges::find_if(before, same);
  bool is_folder = in_tree.mode == git::FileMode::directory;
  // A folder that only a later parent has as it is may hold files that an earlier one has too: each
  // of them follows its own first parent.
  if (first != before.end() && (!is_folder || first == before.begin())) return **first;
  SheetEntry out;
  if (is_folder) {
    std::vector<Before> inside;
    for (const auto* e : before) {
      if (!e || !e->is_folder() || !e->sheet) continue;
      CAIRN_TRY(entries, read_folder(load_, *e->sheet));
      inside.push_back({std::move(entries)});
    }
    CAIRN_TRY(built, folder(commit, in_tree.oid, inside));
    out.path = in_tree.name;
    out.mode = in_tree.mode;
    out.oid = in_tree.oid;
    out.sheet = built.sheet;
    out.size_bytes = built.size_bytes;
    out.files = built.files;
  } else {
    CAIRN_TRY(file, file_entry(source_, in_tree));
    out = std::move(file);
  }
  out.last_commit = first != before.end() ? (*first)->last_commit : commit;
  return out;
}

std::vector<EncodedPage> SheetBuilder::take_pages() {
  // Their copies stay known until the caller has stored them: it takes in steps, then goes on.
  page_bytes_ = 0;
  constexpr std::size_t fresh_max = 4096;
  if (fresh_.size() > fresh_max) fresh_.clear();
  return std::exchange(pages_, {});
}

}  // namespace cairn::history
