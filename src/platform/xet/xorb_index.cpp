#include <algorithm>

#include "platform/xet/little_endian.h"
#include "platform/xet/xorb.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

// The stored form: "CXI1", chunks (4 bytes), XXH3 of all that follows (8), the xorb's name (32),
// then per chunk its hash (32), then per chunk the record's end in the body and the chunk's end in
// the content (4 + 4). Numbers are little-endian.
namespace cairn::xet {

namespace {

constexpr std::string_view index_magic = "CXI1";
constexpr std::size_t checksum_at = 8, name_at = 16, hashes_at = 48;
constexpr std::size_t hash_bytes = 32, ends_bytes = 8;

std::uint64_t checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data() + name_at, bytes.size() - name_at);
}

Failure corrupt(const char* what) {
  return fail(ErrorCode::corrupt, "XorbIndexCorrupt",
              "The stored index of a xorb does not verify. Run cairn fsck.")
      .with("what", what);
}

}  // namespace

Result<XorbIndex> XorbIndex::parse(std::string bytes) {
  if (bytes.size() < hashes_at || !bytes.starts_with(index_magic)) return corrupt("header");
  std::uint32_t count = read_u32le(bytes.data() + 4);
  if (count == 0 || count > xorb_chunks_max ||
      bytes.size() != hashes_at + std::size_t{count} * (hash_bytes + ends_bytes))
    return corrupt("size");
  if (read_u64le(bytes.data() + checksum_at) != checksum(bytes)) return corrupt("checksum");
  XorbIndex out;
  out.bytes_ = std::move(bytes);
  out.count_ = count;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t record = out.record_offset(i + 1), content = out.content_offset(i + 1);
    if (record <= out.record_offset(i) + record_header_bytes || content <= out.content_offset(i) ||
        content - out.content_offset(i) > chunk_bytes_max)
      return corrupt("order");
  }
  return out;
}

Hash XorbIndex::xorb() const {
  return Hash::from_bytes({bytes_.data() + name_at, hash_bytes});
}

Hash XorbIndex::chunk(std::uint32_t chunk) const {
  return Hash::from_bytes({bytes_.data() + hashes_at + hash_bytes * chunk, hash_bytes});
}

std::uint64_t XorbIndex::record_offset(std::uint32_t chunk) const {
  if (chunk == 0) return 0;
  return read_u32le(bytes_.data() + hashes_at + hash_bytes * count_ + ends_bytes * (chunk - 1));
}

std::uint64_t XorbIndex::content_offset(std::uint32_t chunk) const {
  if (chunk == 0) return 0;
  return read_u32le(bytes_.data() + hashes_at + hash_bytes * count_ + ends_bytes * (chunk - 1) + 4);
}

std::uint32_t XorbIndex::chunk_at(std::uint64_t offset) const {
  std::uint32_t low = 0, high = count_;  // The chunk is in [low, high).
  while (high - low > 1) {
    std::uint32_t middle = low + (high - low) / 2;
    (content_offset(middle) <= offset ? low : high) = middle;
  }
  return low;
}

Hash XorbIndex::range_hash(ChunkRange range) const {
  // Hashes have no alignment, so they may be read where they lie.
  const auto* hashes = reinterpret_cast<const Hash*>(bytes_.data() + hashes_at);
  return xet::range_hash(std::span(hashes + range.first, range.end - range.first));
}

void XorbIndexBuilder::add(const Hash& chunk, std::uint32_t chunk_bytes,
                           std::uint32_t record_bytes) {
  merkle_.add(chunk, chunk_bytes);
  body_bytes_ += record_bytes;
  hashes_.push_back(chunk);
  ends_.push_back(
      {static_cast<std::uint32_t>(body_bytes_), static_cast<std::uint32_t>(merkle_.size_bytes())});
}

XorbIndex XorbIndexBuilder::finish(const Hash& xorb) const {
  XorbIndex out;
  out.count_ = count();
  out.bytes_.reserve(hashes_at + std::size_t{count()} * (hash_bytes + ends_bytes));
  out.bytes_ = index_magic;
  append_u32le(out.bytes_, count());
  append_u64le(out.bytes_, 0);
  out.bytes_.append(xorb.view());
  for (const Hash& hash : hashes_) out.bytes_.append(hash.view());
  for (const Ends& ends : ends_) {
    append_u32le(out.bytes_, ends.record);
    append_u32le(out.bytes_, ends.content);
  }
  std::string sum;
  append_u64le(sum, checksum(out.bytes_));
  out.bytes_.replace(checksum_at, sum.size(), sum);
  return out;
}

}  // namespace cairn::xet
