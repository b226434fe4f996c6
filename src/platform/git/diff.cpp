#include "platform/git/diff.h"

#include <algorithm>

#include <git2.h>

#include "base/text.h"

namespace cairn::git {
namespace {

/// git looks for a zero byte among the first 8000.
constexpr std::size_t binary_probe_bytes = 8000;

int on_hunk(const git_diff_delta*, const git_diff_hunk* hunk, void* payload) {
  auto& diff = *static_cast<TextDiff*>(payload);
  diff.hunks.push_back({hunk->old_start, hunk->old_lines, hunk->new_start, hunk->new_lines, {}});
  return 0;
}

int on_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* payload) {
  auto& diff = *static_cast<TextDiff*>(payload);
  if (diff.hunks.empty()) return 0;
  auto& lines = diff.hunks.back().lines;
  auto add = [&](DiffLine::Kind kind) {
    lines.push_back({kind, std::string(line->content, line->content_len), false});
  };
  switch (line->origin) {
    case GIT_DIFF_LINE_CONTEXT:
      add(DiffLine::Kind::context);
      break;
    case GIT_DIFF_LINE_ADDITION:
      add(DiffLine::Kind::added);
      ++diff.added;
      break;
    case GIT_DIFF_LINE_DELETION:
      add(DiffLine::Kind::deleted);
      ++diff.deleted;
      break;
    case GIT_DIFF_LINE_CONTEXT_EOFNL:
    case GIT_DIFF_LINE_ADD_EOFNL:
    case GIT_DIFF_LINE_DEL_EOFNL:
      if (!lines.empty()) lines.back().no_newline = true;
      break;
    default:
      break;
  }
  return 0;
}

bool too_large(std::string_view content) {
  return content.size() > diff_bytes_max ||
         static_cast<std::size_t>(std::ranges::count(content, '\n')) > diff_lines_max;
}

}  // namespace

bool is_binary(std::string_view content) {
  return content.substr(0, binary_probe_bytes).contains('\0') || !is_valid_utf8(content);
}

Result<TextDiff> diff_texts(std::string_view before, std::string_view after, DiffOptions asked) {
  TextDiff out;
  if (too_large(before) || too_large(after)) {
    out.result = TextDiff::Result::too_large;
    return out;
  }
  if (is_binary(before) || is_binary(after)) {
    out.result = TextDiff::Result::binary;
    return out;
  }
  static const bool ready = git_libgit2_init() > 0;
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.context_lines = static_cast<std::uint32_t>(asked.context_lines);
  options.flags = GIT_DIFF_FORCE_TEXT;
  if (asked.ignore_whitespace) options.flags |= GIT_DIFF_IGNORE_WHITESPACE;
  int failed =
      ready ? git_diff_buffers(before.data(), before.size(), nullptr, after.data(), after.size(),
                               nullptr, &options, nullptr, nullptr, on_hunk, on_line, &out)
            : -1;
  if (failed != 0)
    return fail(ErrorCode::internal, "DiffFailed", "The files could not be compared.");
  return out;
}

std::string to_text(const TextDiff& diff) {
  std::string out;
  for (const auto& hunk : diff.hunks) {
    auto range = [](int start, int lines) {
      return std::to_string(start) + (lines == 1 ? "" : "," + std::to_string(lines));
    };
    out += "@@ -" + range(hunk.old_start, hunk.old_lines) + " +" +
           range(hunk.new_start, hunk.new_lines) + " @@\n";
    for (const auto& line : hunk.lines) {
      out += line.kind == DiffLine::Kind::added     ? '+'
             : line.kind == DiffLine::Kind::deleted ? '-'
                                                    : ' ';
      out += line.text;
      if (line.no_newline) {
        if (!line.text.ends_with('\n')) out += '\n';
        out += "\\ No newline at end of file\n";
      }
    }
  }
  return out;
}

}  // namespace cairn::git
