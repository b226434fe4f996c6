#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/git/object.h"

/// One object as it lies in a pack: a size with its type, then a zlib stream. Inside this module.
namespace cairn::git {

constexpr std::size_t pack_header_bytes = 12;

/// "PACK", version 2, the number of objects.
[[nodiscard]] std::string pack_header(std::uint32_t count);

/// Appends one entry. @return its CRC-32.
std::uint32_t append_entry(std::string& out, ObjectType type, std::string_view content, int level);

/// The same for a tree as a delta of the object `base`, which need not lie in the pack.
std::uint32_t append_delta_entry(std::string& out, const Oid& base, std::string_view delta,
                                 int level);

struct EntryHeader {
  ObjectHeader object;           ///< Of a delta: a tree, and the size of its instructions.
  std::size_t header_bytes = 0;  ///< The zlib stream follows.
  std::optional<Oid> base;       ///< A delta of this object.
};
/// @return empty for an unknown type, an offset delta, or bytes that end in the header.
[[nodiscard]] std::optional<EntryHeader> read_entry_header(std::string_view at);

struct Inflated {
  std::string content;
  std::size_t compressed_bytes = 0;  ///< How far the zlib stream reached.
};
/// Inflates exactly `size` bytes. @return empty when the stream is broken, shorter or longer.
[[nodiscard]] std::optional<Inflated> inflate_exactly(std::string_view stream, std::uint64_t size);

[[nodiscard]] std::uint32_t crc32_of(std::string_view bytes);

/// `corrupt`, word "CorruptPack".
[[nodiscard]] Failure corrupt_pack(std::string_view what);

}  // namespace cairn::git
