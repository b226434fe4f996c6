#pragma once
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/pages.h"

namespace cairn::history {

/// A commit's row, as far as walking history needs it: about 200 bytes each.
struct CommitNode {
  git::Oid tree;
  std::vector<git::Oid> parents;
  std::int64_t generation = 1;
  std::optional<SheetId> sheet;
};
using CommitGraph = std::unordered_map<git::Oid, CommitNode>;

/// Every commit row of a repository, reachable or not. Read in steps, so that no snapshot is held
/// long: rows that come meanwhile may be missing, and none changes but for its sheet.
[[nodiscard]] Result<CommitGraph> read_graph(db::Database& database, RepoId repo);

/// What some commits reach: the whole content of a copy, and what collection keeps.
struct Closure {
  std::vector<git::Oid> commits;                ///< Parents before children.
  std::unordered_set<git::Oid> objects;         ///< Commits, trees and blobs.
  std::map<Sha256Digest, std::uint64_t> large;  ///< Large files and their sizes.
  std::uint64_t regular_bytes = 0;              ///< Of other files, each content once.
};

/// Commits in `graph` that `roots` reach, parents first. Ids that are not in it are passed over.
[[nodiscard]] std::vector<git::Oid> reachable_from(const CommitGraph& graph,
                                                   const std::vector<git::Oid>& roots);

/// Walks the sheets of those commits, each page once.
/// @return `unavailable`, word "SheetPending", while one of them has no sheet yet.
[[nodiscard]] Result<Closure> closure_of(const CommitGraph& graph, const PageLoader& load,
                                         const std::vector<git::Oid>& roots);

}  // namespace cairn::history
