#include "hub/history/working_tree.h"

#include <unordered_set>

#include "base/text.h"
#include "platform/git/tree_delta.h"

namespace cairn::history {

/// One name of a folder: what it was in the base, and what it is now (empty = removed).
struct WorkingTree::Item {
  std::optional<SheetEntry> before;
  std::optional<SheetEntry> now;
  std::unique_ptr<Folder> folder;  ///< Opened sub-folder.
};

struct WorkingTree::Folder {
  std::optional<SheetId> sheet;  ///< As it was in the base; empty for a new folder.
  bool opened = false;
  bool changed = false;
  std::map<std::string, Item, std::less<>> items;
  std::unordered_set<SheetId> known_pages;
  // Filled by write_trees and write_sheets:
  git::Oid tree;
  std::uint64_t size_bytes = 0, files = 0;

  /// Everything in it was removed: git knows no empty folders, so its name is free.
  [[nodiscard]] bool emptied() const {
    return opened && std::ranges::all_of(items, [](const auto& named) {
             const Item& item = named.second;
             return !item.now || (item.now->is_folder() && item.folder && item.folder->emptied());
           });
  }
};

namespace {

/// Folders from here on are written as deltas: a tree of them has some 30 KB, as much as fits a
/// row.
constexpr std::size_t delta_entries_min = 700;

Failure missing(std::string_view path) {
  return fail(ErrorCode::not_found, "EntryNotFound",
              "A file with this name doesn't exist: " + std::string(path));
}

Failure in_the_way(std::string_view path) {
  return fail(ErrorCode::conflict, "PathConflict",
              "\"" + std::string(path) +
                  "\" is a file, so nothing can lie below it. Delete or rename the file in the "
                  "same commit, or choose another path.");
}

}  // namespace

WorkingTree::WorkingTree(std::optional<CommitInfo> base, PageLoader load, BlobReader read_blob)
    : base_(std::move(base)),
      load_(std::move(load)),
      read_blob_(std::move(read_blob)),
      root_(std::make_unique<Folder>()) {
  if (base_) root_->sheet = base_->sheet;
}

WorkingTree::~WorkingTree() = default;

Result<> WorkingTree::open(Folder& folder) {
  if (folder.opened) return {};
  folder.opened = true;
  if (!folder.sheet) return {};
  std::vector<SheetId> pages;
  CAIRN_TRY(entries, read_folder(load_, *folder.sheet, &pages));
  folder.known_pages.insert(pages.begin(), pages.end());
  for (auto& e : entries) {
    std::string name = e.path;
    folder.items.emplace_hint(folder.items.end(), std::move(name), Item{e, e, nullptr});
  }
  return {};
}

Result<WorkingTree::Folder*> WorkingTree::child_folder(Item& item) {
  if (!item.folder) {
    item.folder = std::make_unique<Folder>();
    if (item.now) item.folder->sheet = item.now->sheet;
  }
  CAIRN_CHECK(open(*item.folder));
  return item.folder.get();
}

Result<WorkingTree::Folder*> WorkingTree::parent_of(std::string_view path, bool make) {
  CAIRN_CHECK(open(*root_));
  Folder* folder = root_.get();
  auto names = split(path, '/');
  std::size_t used = 0;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    used += names[i].size() + (i ? 1 : 0);
    if (make) folder->changed = true;
    auto found = folder->items.find(names[i]);
    bool absent = found == folder->items.end() || !found->second.now;
    if (absent && !make) return nullptr;
    if (absent) {
      SheetEntry entry;
      entry.path = names[i];
      entry.mode = git::FileMode::directory;
      auto& item = folder->items[std::string(names[i])];
      item.now = std::move(entry);
      item.folder = std::make_unique<Folder>();
      item.folder->opened = true;
      folder = item.folder.get();
      continue;
    }
    if (!found->second.now->is_folder()) {
      if (!make) return nullptr;
      return in_the_way(path.substr(0, used));
    }
    CAIRN_TRY(next, child_folder(found->second));
    folder = next;
  }
  if (make) folder->changed = true;
  return folder;
}

