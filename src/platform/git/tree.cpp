#include <algorithm>

#include "platform/git/object.h"
#include "platform/git/path.h"

namespace cairn::git {
namespace {

Failure invalid_tree(const TreeEntry& entry, std::string_view what) {
  return fail(ErrorCode::unprocessable, "InvalidTree",
              "The name \"" + entry.name + "\" " + std::string(what) +
                  " A tree cannot hold it: rename the file.");
}

Failure corrupt_tree(std::string_view what) {
  return fail(ErrorCode::corrupt, "CorruptObject",
              "A tree " + std::string(what) + ". Ask the operator to run `cairn fsck`.");
}

/// A name as a file and as a folder sort apart ("a", "a.b", "a/"): look for the other one.
/// @pre sorted by tree_less.
const TreeEntry* find_duplicate(const std::vector<TreeEntry>& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (i > 0 && entries[i - 1].name == entry.name) return &entry;
    if (entry.mode != FileMode::directory) continue;
    TreeEntry as_file{FileMode::regular, entry.name, {}};
    auto at = std::lower_bound(entries.begin(), entries.end(), as_file, tree_less);
    if (at != entries.end() && at->name == entry.name && &*at != &entry) return &entry;
  }
  return nullptr;
}

Result<> check_entry(const TreeEntry& entry) {
  if (entry.name.empty()) return invalid_tree(entry, "is empty.");
  if (entry.name == "." || entry.name == ".." || is_dot_git(entry.name))
    return invalid_tree(entry, "is reserved.");
  if (entry.name.contains('/')) return invalid_tree(entry, "has a slash.");
  if (entry.name.contains('\0')) return invalid_tree(entry, "has a NUL byte.");
  if (entry.oid.is_zero()) return invalid_tree(entry, "names no object.");
  return {};
}

void append_octal(std::string& out, std::uint32_t value) {
  char digits[12];
  int n = 0;
  for (; value != 0; value >>= 3) digits[n++] = static_cast<char>('0' + (value & 7));
  while (n > 0) out += digits[--n];
}

/// As git's canon_mode(): old programs wrote group bits and leading zeros.
std::optional<FileMode> parse_mode(std::string_view octal) {
  if (octal.empty() || octal.size() > 7) return {};
  std::uint32_t value = 0;
  for (char c : octal) {
    if (c < '0' || c > '7') return {};
    value = value << 3 | static_cast<std::uint32_t>(c - '0');
  }
  switch (value & 0170000) {
    case 0100000:
      return (value & 0100) != 0 ? FileMode::executable : FileMode::regular;
    case 0120000:
      return FileMode::symlink;
    case 0040000:
      return FileMode::directory;
    case 0160000:
      return FileMode::submodule;
    default:
      return {};
  }
}

}  // namespace

bool tree_less(const TreeEntry& a, const TreeEntry& b) {
  std::size_t common = std::min(a.name.size(), b.name.size());
  if (int order = std::memcmp(a.name.data(), b.name.data(), common); order != 0) return order < 0;
  auto next = [common](const TreeEntry& entry) -> int {
    if (common < entry.name.size()) return static_cast<unsigned char>(entry.name[common]);
    return entry.mode == FileMode::directory ? '/' : 0;
  };
  return next(a) < next(b);
}

Result<std::string> encode_tree(std::vector<TreeEntry> entries) {
  if (entries.size() > tree_entries_max)
    return fail(ErrorCode::too_large, "TreeTooLarge",
                "A folder holds at most " + std::to_string(tree_entries_max) +
                    " entries. Spread the files over sub-folders.");
  std::size_t size = 0;
  for (const auto& entry : entries) {
    CAIRN_CHECK(check_entry(entry));
    size += entry.name.size() + 8 + oid_bytes;
  }
  std::sort(entries.begin(), entries.end(), tree_less);
  if (auto* twice = find_duplicate(entries)) return invalid_tree(*twice, "is there twice.");
  std::string out;
  out.reserve(size);
  for (const auto& entry : entries) {
    append_octal(out, static_cast<std::uint32_t>(entry.mode));
    out += ' ';
    out += entry.name;
    out += '\0';
    out += entry.oid.view();
  }
  return out;
}

Result<std::vector<TreeEntry>> parse_tree(std::string_view content) {
  std::vector<TreeEntry> entries;
  entries.reserve(content.size() / 40);
  while (!content.empty()) {
    auto space = content.substr(0, 8).find(' ');
    if (space == std::string_view::npos) return corrupt_tree("has an entry without a mode");
    auto mode = parse_mode(content.substr(0, space));
    if (!mode) return corrupt_tree("has an entry of an unknown mode");
    content.remove_prefix(space + 1);
    auto end = content.find('\0');
    if (end == std::string_view::npos || content.size() - end - 1 < oid_bytes)
      return corrupt_tree("ends in the middle of an entry");
    auto name = content.substr(0, end);
    if (name.empty() || name.contains('/')) return corrupt_tree("has an entry of an invalid name");
    entries.push_back(
        {*mode, std::string(name), Oid::from_bytes(content.substr(end + 1, oid_bytes))});
    content.remove_prefix(end + 1 + oid_bytes);
    if (entries.size() > tree_entries_max) return corrupt_tree("has too many entries");
    if (entries.size() > 1 && !tree_less(entries[entries.size() - 2], entries.back()))
      return corrupt_tree("is not in order");
  }
  if (find_duplicate(entries)) return corrupt_tree("has a name twice");
  return entries;
}

}  // namespace cairn::git
