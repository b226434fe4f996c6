#include "hub/repo/commit_edit.h"

#include <set>

#include "hub/lfs/pointer.h"
#include "hub/repo/card_rows.h"
#include "platform/git/attributes.h"
#include "platform/git/special_file.h"

namespace cairn::repo {
namespace {

constexpr std::string_view lfs_attributes = " filter=lfs diff=lfs merge=lfs -text\n";

/// Reads the attribute files that decide about the paths of one commit, each folder's once.
class AttributeFiles {
 public:
  explicit AttributeFiles(history::Editor& editor) : editor_(editor) {}

  Result<bool> is_lfs(const git::RepoPath& path) {
    CAIRN_TRY(rules, rules_for(path.parent()));
    return rules->is_lfs(path);
  }

 private:
  using Rules = std::shared_ptr<const git::Attributes>;

  Result<Rules> rules_for(const git::RepoPath& folder) {
    if (auto known = by_folder_.find(folder); known != by_folder_.end()) return known->second;
    Rules above = std::make_shared<const git::Attributes>();
    if (!folder.is_root()) {
      CAIRN_TRY(parent, rules_for(folder.parent()));
      above = parent;
    }
    CAIRN_TRY(path, folder.child(".gitattributes"));
    CAIRN_TRY(entry, editor_.find(path));
    Rules rules = above;  // Most folders have no file of their own.
    if (entry && !entry->is_folder() && !entry->lfs) {
      CAIRN_TRY(text, editor_.read(path, attributes_read_bytes_max));
      auto own = std::make_shared<git::Attributes>(*above);
      CAIRN_CHECK(own->add(text, folder));
      rules = own;
    }
    by_folder_[folder] = rules;
    return rules;
  }

  history::Editor& editor_;
  std::map<git::RepoPath, Rules> by_folder_;
};

/// A path as an attribute pattern that matches it alone.
std::string pattern_of(const git::RepoPath& path) {
  std::string pattern;
  bool quote = false;
  for (char c : path.text()) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') pattern += '\\';
    if (c == ' ' || c == '"' || c == '\\') quote = true;
    pattern += c;
  }
  // Without a '/' a pattern matches in every folder; "#" and "!" first mean something else.
  if (!pattern.contains('/') || pattern[0] == '#' || pattern[0] == '!') pattern.insert(0, "/");
  if (!quote) return pattern;
  // gitattributes(5): a pattern with spaces is quoted in C style.
  std::string quoted = "\"";
  for (char c : pattern) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

Result<> track_large_files(history::Editor& editor, const std::vector<CommitOp>& ops) {
  AttributeFiles files(editor);
  std::string added;
  for (const auto& op : ops) {
    auto* large = std::get_if<PutLarge>(&op);
    if (!large) continue;
    CAIRN_TRY(tracked, files.is_lfs(large->path));
    if (!tracked) added += pattern_of(large->path) + std::string(lfs_attributes);
  }
  if (added.empty()) return {};
  CAIRN_TRY(path, git::parse_path(".gitattributes"));
  CAIRN_TRY(entry, editor.find(path));
  std::string text;
  if (entry) {
    CAIRN_TRY(there, editor.read(path, attributes_read_bytes_max));
    text = std::move(there);
    if (!text.empty() && text.back() != '\n') text += '\n';
  }
  text += added;
  CAIRN_CHECK(git::check_special_file(path, git::FileMode::regular, text));
  return editor.put(path, text);
}

Result<> rename(history::Editor& editor, const Rename& op, const std::set<git::RepoPath>& put) {
  if (op.from.contains(op.to) || op.to.contains(op.from))
    return fail(ErrorCode::invalid_argument, "InvalidRename",
                "\"" + op.from.text() + "\" cannot become \"" + op.to.text() +
                    "\": one lies in the other.");
  if (!put.contains(op.to)) CAIRN_CHECK(editor.copy(op.from, op.to));
  return editor.remove(op.from);
}

Result<> put(history::Editor& editor, const CommitOp& op, const LargeSizes& sizes) {
  if (auto* file = std::get_if<PutFile>(&op)) {
    CAIRN_CHECK(editor.put_staged(file->path, file->blob, file->size_bytes, file->mode));
    if (!git::is_special_file(file->path)) return {};
    CAIRN_TRY(content, editor.read(file->path, file->size_bytes));
    return git::check_special_file(file->path, file->mode, content);
  }
  if (auto* large = std::get_if<PutLarge>(&op)) {
    history::LargeFile target{large->sha256, sizes.at(large->sha256)};
    lfs::Pointer pointer{target.sha256, target.size_bytes};
    // A pointer among the files that git or the hub reads itself would be read as its content.
    auto text = lfs::to_text(pointer);
    if (git::is_special_file(large->path))
      return fail(ErrorCode::unprocessable, "InvalidSpecialFile",
                  "\"" + large->path.text() + "\" cannot be a large file: git reads it itself.");
    return editor.put(large->path, text, target, large->mode);
  }
  return {};
}

}  // namespace

Result<EditResult> apply_ops(history::Editor& editor, const std::vector<CommitOp>& ops,
                             const LargeSizes& sizes) {
  CAIRN_TRY(readme, git::parse_path("README.md"));
  CAIRN_TRY(before, editor.find(readme));

  std::set<git::RepoPath> puts;
  for (const auto& op : ops) {
    if (auto* file = std::get_if<PutFile>(&op)) puts.insert(file->path);
    if (auto* large = std::get_if<PutLarge>(&op)) puts.insert(large->path);
  }
  for (const auto& op : ops)
    if (auto* move = std::get_if<Rename>(&op)) CAIRN_CHECK(rename(editor, *move, puts));
  // A file and its folder may both be named: the first deletion took both.
  std::set<git::RepoPath> deleted;
  auto lies_in_deleted = [&](git::RepoPath path) {
    for (; !path.is_root(); path = path.parent())
      if (deleted.contains(path)) return true;
    return false;
  };
  for (const auto& op : ops) {
    auto* gone = std::get_if<Delete>(&op);
    if (!gone || lies_in_deleted(gone->path)) continue;
    CAIRN_CHECK(editor.remove(gone->path));
    deleted.insert(gone->path);
  }
  for (const auto& op : ops) CAIRN_CHECK(put(editor, op, sizes));
  CAIRN_CHECK(track_large_files(editor, ops));

  CAIRN_TRY(after, editor.find(readme));
  EditResult out;
  out.readme_changed =
      before.has_value() != after.has_value() || (before && after && before->oid != after->oid);
  bool readable =
      after && !after->is_folder() && !after->lfs && after->size_bytes <= readme_bytes_max;
  if (out.readme_changed && readable) {
    CAIRN_TRY(text, editor.read(readme, readme_bytes_max));
    out.readme = std::move(text);
  }
  return out;
}

}  // namespace cairn::repo
