// Two texts, split at the first zero byte. The hunks, applied to the first, give the second.
#include <cstdlib>

#include "platform/git/diff.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::git;
  std::string_view all(reinterpret_cast<const char*>(data), size);
  auto middle = all.find('\0');
  if (middle == all.npos) return 0;
  std::string_view before = all.substr(0, middle), after = all.substr(middle + 1);
  auto diff = diff_texts(before, after);
  if (!diff) std::abort();
  if (diff->result != TextDiff::Result::compared) return 0;
  std::string made;
  std::size_t at = 0;
  int line = 1;
  auto copy_line = [&] {
    auto end = before.find('\n', at);
    end = end == before.npos ? before.size() : end + 1;
    made += before.substr(at, end - at);
    at = end;
    ++line;
  };
  for (const auto& hunk : diff->hunks) {
    int first = hunk.old_lines == 0 ? hunk.old_start + 1 : hunk.old_start;
    while (line < first && at < before.size()) copy_line();
    for (const auto& changed : hunk.lines) {
      if (changed.kind != DiffLine::Kind::deleted) made += changed.text;
      if (changed.kind == DiffLine::Kind::added) continue;
      at += changed.text.size();
      ++line;
    }
  }
  while (at < before.size()) copy_line();
  if (made != after) std::abort();
  return 0;
}
