#pragma once
#include "hub/repo/compare.h"

namespace cairn::repo {

/// Changes as people read them: what moved is one change, and each file has its lines, as far as
/// the limits of compare.h go. Blocks.
[[nodiscard]] Result<std::vector<FileChange>> read_changes(history::History& history, RepoId repo,
                                                           std::vector<history::Change> changes,
                                                           const std::optional<std::string>& path,
                                                           git::DiffOptions options);

}  // namespace cairn::repo
