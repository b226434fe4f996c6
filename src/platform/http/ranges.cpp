#include <charconv>

#include "base/text.h"
#include "platform/http/serve.h"

namespace cairn::http {
namespace {

/// Digits only; a number beyond 64 bits is as good as the largest.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

enum class Spec { malformed, outside, inside };

Spec parse_spec(std::string_view text, std::uint64_t size, ByteRange& out) {
  auto dash = text.find('-');
  if (dash == std::string_view::npos) return Spec::malformed;
  auto first_text = trim(text.substr(0, dash));
  auto last_text = trim(text.substr(dash + 1));
  if (first_text.empty()) {
    auto suffix = parse_position(last_text);
    if (!suffix) return Spec::malformed;
    auto count = std::min(*suffix, size);
    out = {size - count, count};
    return count == 0 ? Spec::outside : Spec::inside;
  }
  auto first = parse_position(first_text);
  auto last = last_text.empty() ? std::optional(UINT64_MAX) : parse_position(last_text);
  if (!first || !last || *last < *first) return Spec::malformed;
  if (*first >= size) return Spec::outside;
  out = {*first, std::min(*last, size - 1) - *first + 1};
  return Spec::inside;
}

}  // namespace

Ranges parse_ranges(std::string_view header, std::uint64_t size_bytes) {
  auto equals = header.find('=');
  if (equals == std::string_view::npos || !equal_names(trim(header.substr(0, equals)), "bytes"))
    return {};
  Ranges out;
  std::size_t specs = 0;
  std::uint64_t sum = 0;
  for (auto text : split(header.substr(equals + 1), ',')) {
    text = trim(text);
    if (text.empty()) continue;
    if (++specs > ranges_max) return {};
    ByteRange range;
    switch (parse_spec(text, size_bytes, range)) {
      case Spec::malformed:
        return {};
      case Spec::outside:
        break;
      case Spec::inside:
        // Ranges that overlap until they ask for more than there is get the whole, once.
        if (range.count > size_bytes - sum) return {};
        sum += range.count;
        out.list.push_back(range);
    }
  }
  if (specs == 0) return {};
  out.kind = out.list.empty() ? Ranges::Kind::unsatisfiable : Ranges::Kind::some;
  return out;
}

}  // namespace cairn::http
