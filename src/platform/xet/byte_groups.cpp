#include "platform/xet/byte_groups.h"

#include <array>

namespace cairn::xet {

namespace {

/// Where each group begins.
std::array<std::size_t, 4> group_starts(std::size_t size) {
  std::array<std::size_t, 4> starts{};
  for (std::size_t group = 1; group < 4; ++group)
    starts[group] = starts[group - 1] + size / 4 + (size % 4 > group - 1 ? 1 : 0);
  return starts;
}

}  // namespace

// Loops that the compiler turns into shuffles of whole registers.
void split_byte_groups(const char* __restrict from, char* __restrict into, std::size_t size) {
  auto starts = group_starts(size);
  char* __restrict g0 = into;
  char* __restrict g1 = into + starts[1];
  char* __restrict g2 = into + starts[2];
  char* __restrict g3 = into + starts[3];
  for (std::size_t i = 0; i < size / 4; ++i) {
    g0[i] = from[4 * i];
    g1[i] = from[4 * i + 1];
    g2[i] = from[4 * i + 2];
    g3[i] = from[4 * i + 3];
  }
  for (std::size_t i = size / 4 * 4; i < size; ++i) into[starts[i % 4] + i / 4] = from[i];
}

void join_byte_groups(const char* __restrict from, char* __restrict into, std::size_t size) {
  auto starts = group_starts(size);
  const char* __restrict g0 = from;
  const char* __restrict g1 = from + starts[1];
  const char* __restrict g2 = from + starts[2];
  const char* __restrict g3 = from + starts[3];
  for (std::size_t i = 0; i < size / 4; ++i) {
    into[4 * i] = g0[i];
    into[4 * i + 1] = g1[i];
    into[4 * i + 2] = g2[i];
    into[4 * i + 3] = g3[i];
  }
  for (std::size_t i = size / 4 * 4; i < size; ++i) into[i] = from[starts[i % 4] + i / 4];
}

}  // namespace cairn::xet
