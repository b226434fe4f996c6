#include "hub/repo/blame_lines.h"

#include <algorithm>

#include "platform/git/diff.h"

namespace cairn::repo {

BlameLines::BlameLines(std::string_view newest) {
  int lines = static_cast<int>(std::ranges::count(newest, '\n'));
  if (!newest.empty() && newest.back() != '\n') ++lines;
  version_of_.assign(static_cast<std::size_t>(lines), -1);
  for (int i = 1; i <= lines; ++i) open_.push_back({i, i});
}

Result<> BlameLines::go_back(std::string_view before, std::string_view after, int version) {
  CAIRN_TRY(diff, git::diff_texts(before, after, {.context_lines = 0}));
  if (diff.result != git::TextDiff::Result::compared)
    return fail(ErrorCode::unprocessable, "NotText", "These have no lines to compare.");
  std::vector<Open> still;
  std::size_t hunk = 0;
  int shift = 0;  // What a line's number in `before` has more than in `after`.
  for (const auto& line : open_) {
    // Hunks that end before this line. A hunk that only deletes stands after its `new_start`.
    while (hunk < diff.hunks.size()) {
      const auto& h = diff.hunks[hunk];
      int end = h.new_lines == 0 ? h.new_start : h.new_start + h.new_lines - 1;
      if (end >= line.here) break;
      shift += h.old_lines - h.new_lines;
      ++hunk;
    }
    bool added = hunk < diff.hunks.size() && diff.hunks[hunk].new_lines > 0 &&
                 line.here >= diff.hunks[hunk].new_start &&
                 line.here < diff.hunks[hunk].new_start + diff.hunks[hunk].new_lines;
    if (added)
      version_of_[static_cast<std::size_t>(line.newest - 1)] = version;
    else
      still.push_back({line.newest, line.here + shift});
  }
  open_ = std::move(still);
  return {};
}

void BlameLines::finish(int version) {
  for (const auto& line : open_) version_of_[static_cast<std::size_t>(line.newest - 1)] = version;
  open_.clear();
}

std::vector<std::tuple<int, int, int>> BlameLines::ranges() const {
  std::vector<std::tuple<int, int, int>> out;
  for (std::size_t i = 0; i < version_of_.size(); ++i) {
    if (!out.empty() && std::get<2>(out.back()) == version_of_[i])
      ++std::get<1>(out.back());
    else
      out.emplace_back(static_cast<int>(i) + 1, 1, version_of_[i]);
  }
  return out;
}

}  // namespace cairn::repo
