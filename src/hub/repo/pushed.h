#pragma once
#include "hub/history/history.h"
#include "hub/repo/repos.h"

/// For pushes and imports: what a move of refs that no Commits made owes the repository's rows. In
/// the transaction of the move, after Repos::recheck.
namespace cairn::repo {

/// The default branch leads to another commit, or to its first.
void default_branch_moved(db::Tx& tx, const Repo& current, const history::CommitInfo& head,
                          const CardInfo& card);

/// @param regular_bytes  of files that came, unpacked.
/// @param large          whether large files were linked.
void add_pushed_bytes(db::Tx& tx, RepoId repo, std::uint64_t regular_bytes, bool large);

}  // namespace cairn::repo
