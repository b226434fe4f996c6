#pragma once
#include <cstdint>
#include <string_view>

/// Constants of the shard format that its reader and writer share.
namespace cairn::xet::shard {

/// The first 32 bytes of every shard.
inline constexpr std::string_view tag{
    "HFRepoMetaData\0\x55\x69\x67\x45\x6a\x7b\x81\x57\x83\xa5\xbd\xd9\x5c\xcd\xd1\x4a\xa9", 32};
inline constexpr std::uint64_t version = 2;
inline constexpr std::uint64_t footer_version = 1;

/// Flags of a file block.
inline constexpr std::uint32_t has_range_hashes = 0x8000'0000;
inline constexpr std::uint32_t has_sha256 = 0x4000'0000;
/// Flag of a xorb's chunk.
inline constexpr std::uint32_t is_key_chunk = 0x8000'0000;

/// Offsets of the footer's fields.
namespace footer {
inline constexpr std::size_t version = 0, file_section = 8, xorb_section = 16, file_lookup = 24,
                             file_lookup_count = 32, xorb_lookup = 40, xorb_lookup_count = 48,
                             chunk_lookup = 56, chunk_lookup_count = 64, dedup_key = 72,
                             created_at = 104, expires_at = 112, own_offset = 192;
}  // namespace footer

/// Sizes of the lookup tables' entries.
inline constexpr std::uint64_t file_lookup_bytes = 12, xorb_lookup_bytes = 12,
                               chunk_lookup_bytes = 16;

}  // namespace cairn::xet::shard
