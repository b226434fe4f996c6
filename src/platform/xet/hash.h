#pragma once
#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

/// The primitives of the Xet protocol, version 1.1.0: hashes, chunking, xorbs, shards. A plain
/// library: no tables, no HTTP. Values may be used by any thread, builders by one at a time.
namespace cairn::xet {

/// What names a chunk, a xorb, a file, a Merkle node or a range of chunks. Its text is not plain
/// hex: it is four little-endian 64-bit words, each printed as 16 hex digits. Text is used in URLs,
/// JSON and in what Merkle nodes hash; bytes in binary formats.
struct Hash {
  std::array<char, 32> bytes{};

  bool operator==(const Hash&) const = default;
  /// The order of the texts, which is the order of the words as numbers.
  std::strong_ordering operator<=>(const Hash& other) const {
    for (int i = 0; i < 4; ++i)
      if (auto order = word(i) <=> other.word(i); order != 0) return order;
    return std::strong_ordering::equal;
  }

  /// @return `invalid_argument`, word "InvalidXetHash", unless `text` is 64 hex digits, of either
  ///         case.
  [[nodiscard]] static Result<Hash> parse(std::string_view text);
  /// @pre raw.size() == 32
  [[nodiscard]] static Hash from_bytes(std::string_view raw) {
    Hash out;
    std::memcpy(out.bytes.data(), raw.data(), out.bytes.size());
    return out;
  }
  /// Shards carry SHA-256 in a field of this type: the clients parse the digest's plain hex as if
  /// it were a hash's text, so that each group of 8 bytes is reversed.
  [[nodiscard]] static Hash from_sha256(const Sha256Digest& digest);
  [[nodiscard]] Sha256Digest to_sha256() const;

  [[nodiscard]] std::string_view view() const { return {bytes.data(), bytes.size()}; }
  /// 64 lower-case digits.
  [[nodiscard]] std::string text() const;

  /// Words 0 to 3, as the text has them.
  [[nodiscard]] std::uint64_t word(int i) const {
    std::uint64_t value;
    std::memcpy(&value, bytes.data() + 8 * i, sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
    return value;
  }
  /// The hash of empty content.
  [[nodiscard]] bool is_zero() const { return *this == Hash{}; }
  /// All bits set: ends the sections of a shard, and names nothing.
  [[nodiscard]] bool is_end_marker() const;
  /// One chunk in about 1024: those that global deduplication knows beside files' first chunks.
  [[nodiscard]] bool is_key_chunk() const { return word(3) % 1024 == 0; }
};

/// A hash and the uncompressed size it stands for: what Merkle trees are made of.
struct SizedHash {
  Hash hash;
  std::uint64_t size_bytes = 0;
  bool operator==(const SizedHash&) const = default;
};

/// Of a chunk's uncompressed bytes.
[[nodiscard]] Hash chunk_hash(std::string_view content);
/// The Merkle root of a list of chunks; zero for an empty list, the chunk's own hash for one.
[[nodiscard]] Hash merkle_root(std::span<const SizedHash> chunks);
/// A xorb's name is the Merkle root of its chunks.
[[nodiscard]] inline Hash xorb_hash(std::span<const SizedHash> chunks) {
  return merkle_root(chunks);
}
/// A file's name: the salted root of all its chunks in order, repetitions included, whatever xorbs
/// they lie in. Zero for the empty file.
[[nodiscard]] Hash file_hash(std::span<const SizedHash> chunks);
/// What the uploader of a file proves each term with: over the raw hashes of the term's chunks.
[[nodiscard]] Hash range_hash(std::span<const Hash> chunks);
/// A chunk's hash as an answer to a deduplication query shows it (BLAKE3 keyed, not RFC 2104).
[[nodiscard]] Hash dedup_hash(const Hash& key, const Hash& chunk);

/// The range hash of chunks that arrive one by one.
class RangeHasher {
 public:
  RangeHasher();
  ~RangeHasher();
  RangeHasher(RangeHasher&&) noexcept;
  RangeHasher& operator=(RangeHasher&&) noexcept;
  void add(const Hash& chunk);
  /// Of what was added so far.
  [[nodiscard]] Hash finish() const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// The Merkle root of a list that arrives piece by piece, without holding it: at most 8 entries
/// per level.
class MerkleBuilder {
 public:
  void add(const Hash& hash, std::uint64_t size_bytes) { add_at(0, {hash, size_bytes}); }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] std::uint64_t count() const { return levels_.empty() ? 0 : levels_[0].total; }
  /// Of what was added so far; more may be added afterwards.
  [[nodiscard]] Hash root() const;
  /// The name of a file with these chunks.
  [[nodiscard]] Hash file() const;

 private:
  /// The entries of one level that no group has taken yet, and how many the level ever had.
  struct Level {
    std::array<SizedHash, 9> open;
    std::uint8_t size = 0;
    std::uint64_t total = 0;
  };
  void add_at(std::size_t level, const SizedHash& entry);

  std::vector<Level> levels_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace cairn::xet

template <>
struct std::hash<cairn::xet::Hash> {
  std::size_t operator()(const cairn::xet::Hash& hash) const noexcept {
    return static_cast<std::size_t>(hash.word(0));
  }
};
