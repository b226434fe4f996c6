#pragma once
#include "hub/history/history.h"

namespace cairn::repo {

constexpr std::size_t between_commits_max = 100;

/// Commits that one revision reaches and another does not, newest first.
struct Between {
  std::vector<history::CommitInfo> commits;
  bool more = false;  ///< There are others, or too many lie between to know.
};

/// What `head` has and `base` has not.
[[nodiscard]] Between commits_between(db::Tx& tx, history::History& history, RepoId repo,
                                      const history::CommitInfo& base,
                                      const history::CommitInfo& head, std::size_t commits_max);

}  // namespace cairn::repo
