#pragma once
#include <cstddef>

namespace cairn::xet {

/// BG4: the bytes whose index is 0 modulo 4 first, then 1, 2, 3. Where the size is not a multiple
/// of four, the first groups are one longer. `from` and `into` do not overlap.
void split_byte_groups(const char* from, char* into, std::size_t size);
/// Undoes it.
void join_byte_groups(const char* from, char* into, std::size_t size);

}  // namespace cairn::xet
