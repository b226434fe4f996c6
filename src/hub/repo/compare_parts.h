#pragma once
#include "hub/repo/compare.h"

namespace cairn::repo {

/// Two revisions, as an address names them.
struct Range {
  std::string from, to;
  bool from_merge_base = false;
};
/// No ref's name has two dots in a row, so the first are the ones that part the two.
[[nodiscard]] Result<Range> parse_range(std::string_view text);

/// Changes as people read them: what moved is one change, and each file has its lines, as far as
/// the limits of compare.h go. Blocks.
[[nodiscard]] Result<std::vector<FileChange>> read_changes(history::History& history, RepoId repo,
                                                           std::vector<history::Change> changes,
                                                           const std::optional<std::string>& path,
                                                           git::DiffOptions options);

}  // namespace cairn::repo
