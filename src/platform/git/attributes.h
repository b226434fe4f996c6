#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/git/glob.h"
#include "platform/git/path.h"

namespace cairn::git {

constexpr std::size_t attributes_bytes_max = 1u << 20;  ///< Of one file.
constexpr std::size_t attributes_rules_max = 10'000;    ///< Of all files together.

/// What `.gitattributes` files say about the `filter` of paths: which files go to LFS.
/// gitattributes(5); macros (`[attr]lfs filter=lfs`) are followed one level deep. Other attributes
/// are not kept. Immutable after the last `add`: any thread may ask.
class Attributes {
 public:
  /// Adds the file that lies in `folder`. Order: the root's first, then its sub-folders'.
  /// Lines git would ignore are ignored.
  /// @return `too_large`, word "AttributesTooLarge", past a limit.
  Result<> add(std::string_view text, const RepoPath& folder = {});

  /// The value of `filter`; empty when unspecified, unset or set without a value.
  [[nodiscard]] std::optional<std::string_view> filter(const RepoPath& path) const;
  [[nodiscard]] bool is_lfs(const RepoPath& path) const { return filter(path) == "lfs"; }

 private:
  struct Rule {
    Glob glob;
    std::string folder;                 // With its '/' at the end; empty for the root.
    std::optional<std::string> filter;  // Empty: back to unspecified or unset.
  };
  std::vector<Rule> rules_;
};

enum class LargeFiles {
  weights,            ///< Models, archives and other binary data.
  weights_and_media,  ///< Also audio, images and video: what datasets are made of.
};

/// The `.gitattributes` a new repository begins with: LFS rules for the usual binary formats.
[[nodiscard]] std::string default_gitattributes(LargeFiles kinds);

}  // namespace cairn::git
