#pragma once
#include <string>
#include <string_view>
#include <vector>

/// Inside the module: route patterns, see Route::pattern.
namespace cairn::http {

struct PatternSegment {
  enum class Kind { fixed, capture, rest };
  Kind kind = Kind::fixed;
  std::string before;  ///< The text, for `fixed`; else the fixed text before the capture
  std::string name;
  std::string after;  ///< and after it.
};

/// @throws std::logic_error, naming the pattern.
[[nodiscard]] std::vector<PatternSegment> parse_pattern(std::string_view pattern);

/// The names of the captures, left to right, as views of `pattern`. @pre it parses.
template <class Function>
void for_each_capture(std::string_view pattern, Function function) {
  for (std::size_t open = 0; (open = pattern.find('{', open)) != std::string_view::npos;) {
    auto close = pattern.find('}', open);
    auto name = pattern.substr(open + 1, close - open - 1);
    if (name.ends_with("...")) name.remove_suffix(3);
    function(name);
    open = close;
  }
}

}  // namespace cairn::http
