#include <algorithm>

#include "base/bytes.h"
#include "platform/git/pack.h"
#include "platform/git/pack_entry.h"

// gitformat-pack(5), "Version 2 pack-*.idx files": magic, fan-out of 256 counts, names, CRCs,
// 31-bit offsets, 64-bit offsets for those with the top bit set, two checksums.
namespace cairn::git {
namespace {

constexpr std::string_view idx_magic("\377tOc\0\0\0\2", 8);
constexpr std::size_t fanout_bytes = 256 * 4;
constexpr std::size_t per_object_bytes = oid_bytes + 4 + 4;
constexpr std::uint32_t large_offset_flag = 0x8000'0000u;

void append_fanout(std::string& out, const std::vector<PackIndexEntry>& index) {
  std::size_t at = 0;
  for (unsigned first = 0; first < 256; ++first) {
    while (at < index.size() && static_cast<unsigned char>(index[at].oid.view()[0]) == first) ++at;
    append_u32be(out, static_cast<std::uint32_t>(at));
  }
}

/// The fan-out is a second statement of what the names say, and some reader trusts it.
bool fanout_agrees(std::string_view bytes, const std::vector<PackIndexEntry>& index) {
  std::string expected;
  append_fanout(expected, index);
  return bytes.substr(idx_magic.size(), fanout_bytes) == expected;
}

}  // namespace

std::string write_idx_v2(const std::vector<PackIndexEntry>& index,
                         const Sha1Digest& pack_checksum) {
  std::string out(idx_magic);
  out.reserve(idx_magic.size() + fanout_bytes + index.size() * per_object_bytes + 40);
  append_fanout(out, index);
  for (const auto& entry : index) out += entry.oid.view();
  for (const auto& entry : index) append_u32be(out, entry.crc32);
  std::string large;
  for (const auto& entry : index) {
    if (entry.offset < large_offset_flag) {
      append_u32be(out, static_cast<std::uint32_t>(entry.offset));
    } else {
      append_u32be(out, large_offset_flag | static_cast<std::uint32_t>(large.size() / 8));
      append_u64be(large, entry.offset);
    }
  }
  out += large;
  out += pack_checksum.view();
  out += sha1(out).view();
  return out;
}

Result<PackIndex> parse_idx(std::string_view bytes, bool verify) {
  constexpr std::size_t fixed = idx_magic.size() + fanout_bytes + 2 * oid_bytes;
  if (bytes.size() < fixed || !bytes.starts_with(idx_magic))
    return corrupt_pack("index is not of version 2");
  const char* names = bytes.data() + idx_magic.size() + fanout_bytes;
  std::size_t count = read_u32be(names - 4);
  if (count > (bytes.size() - fixed) / per_object_bytes)
    return corrupt_pack("index is shorter than it says");
  std::size_t large_bytes = bytes.size() - fixed - count * per_object_bytes;
  const char* crcs = names + count * oid_bytes;
  const char* offsets = crcs + count * 4;
  const char* large = offsets + count * 4;
  if (large_bytes % 8 != 0) return corrupt_pack("index has bytes that nothing names");
  PackIndex out;
  out.entries.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    PackIndexEntry entry{Oid::from_bytes({names + i * oid_bytes, oid_bytes}),
                         read_u32be(offsets + i * 4), read_u32be(crcs + i * 4)};
    if ((entry.offset & large_offset_flag) != 0) {
      std::size_t at = entry.offset & ~large_offset_flag;
      if (at >= large_bytes / 8) return corrupt_pack("index has an offset outside its table");
      entry.offset = read_u64be(large + at * 8);
    }
    if (i > 0 && !(out.entries.back().oid < entry.oid))
      return corrupt_pack("index is not in order");
    out.entries.push_back(entry);
  }
  if (!fanout_agrees(bytes, out.entries)) return corrupt_pack("index has a wrong fan-out");
  out.pack_checksum = Sha1Digest::from_bytes(bytes.substr(bytes.size() - 2 * oid_bytes, oid_bytes));
  if (verify && sha1(bytes.substr(0, bytes.size() - oid_bytes)).view() !=
                    bytes.substr(bytes.size() - oid_bytes))
    return corrupt_pack("index does not match its checksum");
  return out;
}

}  // namespace cairn::git
