#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/git/glob.h"
#include "platform/git/path.h"

namespace cairn::git {

constexpr std::size_t ignore_bytes_max = 1u << 20;  ///< Of one file.
constexpr std::size_t ignore_rules_max = 10'000;    ///< Of all files together.

/// What `.gitignore` files leave out; gitignore(5). Immutable after the last `add`.
class Ignore {
 public:
  /// Adds the file that lies in `folder`. Order: the root's first, then its sub-folders'.
  /// @return `too_large`, word "IgnoreTooLarge", past a limit.
  Result<> add(std::string_view text, const RepoPath& folder = {});

  /// True when the last rule that matches says so, or when a folder above is ignored: what lies in
  /// an ignored folder cannot be brought back.
  [[nodiscard]] bool ignores(const RepoPath& path, bool is_folder = false) const;

 private:
  struct Rule {
    Glob glob;
    std::string folder;  // With its '/' at the end; empty for the root.
    bool negated;
  };
  [[nodiscard]] bool last_match(std::string_view path, bool is_folder) const;
  std::vector<Rule> rules_;
};

}  // namespace cairn::git