Result<std::optional<SheetEntry>> WorkingTree::find(const git::RepoPath& path) {
  CAIRN_TRY(folder, parent_of(path.text(), false));
  if (!folder) return std::optional<SheetEntry>{};
  auto name = path.name();
  auto found = folder->items.find(name);
  if (found == folder->items.end() || !found->second.now) return std::optional<SheetEntry>{};
  SheetEntry entry = *found->second.now;
  entry.path = path.text();
  return std::optional<SheetEntry>(std::move(entry));
}

Result<std::string> WorkingTree::read(const git::RepoPath& path, std::size_t bytes_max) {
  CAIRN_TRY(entry, find(path));
  if (!entry || entry->is_folder()) return missing(path.text());
  if (auto added = added_.find(entry->oid); added != added_.end()) return added->second;
  return read_blob_(entry->oid, bytes_max);
}

Result<> WorkingTree::put_entry(const git::RepoPath& path, SheetEntry entry) {
  CAIRN_TRY(folder, parent_of(path.text(), true));
  entry.path = path.name();
  auto& item = folder->items[entry.path];
  bool is_emptied = item.folder && item.folder->emptied();
  if (item.now && item.now->is_folder() && !entry.is_folder() && !is_emptied)
    return fail(ErrorCode::conflict, "PathConflict",
                "\"" + std::string(path.text()) +
                    "\" is a folder. Delete it in the same commit, or choose another path.");
  if (item.now && !item.now->is_folder() && entry.is_folder()) return in_the_way(path.text());
  item.folder.reset();
  item.now = std::move(entry);
  return {};
}

Result<> WorkingTree::put(const git::RepoPath& path, std::string_view content,
                          std::optional<LargeFile> large, git::FileMode mode) {
  SheetEntry entry;
  entry.mode = mode;
  entry.oid = git::object_id(git::ObjectType::blob, content);
  entry.size_bytes = content.size();
  if (large) {
    entry.lfs = large->sha256;
    entry.size_bytes = large->size_bytes;
    entry.pointer_size_bytes = content.size();
  }
  auto oid = entry.oid;
  CAIRN_CHECK(put_entry(path, std::move(entry)));
  if (added_.emplace(oid, content).second) added_order_.push_back(oid);
  return {};
}

Result<> WorkingTree::put_staged(const git::RepoPath& path, const git::Oid& blob,
                                 std::uint64_t size_bytes, git::FileMode mode) {
  SheetEntry entry;
  entry.mode = mode;
  entry.oid = blob;
  entry.size_bytes = size_bytes;
  return put_entry(path, std::move(entry));
}

Result<> WorkingTree::copy(const git::RepoPath& from, const git::RepoPath& to) {
  CAIRN_TRY(entry, find(from));
  if (!entry) return missing(from.text());
  if (!entry->is_folder()) return put_entry(to, std::move(*entry));
  // File by file: each is new at its path, so each gets this commit as its last.
  CAIRN_TRY(holder, parent_of(from.text(), false));
  auto name = from.name();
  CAIRN_TRY(folder, child_folder(holder->items.find(name)->second));
  std::vector<std::string> names;
  for (const auto& [child, item] : folder->items)
    if (item.now) names.push_back(child);
  for (const auto& child : names) {
    CAIRN_TRY(source, git::parse_path(std::string(from.text()) + "/" + child));
    CAIRN_TRY(target, git::parse_path(std::string(to.text()) + "/" + child));
    CAIRN_CHECK(copy(source, target));
  }
  return {};
}

Result<> WorkingTree::remove(const git::RepoPath& path) {
  CAIRN_TRY(found, find(path));
  if (!found) return missing(path.text());
  CAIRN_TRY(folder, parent_of(path.text(), true));
  auto name = path.name();
  auto& item = folder->items.find(name)->second;
  item.now.reset();
  item.folder.reset();
  return {};
}

