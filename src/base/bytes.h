#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cairn {

[[nodiscard]] std::string hex_encode(std::string_view bytes);
/// Either case. @return `invalid_argument` for an odd length or another character.
[[nodiscard]] Result<std::string> hex_decode(std::string_view hex);
/// True for a text of only [0-9a-f]; true for the empty text.
[[nodiscard]] bool is_lower_hex(std::string_view text);

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// RFC 4648 section 4. Padding is required; white space and anything else is refused.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);
/// RFC 4648 section 5, without padding.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
[[nodiscard]] Result<std::string> base64url_decode(std::string_view text);

/// Big-endian, as git and most wire formats have it.
void append_u32be(std::string& out, std::uint32_t value);
void append_u64be(std::string& out, std::uint64_t value);
[[nodiscard]] std::uint32_t read_u32be(const char* p);
[[nodiscard]] std::uint64_t read_u64be(const char* p);

}  // namespace cairn
