#pragma once
#include <memory>
#include <vector>

#include "hub/xet/inner.h"

/// Inside the module: a file as bytes.
namespace cairn::xet {

/// Puts a file together as it is read: reads in order decode every chunk once, reads anywhere find
/// their chunks by binary search. From the second large read in order on, the next one is decoded
/// meanwhile. Holds the terms, one chunk, and what was read ahead. `inner` outlives it.
/// @return `corrupt` when the terms do not add up to `size_bytes`.
[[nodiscard]] Result<std::shared_ptr<storage::Reader>> make_file_reader(
    Inner& inner, std::vector<StoredTerm> terms, std::uint64_t size_bytes);

}  // namespace cairn::xet