Result<> WorkingTree::write_trees(Folder& folder, const std::optional<git::Oid>& before,
                                  std::vector<NewObject>& out) {
  std::vector<git::TreeEntry> tree, old;
  tree.reserve(folder.items.size());
  bool large = folder.items.size() >= delta_entries_min;
  for (auto& [name, item] : folder.items) {
    if (before && large && item.before) old.push_back({item.before->mode, name, item.before->oid});
    if (item.now && item.folder && item.folder->changed) {
      std::optional<git::Oid> inner_before;
      if (item.before && item.before->is_folder()) inner_before = item.before->oid;
      CAIRN_CHECK(write_trees(*item.folder, inner_before, out));
      if (item.folder->files == 0) {
        item.now.reset();  // Git has no empty folders.
        item.folder.reset();
      } else {
        item.now->oid = item.folder->tree;
        item.now->size_bytes = item.folder->size_bytes;
        item.now->files = item.folder->files;
      }
    }
    if (!item.now) continue;
    tree.push_back({item.now->mode, name, item.now->oid});
    folder.size_bytes += item.now->size_bytes;
    folder.files += item.now->is_folder() ? item.now->files : 1;
  }
  CAIRN_TRY(content, git::encode_tree(std::move(tree)));
  folder.tree = git::object_id(git::ObjectType::tree, content);
  NewObject object{git::ObjectType::tree, folder.tree, std::move(content)};
  if (!old.empty()) {
    CAIRN_TRY(old_content, git::encode_tree(std::move(old)));
    if (auto delta = git::tree_delta(old_content, object.content))
      object.delta = git::TreeDelta{*before, std::move(*delta)};
  }
  out.push_back(std::move(object));
  return {};
}

Result<> WorkingTree::write_sheets(Folder& folder, const git::Oid& commit,
                                   std::vector<EncodedPage>& out) {
  std::vector<SheetEntry> entries;
  entries.reserve(folder.items.size());
  for (auto& [name, item] : folder.items) {
    if (!item.now) continue;
    // TREESAME: an entry whose object and mode are as before keeps its last commit.
    bool same =
        item.before && item.before->oid == item.now->oid && item.before->mode == item.now->mode;
    if (same) {
      entries.push_back(*item.before);
      continue;
    }
    if (item.now->is_folder() && item.folder && item.folder->changed)
      CAIRN_CHECK(write_sheets(*item.folder, commit, out));
    if (item.now->is_folder() && item.folder && item.folder->changed)
      item.now->sheet = item.folder->sheet;
    item.now->last_commit = commit;
    entries.push_back(*item.now);
  }
  std::sort(entries.begin(), entries.end(),
            [](const SheetEntry& a, const SheetEntry& b) { return sort_key(a) < sort_key(b); });
  auto pages = paginate(entries);
  folder.sheet = pages.back().id;
  for (auto& page : pages)
    if (!folder.known_pages.contains(page.id)) out.push_back(std::move(page));
  return {};
}

Result<BuiltCommit> WorkingTree::finish(const git::Signature& author, const Message& message,
                                        Time now) {
  CAIRN_CHECK(open(*root_));
  BuiltCommit out;
  for (const auto& oid : added_order_)
    out.objects.push_back({git::ObjectType::blob, oid, std::move(added_[oid])});
  std::optional<git::Oid> before;
  if (base_) before = base_->tree;
  CAIRN_CHECK(write_trees(*root_, before, out.objects));

  git::CommitData commit;
  commit.tree = root_->tree;
  if (base_) commit.parents.push_back(base_->oid);
  commit.author = author;
  commit.committer = author;
  commit.message = message.title + "\n";
  if (!message.body.empty()) commit.message += "\n" + message.body + "\n";
  CAIRN_TRY(content, git::encode_commit(commit));
  git::Oid oid = git::object_id(git::ObjectType::commit, content);
  out.objects.push_back({git::ObjectType::commit, oid, std::move(content)});
  CAIRN_CHECK(write_sheets(*root_, oid, out.pages));

  auto& info = out.info;
  info.oid = oid;
  info.tree = root_->tree;
  if (base_) info.parents.push_back(base_->oid);
  info.generation = base_ ? base_->generation + 1 : 1;
  info.linear = !base_ || base_->linear;
  info.sheet = root_->sheet;
  info.time = now;
  info.author_name = author.name;
  info.author_email = author.email;
  info.title = message.title;
  info.message = message.body;
  return out;
}

}  // namespace cairn::history
