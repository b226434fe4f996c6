#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "hub/repo/commits.h"

/// What bringing one line of commits into another would change, by whole files.
namespace cairn::community {

/// Commits that are looked at for the common ancestor. Beyond that the lines are strangers.
constexpr std::size_t ancestors_max = 50'000;
/// Files that one merge may change: as many as one commit.
constexpr std::size_t merge_files_max = 100'000;

/// The nearest commit that both reach. @return empty when there is none within `ancestors_max`.
[[nodiscard]] std::optional<history::CommitInfo> merge_base(db::Tx& tx, history::History& history,
                                                            RepoId repo,
                                                            const history::CommitInfo& a,
                                                            const history::CommitInfo& b);

/// A file that differs between two commits.
struct Change {
  std::string path;
  std::optional<history::SheetEntry> before, after;  ///< Empty: there is no file.
};
/// Only folders that differ are read. Blocks.
/// @return `unprocessable`, word "PullRequestTooLarge", beyond `merge_files_max`.
[[nodiscard]] Result<std::vector<Change>> changes_between(history::History& history,
                                                          const history::CommitInfo& from,
                                                          const history::CommitInfo& to);

struct MergePlan {
  std::vector<repo::CommitOp> ops;     ///< On top of `target`; empty: it has everything already.
  std::vector<std::string> conflicts;  ///< Paths that both sides changed in different ways.
};
/// @param base  of `source` and `target`. Blocks.
[[nodiscard]] Result<MergePlan> plan_merge(history::History& history,
                                           const history::CommitInfo& base,
                                           const history::CommitInfo& source,
                                           const history::CommitInfo& target);

}  // namespace cairn::community
