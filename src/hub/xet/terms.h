#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/lfs/objects.h"

/// Inside the module: what a file is made of, as it lies in `xet_terms`.
namespace cairn::xet {

/// The number of a xorb's incarnation.
using XorbId = lfs::ObjectId;

/// A run of chunks of one xorb: the next bytes of a file. Where its records lie in the xorb is kept
/// beside it, so that whole terms are located without the xorb's index.
struct StoredTerm {
  XorbId xorb;
  std::uint32_t chunk_first = 0;
  std::uint32_t chunk_end = 0;  ///< Exclusive.
  std::uint32_t raw_bytes = 0;  ///< Of the file: uncompressed.
  std::uint32_t body_first = 0;
  std::uint32_t body_end = 0;  ///< Exclusive; bytes of the serialized xorb.
  bool operator==(const StoredTerm&) const = default;
};

/// Terms in a row of `xet_terms`: few rows for a large file, and a range reads little too much.
constexpr std::size_t terms_per_page = 512;

/// 28 bytes a term, little-endian.
[[nodiscard]] std::string encode_terms(std::span<const StoredTerm> terms);
/// @return `corrupt`, word "CorruptRow", unless `encode_terms` made it.
[[nodiscard]] Result<std::vector<StoredTerm>> decode_terms(std::string_view bytes);

/// Terms in a row, and where the first of them begins in the file.
struct Page {
  std::uint64_t first_byte = 0;
  std::string terms;
};
[[nodiscard]] std::vector<Page> pages_of(std::span<const StoredTerm> terms);

}  // namespace cairn::xet
