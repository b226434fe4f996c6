#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace cairn {

/// Bytes from the system's generator (libsodium `randombytes_buf`), fit for secrets.
[[nodiscard]] std::string random_bytes(std::size_t count);
/// `count` characters drawn evenly from letters and digits (62 of them), fit for secrets.
[[nodiscard]] std::string random_alphanumeric(std::size_t count);
/// True when equal; takes the same time wherever two texts of one length differ.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace cairn
