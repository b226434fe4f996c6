#include "platform/http/pattern.h"

#include <stdexcept>

#include "base/text.h"

namespace cairn::http {

std::vector<PatternSegment> parse_pattern(std::string_view pattern) {
  auto wrong = [&](const char* why) {
    return std::logic_error("route pattern \"" + std::string(pattern) + "\": " + why);
  };
  if (!pattern.starts_with('/')) throw wrong("does not begin with /");
  std::vector<PatternSegment> out;
  if (pattern == "/") return out;
  for (auto text : split(pattern.substr(1), '/')) {
    if (text.empty()) throw wrong("has an empty segment");
    if (!out.empty() && out.back().kind == PatternSegment::Kind::rest)
      throw wrong("goes on after {x...}");
    auto open = text.find('{');
    auto close = text.find('}');
    if (open == std::string_view::npos && close == std::string_view::npos) {
      out.push_back({PatternSegment::Kind::fixed, std::string(text), {}, {}});
      continue;
    }
    if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
        text.find_first_of("{}", close + 1) != std::string_view::npos ||
        text.find('{', open + 1) != std::string_view::npos)
      throw wrong("has unbalanced braces or two captures in one segment");
    PatternSegment segment{PatternSegment::Kind::capture, std::string(text.substr(0, open)),
                           std::string(text.substr(open + 1, close - open - 1)),
                           std::string(text.substr(close + 1))};
    if (segment.name.ends_with("...")) {
      segment.kind = PatternSegment::Kind::rest;
      segment.name.resize(segment.name.size() - 3);
      if (!segment.before.empty() || !segment.after.empty()) throw wrong("has text beside {x...}");
    }
    if (segment.name.empty()) throw wrong("has a capture without a name");
    out.push_back(std::move(segment));
  }
  return out;
}

}  // namespace cairn::http
