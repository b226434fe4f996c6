#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cairn::git {

/// Sides larger than this are not compared line by line: people do not read such diffs, and the
/// time that finding a shortest one takes grows with lines times changes.
constexpr std::size_t diff_bytes_max = 1u << 20;
constexpr std::size_t diff_lines_max = 20'000;

struct DiffLine {
  enum class Kind { context, added, deleted };
  Kind kind = Kind::context;
  std::string text;         ///< With its line end.
  bool no_newline = false;  ///< The file ends here without one.
};

struct DiffHunk {
  int old_start = 0, old_lines = 0;  ///< Lines count from 1.
  int new_start = 0, new_lines = 0;
  std::vector<DiffLine> lines;
};

struct TextDiff {
  enum class Result { compared, binary, too_large };
  Result result = Result::compared;
  std::int64_t added = 0, deleted = 0;  ///< Lines.
  std::vector<DiffHunk> hunks;          ///< With their lines of context.
};

/// What git calls binary, and what is no UTF-8 text, has no lines to compare.
[[nodiscard]] bool is_binary(std::string_view content);

struct DiffOptions {
  int context_lines = 3;
  bool ignore_whitespace = false;  ///< Lines that differ in spaces and tabs alone are the same.
};
/// Line by line, by libgit2's diff (xdiff). Pure; the time is bounded by the limits above.
[[nodiscard]] Result<TextDiff> diff_texts(std::string_view before, std::string_view after,
                                          DiffOptions options = {});

/// The hunks as `git diff` prints them, "@@ -1,2 +1,3 @@" and lines.
[[nodiscard]] std::string to_text(const TextDiff& diff);

}  // namespace cairn::git
