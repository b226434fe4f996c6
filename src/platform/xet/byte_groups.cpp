#include "platform/xet/byte_groups.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace cairn::xet {

namespace {

/// Where each group begins.
std::array<std::size_t, 4> group_starts(std::size_t size) {
  std::array<std::size_t, 4> starts{};
  for (std::size_t group = 1; group < 4; ++group)
    starts[group] = starts[group - 1] + size / 4 + (size % 4 > group - 1 ? 1 : 0);
  return starts;
}

// 16 bytes in a register; the shuffles below are single instructions on every x86-64 and ARM64.
using Bytes = char __attribute__((vector_size(16)));
using Pairs = std::int16_t __attribute__((vector_size(16)));

Bytes load(const char* from) {
  Bytes out;
  std::memcpy(&out, from, sizeof out);
  return out;
}
template <class Vector>
void store(char* into, Vector bytes) {
  std::memcpy(into, &bytes, sizeof bytes);
}

/// Bytes 0, 2, 4 … of a and b.
Bytes even_bytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
Bytes odd_bytes(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
/// a and b in turn: of the first halves, of the second halves.
Pairs mix_first(Bytes a, Bytes b) {
  return std::bit_cast<Pairs>(
      __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}
Pairs mix_last(Bytes a, Bytes b) {
  return std::bit_cast<Pairs>(
      __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
}
Pairs mix_first(Pairs a, Pairs b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
Pairs mix_last(Pairs a, Pairs b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

}  // namespace

void split_byte_groups(const char* from, char* into, std::size_t size) {
  auto starts = group_starts(size);
  std::size_t i = 0;  // Bytes done of each group.
  for (; i + 16 <= size / 4; i += 16) {
    Bytes a = load(from + 4 * i), b = load(from + 4 * i + 16);
    Bytes c = load(from + 4 * i + 32), d = load(from + 4 * i + 48);
    Bytes even_ab = even_bytes(a, b), even_cd = even_bytes(c, d);
    Bytes odd_ab = odd_bytes(a, b), odd_cd = odd_bytes(c, d);
    store(into + starts[0] + i, even_bytes(even_ab, even_cd));
    store(into + starts[1] + i, even_bytes(odd_ab, odd_cd));
    store(into + starts[2] + i, odd_bytes(even_ab, even_cd));
    store(into + starts[3] + i, odd_bytes(odd_ab, odd_cd));
  }
  for (std::size_t at = 4 * i; at < size; ++at) into[starts[at % 4] + at / 4] = from[at];
}

void join_byte_groups(const char* from, char* into, std::size_t size) {
  auto starts = group_starts(size);
  std::size_t i = 0;
  for (; i + 16 <= size / 4; i += 16) {
    Bytes a = load(from + starts[0] + i), b = load(from + starts[1] + i);
    Bytes c = load(from + starts[2] + i), d = load(from + starts[3] + i);
    Pairs first_ab = mix_first(a, b), first_cd = mix_first(c, d);
    Pairs last_ab = mix_last(a, b), last_cd = mix_last(c, d);
    store(into + 4 * i, mix_first(first_ab, first_cd));
    store(into + 4 * i + 16, mix_last(first_ab, first_cd));
    store(into + 4 * i + 32, mix_first(last_ab, last_cd));
    store(into + 4 * i + 48, mix_last(last_ab, last_cd));
  }
  for (std::size_t at = 4 * i; at < size; ++at) into[at] = from[starts[at % 4] + at / 4];
}

}  // namespace cairn::xet
