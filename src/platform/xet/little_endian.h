#pragma once
#include <cstdint>
#include <string>

/// Little-endian numbers, as the protocol's binary formats have them.
namespace cairn::xet {

[[nodiscard]] inline std::uint32_t read_u32le(const char* p) {
  const auto* b = reinterpret_cast<const std::uint8_t*>(p);
  return b[0] | b[1] << 8 | b[2] << 16 | static_cast<std::uint32_t>(b[3]) << 24;
}
[[nodiscard]] inline std::uint64_t read_u64le(const char* p) {
  return read_u32le(p) | static_cast<std::uint64_t>(read_u32le(p + 4)) << 32;
}
inline void write_u32le(char* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<char>(value >> (8 * i));
}
inline void append_u32le(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
inline void append_u64le(std::string& out, std::uint64_t value) {
  append_u32le(out, static_cast<std::uint32_t>(value));
  append_u32le(out, static_cast<std::uint32_t>(value >> 32));
}

}  // namespace cairn::xet
