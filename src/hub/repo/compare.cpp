#include "hub/repo/compare.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "hub/repo/compare_parts.h"
#include "hub/repo/files_parts.h"
#include "platform/git/path.h"

namespace cairn::repo {
namespace {

using Status = FileChange::Status;
constexpr std::string_view no_oid = "0000000000000000000000000000000000000000";

FileChange change_of(history::Change in) {
  FileChange out;
  out.status = !in.before ? Status::added : !in.after ? Status::deleted : Status::modified;
  out.path = std::move(in.path);
  out.before = std::move(in.before);
  out.after = std::move(in.after);
  return out;
}

/// A file that went and one that came with the very same content are one file that moved.
void pair_renames(std::vector<FileChange>& files) {
  std::multimap<git::Oid, FileChange*> gone;
  for (auto& file : files)
    if (file.status == Status::deleted) gone.emplace(file.before->oid, &file);
  for (auto& file : files) {
    if (file.status != Status::added) continue;
    auto from = gone.find(file.after->oid);
    if (from == gone.end() || from->second->before->mode != file.after->mode) continue;
    file.status = Status::renamed;
    file.before = std::move(from->second->before);
    file.old_path = from->second->path;
    from->second->path.clear();  // Marked: part of the rename.
    gone.erase(from);
  }
  std::erase_if(files, [](const FileChange& f) { return f.path.empty(); });
}

bool has_lines(const std::optional<history::SheetEntry>& entry) {
  return !entry || (!entry->lfs && entry->mode != git::FileMode::submodule);
}

struct Reader {
  history::History& history;
  RepoId repo;
  git::DiffOptions options;
  std::uint64_t left = compared_bytes_max;

  Result<> fill(FileChange& file) {
    if (!has_lines(file.before) || !has_lines(file.after)) return {};
    if (file.before && file.after && file.before->oid == file.after->oid) {
      file.diff.emplace();
      return {};
    }
    std::uint64_t bytes = 0;
    for (const auto* side : {&file.before, &file.after})
      if (*side) {
        if ((*side)->size_bytes > git::diff_bytes_max) {
          file.diff = git::TextDiff{.result = git::TextDiff::Result::too_large};
          return {};
        }
        bytes += (*side)->size_bytes;
      }
    if (bytes > left) return {};
    left -= bytes;
    CAIRN_TRY(before, text(file.before));
    CAIRN_TRY(after, text(file.after));
    CAIRN_TRY(diff, git::diff_texts(before, after, options));
    file.diff = std::move(diff);
    return {};
  }

  Result<std::string> text(const std::optional<history::SheetEntry>& entry) {
    if (!entry) return std::string{};
    CAIRN_TRY(blob, history.blob(repo, entry->oid, git::diff_bytes_max));
    return *blob;
  }
};

struct Ends {
  history::CommitInfo base, head;
};

/// "a/x", quoted as git does when its name would not be read back.
std::string shown(std::string_view side, std::string_view path) {
  bool plain = true;
  std::string quoted = "\"" + std::string(side);
  for (char c : path) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) plain = false;
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\t')
      quoted += "\\t";
    else
      quoted += c;
  }
  return plain ? std::string(side) + std::string(path) : quoted + "\"";
}

std::string mode_text(git::FileMode mode) {
  std::string out;
  for (auto n = static_cast<unsigned>(mode); n; n /= 8)
    out.insert(out.begin(), static_cast<char>('0' + n % 8));
  return out;
}

std::string header_of(const FileChange& file) {
  const auto& old_path = file.old_path.empty() ? file.path : file.old_path;
  std::string out = "diff --git " + shown("a/", old_path) + " " + shown("b/", file.path) + "\n";
  if (!file.before) out += "new file mode " + mode_text(file.after->mode) + "\n";
  if (!file.after) out += "deleted file mode " + mode_text(file.before->mode) + "\n";
  bool mode_changed = file.before && file.after && file.before->mode != file.after->mode;
  if (mode_changed)
    out += "old mode " + mode_text(file.before->mode) + "\nnew mode " +
           mode_text(file.after->mode) + "\n";
  if (file.status == Status::renamed)
    return out + "similarity index 100%\nrename from " + shown("", old_path) + "\nrename to " +
           shown("", file.path) + "\n";
  out += "index " + (file.before ? file.before->oid.hex() : std::string(no_oid)) + ".." +
         (file.after ? file.after->oid.hex() : std::string(no_oid));
  if (file.before && file.after && !mode_changed) out += " " + mode_text(file.after->mode);
  return out + "\n";
}

}  // namespace

