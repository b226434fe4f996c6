#pragma once
#include "hub/history/pages.h"

namespace cairn::history {

/// Files that differ between two commits, by path; one without an id has no files.
/// @return true in `more` when there are others.
[[nodiscard]] Result<Changes> compare_sheets(const PageLoader& load, const CommitInfo& before,
                                             const CommitInfo& after, std::size_t files_max);

/// The newest commit that both reach: with several of one age, any of them.
/// @return empty when they share none, or none that is near.
[[nodiscard]] std::optional<git::Oid> find_merge_base(db::Tx& tx, RepoId repo, const CommitInfo& a,
                                                      const CommitInfo& b);

}  // namespace cairn::history
