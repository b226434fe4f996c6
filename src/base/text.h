#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cairn {

/// ASCII only: other letters stay as they are.
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// The whole text as a decimal number; empty for anything else and on overflow.
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// Cuts to at most `bytes_max` bytes, never inside a UTF-8 sequence.
[[nodiscard]] std::string_view truncate_utf8(std::string_view text, std::size_t bytes_max);

/// RFC 3986 section 2.1: everything but unreserved characters is encoded; `/` stays when asked.
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slash = false);
/// @return `invalid_argument` for a `%` that no two hex digits follow.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);
/// As `application/x-www-form-urlencoded`: `+` is a space as well.
[[nodiscard]] Result<std::string> form_decode(std::string_view text);

/// The candidate nearest to `word`, counting letters changed, added, left out and swapped, when
/// within a third of its length (one at least): for "unknown key X, did you mean Y".
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 const std::vector<std::string>& candidates);

/// "1.5 KB": powers of 1000, at most three digits.
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

}  // namespace cairn