Result<Range> parse_range(std::string_view text) {
  auto dots = text.find("..");
  if (dots == text.npos || text.size() > 2 * git::ref_bytes_max)
    return fail(ErrorCode::invalid_argument, "InvalidRange",
                "Name two revisions as \"main..dev\", or \"main...dev\" for what dev adds since "
                "both were one.");
  bool three = text.substr(dots).starts_with("...");
  return Range{std::string(text.substr(0, dots)), std::string(text.substr(dots + (three ? 3 : 2))),
               three};
}

Result<std::vector<FileChange>> read_changes(history::History& history, RepoId repo,
                                             std::vector<history::Change> changes,
                                             const std::optional<std::string>& path,
                                             git::DiffOptions options) {
  std::vector<FileChange> files;
  for (auto& change : changes) files.push_back(change_of(std::move(change)));
  pair_renames(files);
  if (path) std::erase_if(files, [&](const FileChange& f) { return f.path != *path; });
  Reader reader{history, repo, options};
  for (auto& file : files) CAIRN_CHECK(reader.fill(file));
  return files;
}

Task<Result<Comparison>> Files::compare(RepoRef repo, CompareQuery query) {
  CAIRN_CO_TRY(range, parse_range(query.range));
  auto* rows = &parts_->history;
  auto find = [rows, repo, range](db::Tx& tx) -> Result<Ends> {
    CAIRN_TRY(from, resolve_in(tx, *rows, *repo, range.from));
    CAIRN_TRY(to, resolve_in(tx, *rows, *repo, range.to));
    if (range.from_merge_base) {
      auto base = rows->merge_base(tx, repo->id, from, to);
      if (!base)
        return fail(ErrorCode::invalid_argument, "InvalidRange",
                    "The two revisions have no common commit near them. Compare them with \"..\".");
      from = std::move(*base);
    }
    return Ends{std::move(from), std::move(to)};
  };
  CAIRN_CO_TRY(ends, co_await parts_->database.read(find));
  Comparison out;
  out.base = std::make_shared<const history::CommitInfo>(std::move(ends.base));
  out.head = std::make_shared<const history::CommitInfo>(std::move(ends.head));
  auto read = [rows, repo, query, base = out.base, head = out.head]() -> Result<Comparison> {
    Comparison made;
    // One file is looked for among all; the rest is cut where an answer becomes too long to read.
    CAIRN_TRY(changes, rows->compare(*base, *head, query.path ? 100'000 : compared_files_max));
    made.more = changes.more;
    CAIRN_TRY(files,
              read_changes(*rows, repo->id, std::move(changes.files), query.path, query.options));
    made.files = std::move(files);
    return made;
  };
  CAIRN_CO_TRY(made, co_await parts_->blocking.run(read));
  out.files = std::move(made.files);
  out.more = made.more;
  co_return out;
}

std::string unified_text(const Comparison& comparison) {
  std::string out;
  for (const auto& file : comparison.files) {
    out += header_of(file);
    const auto& old_path = file.old_path.empty() ? file.path : file.old_path;
    bool same = file.before && file.after && file.before->oid == file.after->oid;
    if (same) continue;
    if (!file.diff || file.diff->result != git::TextDiff::Result::compared) {
      out += "Binary files " + (file.before ? shown("a/", old_path) : "/dev/null") + " and " +
             (file.after ? shown("b/", file.path) : "/dev/null") + " differ\n";
      continue;
    }
    if (file.diff->hunks.empty()) continue;
    out += "--- " + (file.before ? shown("a/", old_path) : "/dev/null") + "\n";
    out += "+++ " + (file.after ? shown("b/", file.path) : "/dev/null") + "\n";
    out += git::to_text(*file.diff);
  }
  return out;
}

}  // namespace cairn::repo
