#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "hub/repo/commits.h"

/// The part of a commit that changes the tree: no database, any Editor.
namespace cairn::repo {

constexpr std::size_t attributes_read_bytes_max = 1u << 20;

struct EditResult {
  bool readme_changed = false;
  std::optional<std::string> readme;  ///< Its text when it changed and is there.
};

/// Sizes of the large files a commit names, by SHA-256.
using LargeSizes = std::map<Sha256Digest, std::uint64_t>;

/// Renames, then deletions, then additions, whatever their order; then `.gitattributes` gets a rule
/// for every large file that it does not send to LFS yet.
/// @param sizes  of every PutLarge.
/// @return "EntryNotFound", "PathConflict", "InvalidSpecialFile", `too_large` when
///         `.gitattributes` would become too long.
[[nodiscard]] Result<EditResult> apply_ops(history::Editor& editor,
                                           const std::vector<CommitOp>& ops,
                                           const LargeSizes& sizes);

}  // namespace cairn::repo
