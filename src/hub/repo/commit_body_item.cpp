#include "hub/repo/commit_body_item.h"

#include "base/bytes.h"
#include "base/text.h"

namespace cairn::repo {
namespace {

Failure invalid_line(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidCommitBody", std::move(message));
}

/// "\"a/b.txt\"" for messages, cut where a client sent something absurd.
std::string in_quotes(std::string_view path) {
  return "\"" + std::string(truncate_utf8(path, 200)) + "\"";
}

Result<git::RepoPath> parse_old_path(const std::string& text) {
  CAIRN_TRY(path, git::parse_folder(text));
  if (path.is_root()) return invalid_line("`oldPath` names a file or folder.");
  return std::move(path);
}

Result<std::string> decode_content(BodyItem& item) {
  if (item.encoding.empty() || item.encoding == "utf-8" || item.encoding == "utf8")
    return std::move(item.content);
  if (item.encoding != "base64")
    return invalid_line("The `encoding` of " + in_quotes(item.path) + " is utf-8 or base64.");
  auto bytes = base64_decode(item.content);
  std::string().swap(item.content);
  if (!bytes)
    return invalid_line("The content of " + in_quotes(item.path) +
                        " is not base64 (RFC 4648, section 4, with padding).");
  return bytes;
}

}  // namespace

Error file_too_large(const std::string& path, std::size_t file_bytes_max) {
  auto name = path.empty() ? std::string("A file") : in_quotes(path);
  return fail(ErrorCode::too_large, "FileTooLarge",
              name + " is larger than " + human_bytes(file_bytes_max) +
                  ", the most for a regular file. Upload it through LFS and commit an `lfsFile` "
                  "line.")
      .error();
}

std::string* BodyItem::header_slot(std::string_view key) {
  if (key == "summary") return &summary;
  if (key == "description") return &description;
  if (key == "parentCommit") return &parent;
  return nullptr;
}

std::string* BodyItem::slot(std::string_view key) {
  if (key == "path") return &path;
  if (key == "oldPath") return &old_path;
  if (key == "encoding") return &encoding;
  if (key == "algo") return &algo;
  if (key == "oid") return &oid;
  return nullptr;
}

void BodyItem::reset_op(std::string_view list) {
  BodyItem next;
  next.summary = std::move(summary);
  next.description = std::move(description);
  next.parent = std::move(parent);
  if (list == "files") next.kind = "file";
  if (list == "lfsFiles") next.kind = "lfsFile";
  if (list == "deletedFiles") next.kind = "deletedFile";
  if (list == "deletedFolders") next.kind = "deletedFolder";
  if (list == "deletedEntries") next.kind = "deletedEntry";
  *this = std::move(next);
}

Result<BodyItem::Made> BodyItem::to_ops(history::Staging& staging, std::size_t file_bytes_max) {
  Made made;
  if (kind == "deletedFile" || kind == "deletedFolder" || kind == "deletedEntry") {
    CAIRN_TRY(gone, git::parse_folder(path));
    if (gone.is_root()) return invalid_line("A deletion needs the `path` of a file or folder.");
    made.ops.emplace_back(Delete{std::move(gone)});
    return made;
  }
  if (kind != "file" && kind != "lfsFile")
    return invalid_line("The key " + in_quotes(kind) +
                        " is not known. Use header, file, lfsFile, deletedFile, deletedFolder or "
                        "deletedEntry.");
  if (path.empty()) return invalid_line("A `" + kind + "` needs a `path`.");
  CAIRN_TRY(target, git::parse_path(path));
  if (!old_path.empty()) {
    CAIRN_TRY(source, parse_old_path(old_path));
    made.ops.emplace_back(Rename{std::move(source), target});
  }
  if (kind == "lfsFile") {
    if (bad_size)
      return invalid_line("The `size` of " + in_quotes(path) + " is a number of bytes.");
    if (oid.empty() && !made.ops.empty()) return made;
    if (!algo.empty() && algo != "sha256" && algo != "sha_256")
      return invalid_line("The `algo` of " + in_quotes(path) + " is sha256.");
    auto sha256 = Sha256Digest::parse(to_lower_ascii(oid));
    if (!sha256)
      return invalid_line("The `oid` of " + in_quotes(path) + " is a SHA-256: 64 hex digits.");
    made.ops.emplace_back(PutLarge{std::move(target), *sha256, size_bytes});
    return made;
  }
  if (!has_content) {
    if (!made.ops.empty()) return made;
    return invalid_line("The file " + in_quotes(path) + " needs `content`.");
  }
  CAIRN_TRY(bytes, decode_content(*this));
  if (bytes.size() > file_bytes_max) return fail(file_too_large(path, file_bytes_max));
  CAIRN_TRY(blob, staging.add(bytes));
  made.bytes = bytes.size();
  made.ops.emplace_back(PutFile{std::move(target), blob, bytes.size()});
  return made;
}

}  // namespace cairn::repo
