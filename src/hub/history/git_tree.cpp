#include "hub/history/git_tree.h"

#include "base/text.h"
#include "hub/history/sheet_page.h"
#include "hub/lfs/pointer.h"

namespace cairn::history {
namespace {

Failure no_entry(std::string_view path) {
  return fail(ErrorCode::not_found, "EntryNotFound", "Entry not found")
      .with("path", std::string(path));
}

SheetEntry folder_entry(const git::TreeEntry& entry) {
  SheetEntry out;
  out.path = entry.name;
  out.mode = entry.mode;
  out.oid = entry.oid;
  return out;
}

/// Depth-first listing from a position, until the page is full.
struct TreeLister {
  const git::ObjectSource& source;
  const TreeQuery& query;
  TreePage out;
  bool full = false;

  /// @param prefix  the folder's path with "/" at its end, or empty for the root.
  Result<> folder(const git::Oid& tree, const std::string& prefix) {
    CAIRN_TRY(entries, source.read_tree(tree));
    for (const auto& e : entries) {
      if (full) return {};
      bool is_folder = e.mode == git::FileMode::directory;
      std::string key = prefix + e.name + (is_folder ? "/" : "");
      bool inside = query.after && is_folder && query.after->starts_with(key);
      if (!query.after || key > *query.after) {
        CAIRN_CHECK(add(e, prefix));
        if (full) return {};
      } else if (!inside) {
        continue;
      }
      if (query.recursive && is_folder) CAIRN_CHECK(folder(e.oid, key));
    }
    return {};
  }

  Result<> add(const git::TreeEntry& e, const std::string& prefix) {
    if (out.entries.size() == static_cast<std::size_t>(query.limit)) {
      full = true;
      const auto& last = out.entries.back();
      out.next = last.is_folder() ? last.path + "/" : last.path;
      return {};
    }
    SheetEntry entry = folder_entry(e);
    if (e.mode != git::FileMode::directory) {
      CAIRN_TRY(file, file_entry(source, e));
      entry = std::move(file);
    }
    entry.path.insert(0, prefix);
    out.entries.push_back(std::move(entry));
    return {};
  }
};

}  // namespace

Result<SheetEntry> file_entry(const git::ObjectSource& source, const git::TreeEntry& entry) {
  SheetEntry out = folder_entry(entry);
  if (entry.mode == git::FileMode::submodule) return out;
  CAIRN_TRY(header, source.header(entry.oid));
  out.size_bytes = header.size_bytes;
  if (entry.mode == git::FileMode::symlink || header.size_bytes > lfs::pointer_bytes_max)
    return out;
  CAIRN_TRY(object, source.read(entry.oid, lfs::pointer_bytes_max));
  if (auto pointer = lfs::parse_pointer(object.content)) {
    out.lfs = pointer->sha256;
    out.pointer_size_bytes = out.size_bytes;
    out.size_bytes = pointer->size_bytes;
  }
  return out;
}

Result<SheetEntry> find_path_in_trees(const git::ObjectSource& source, const CommitInfo& commit,
                                      std::string_view path) {
  SheetEntry at;
  at.mode = git::FileMode::directory;
  at.oid = commit.tree;
  if (path.empty()) return at;
  for (auto name : split(path, '/')) {
    if (!at.is_folder()) return no_entry(path);
    CAIRN_TRY(entries, source.read_tree(at.oid));
    auto found = std::ranges::find(entries, name, &git::TreeEntry::name);
    if (found == entries.end()) return no_entry(path);
    if (found->mode == git::FileMode::directory) {
      at = folder_entry(*found);
    } else {
      CAIRN_TRY(file, file_entry(source, *found));
      at = std::move(file);
    }
  }
  at.path = path;
  return at;
}

Result<TreePage> list_trees(const git::ObjectSource& source, const CommitInfo& commit,
                            const TreeQuery& query) {
  CAIRN_TRY(folder, find_path_in_trees(source, commit, query.folder));
  if (!folder.is_folder()) return no_entry(query.folder);
  TreeLister lister{source, query, {}, false};
  CAIRN_CHECK(lister.folder(folder.oid, query.folder.empty() ? "" : query.folder + "/"));
  return std::move(lister.out);
}

}  // namespace cairn::history
