#pragma once
#include "hub/repo/types.h"
#include "platform/git/diff.h"

/// What changed between two revisions.
namespace cairn::repo {

constexpr std::size_t compared_files_max = 300;
/// Of all files read for one answer; what comes later is named without its lines.
constexpr std::uint64_t compared_bytes_max = 8u << 20;

struct FileChange {
  enum class Status { added, deleted, modified, renamed };
  Status status = Status::modified;
  std::string path;      ///< In the newer revision, if it is there.
  std::string old_path;  ///< Renamed: where it was.
  std::optional<history::SheetEntry> before, after;
  /// Absent for large files, submodules, and past `compared_bytes_max`.
  std::optional<git::TextDiff> diff;
};
struct Comparison {
  CommitRef base;  ///< What is compared: the older revision, or with "..." where both began.
  CommitRef head;
  std::vector<FileChange> files;  ///< By path.
  bool more = false;              ///< Further files differ.
};

struct CompareQuery {
  std::string range;                ///< "a..b" or "a...b"; a side may be empty: default branch.
  std::optional<std::string> path;  ///< Only this file.
  git::DiffOptions options = {};
};

/// As `git diff` prints it.
[[nodiscard]] std::string unified_text(const Comparison& comparison);

}  // namespace cairn::repo
