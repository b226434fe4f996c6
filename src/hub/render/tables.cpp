#include "hub/render/tables.h"

#include "base/text.h"
#include "hub/render/lines.h"

namespace cairn::render {
namespace {

bool is_rule(std::string_view line, std::string_view before) {
  return before.contains('|') && line.contains('|') && line.contains('-') && indent_of(line) < 4 &&
         line.find_first_not_of("|:- \t\r") == line.npos;
}

/// The line with at least three dashes wherever it has some.
std::string long_rule(std::string_view line) {
  constexpr std::size_t dashes_min = 3;
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    auto count = std::min(line.find_first_not_of('-', at), line.size()) - at;
    if (count == 0) {
      out += line[at++];
      continue;
    }
    out.append(std::max(count, dashes_min), '-');
    at += count;
  }
  return out;
}

}  // namespace

std::string with_long_rules(std::string_view markdown) {
  std::string out;
  out.reserve(markdown.size() + 64);
  Fence fence;
  std::string_view before;
  for (auto line : split(markdown, '\n')) {
    bool is_code = fence.takes(line);
    bool rule = !is_code && is_rule(line, before);
    out += rule ? long_rule(line) : line;
    out += '\n';
    before = is_code ? std::string_view() : line;
  }
  out.pop_back();
  return out;
}

}  // namespace cairn::render
