#include "hub/card/yaml_scalar.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace cairn::card {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

/// `0o17` and `0x1F`; no sign, as the schema has it.
std::optional<json::value> resolve_radix(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'o' && text[1] != 'x')) return {};
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, failed] = std::from_chars(text.data() + 2, end, number, text[1] == 'o' ? 8 : 16);
  if (failed != std::errc{} || stop != end) return {};
  return json::value(number);
}

/// [-+]? ( "." [0-9]+ | [0-9]+ ( "." [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
struct NumberShape {
  bool number = false;
  bool whole = false;
};

NumberShape number_shape(std::string_view text) {
  std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  std::size_t before = digits_at(text, at);
  at += before;
  if (at == text.size()) return {before > 0, before > 0};
  if (text[at] == '.') {
    std::size_t after = digits_at(text, at + 1);
    if (before + after == 0) return {};
    at += 1 + after;
  } else if (before == 0) {
    return {};
  }
  if (at == text.size()) return {true, false};
  if (text[at] != 'e' && text[at] != 'E') return {};
  ++at;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  std::size_t exponent = digits_at(text, at);
  return {exponent > 0 && at + exponent == text.size(), false};
}

json::value resolve_number(std::string_view text, bool whole) {
  std::string_view plain = text[0] == '+' ? text.substr(1) : text;
  const char* end = plain.data() + plain.size();
  if (whole) {
    std::int64_t small = 0;
    if (auto [p, failed] = std::from_chars(plain.data(), end, small); failed == std::errc{})
      return small;
    std::uint64_t large = 0;
    if (auto [p, failed] = std::from_chars(plain.data(), end, large); failed == std::errc{})
      return large;
  }
  double number = 0;
  auto [p, failed] = std::from_chars(plain.data(), end, number);
  if (failed != std::errc{} || !std::isfinite(number)) return json::string(text);
  return number;
}

}  // namespace

json::value resolve_plain(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (auto number = resolve_radix(text)) return *number;
  if (auto shape = number_shape(text); shape.number) return resolve_number(text, shape.whole);
  return json::string(text);
}

}  // namespace cairn::card
