#pragma once
#include <optional>
#include <string>

#include "hub/repo/commits_parts.h"

/// Where a commit goes: found in a transaction before its body is read, and again before it is
/// made.
namespace cairn::repo {

struct CommitTarget {
  std::string ref;      ///< The branch, also with `create_pr`: then the one to merge into later.
  git::Oid head;        ///< What the commit builds on.
  bool is_new = false;  ///< A pull request is opened, its ref made by the commit.
  /// The head must still be this one when the ref moves.
  std::optional<git::Oid> expected;
};

/// Asks for the rights and finds the branch and the parent.
/// @return `not_found` "RevisionNotFound"; `invalid_argument` "NotABranch", "InvalidParent";
///         `precondition_failed` "StaleParent"; what `Parts::check_change` says.
[[nodiscard]] Result<CommitTarget> find_target(db::Tx& tx, const Commits::Parts& parts,
                                               const Actor& actor, const Repo& repo,
                                               const std::string& revision,
                                               const CommitHeader& header, bool create_pr);

}  // namespace cairn::repo
