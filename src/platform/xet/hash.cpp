#include "platform/xet/hash.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <blake3.h>

namespace cairn::xet {

namespace {

using Key = std::array<std::uint8_t, BLAKE3_KEY_LEN>;

// Protocol, "Hash Computations": keys of BLAKE3's keyed mode.
constexpr Key chunk_key = {102, 151, 245, 119, 91,  149, 80,  222, 49,  53,  203,
                           172, 165, 151, 24,  28,  157, 228, 33,  16,  155, 235,
                           43,  88,  180, 208, 176, 75,  147, 173, 242, 41};
constexpr Key node_key = {1,   126, 197, 199, 165, 71,  41,  150, 253, 148, 102,
                          102, 180, 138, 2,   230, 93,  221, 83,  111, 55,  199,
                          109, 210, 248, 99,  82,  230, 74,  83,  113, 63};
constexpr Key range_key = {127, 24,  87,  214, 206, 86,  237, 102, 18,  127, 249,
                           19,  231, 165, 195, 243, 164, 205, 38,  213, 181, 219,
                           73,  230, 65,  36,  152, 127, 40,  251, 148, 195};
constexpr Key file_salt = {};

// A Merkle group ends after a hash that is 0 modulo this, but not before it has 3 entries, and
// after 9 in any case.
constexpr std::uint64_t group_modulus = 4;
constexpr std::size_t group_entries_min = 3;
constexpr std::size_t group_entries_max = 9;

Hash digest(const blake3_hasher& hasher) {
  Hash out;
  blake3_hasher_finalize(&hasher, reinterpret_cast<std::uint8_t*>(out.bytes.data()),
                         out.bytes.size());
  return out;
}

Hash keyed(const std::uint8_t* key, std::string_view bytes) {
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, key);
  blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  return digest(hasher);
}

constexpr char digits[] = "0123456789abcdef";

/// 64 digits at `out`.
void write_text(const Hash& hash, char* out) {
  for (std::size_t word = 0; word < 4; ++word)
    for (std::size_t i = 8; i-- > 0;) {
      auto byte = static_cast<std::uint8_t>(hash.bytes[8 * word + i]);
      *out++ = digits[byte >> 4];
      *out++ = digits[byte & 15];
    }
}

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "<64 digits> : <size>\n" per child, hashed.
SizedHash make_node(std::span<const SizedHash> children) {
  // 64 digits, " : ", up to 20 digits, newline.
  constexpr std::size_t line_bytes_max = 64 + 3 + 20 + 1;
  std::array<char, group_entries_max * line_bytes_max> text;
  char* end = text.data();
  std::uint64_t size = 0;
  for (const SizedHash& child : children) {
    write_text(child.hash, end);
    end += 64;
    std::memcpy(end, " : ", 3);
    end = std::to_chars(end + 3, text.data() + text.size(), child.size_bytes).ptr;
    *end++ = '\n';
    size += child.size_bytes;
  }
  return {keyed(node_key.data(), {text.data(), end}), size};
}

/// How many entries at the front of a list make its next group.
std::size_t next_group(std::span<const SizedHash> entries) {
  if (entries.size() < group_entries_min) return entries.size();
  std::size_t limit = std::min(entries.size(), group_entries_max);
  for (std::size_t i = group_entries_min - 1; i < limit; ++i)
    if (entries[i].hash.word(3) % group_modulus == 0) return i + 1;
  return limit;
}

Hash file_of_root(const Hash& root) {
  return keyed(file_salt.data(), root.view());
}

}  // namespace

Result<Hash> Hash::parse(std::string_view text) {
  Hash out;
  bool valid = text.size() == 64;
  for (std::size_t i = 0; valid && i < 32; ++i) {
    int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
    valid = high >= 0 && low >= 0;
    out.bytes[(i & ~std::size_t{7}) + 7 - (i & 7)] = static_cast<char>(high * 16 + low);
  }
  if (!valid)
    return fail(ErrorCode::invalid_argument, "InvalidXetHash", "A Xet hash is 64 hex digits.");
  return out;
}

Hash Hash::from_sha256(const Sha256Digest& digest) {
  Hash out;
  for (std::size_t i = 0; i < 32; ++i)
    out.bytes[(i & ~std::size_t{7}) + 7 - (i & 7)] = digest.bytes[i];
  return out;
}

Sha256Digest Hash::to_sha256() const {
  Sha256Digest out;
  for (std::size_t i = 0; i < 32; ++i) out.bytes[i] = bytes[(i & ~std::size_t{7}) + 7 - (i & 7)];
  return out;
}

std::string Hash::text() const {
  std::string out(64, '\0');
  write_text(*this, out.data());
  return out;
}

bool Hash::is_end_marker() const {
  for (char byte : bytes)
    if (byte != '\xff') return false;
  return true;
}

Hash chunk_hash(std::string_view content) {
  return keyed(chunk_key.data(), content);
}

Hash merkle_root(std::span<const SizedHash> chunks) {
  if (chunks.empty()) return {};
  std::vector<SizedHash> level(chunks.begin(), chunks.end()), above;
  while (level.size() > 1) {
    above.clear();
    for (std::span<const SizedHash> rest = level; !rest.empty();) {
      std::size_t count = next_group(rest);
      above.push_back(make_node(rest.first(count)));
      rest = rest.subspan(count);
    }
    std::swap(level, above);
  }
  return level[0].hash;
}

Hash file_hash(std::span<const SizedHash> chunks) {
  return chunks.empty() ? Hash{} : file_of_root(merkle_root(chunks));
}

Hash range_hash(std::span<const Hash> chunks) {
  static_assert(sizeof(Hash) == 32);
  return keyed(range_key.data(),
               {chunks.empty() ? nullptr : chunks[0].bytes.data(), chunks.size() * sizeof(Hash)});
}

Hash dedup_hash(const Hash& key, const Hash& chunk) {
  return keyed(reinterpret_cast<const std::uint8_t*>(key.bytes.data()), chunk.view());
}

struct RangeHasher::Context {
  blake3_hasher hasher;
};

RangeHasher::RangeHasher() : context_(std::make_unique<Context>()) {
  blake3_hasher_init_keyed(&context_->hasher, range_key.data());
}
RangeHasher::~RangeHasher() = default;
RangeHasher::RangeHasher(RangeHasher&&) noexcept = default;
RangeHasher& RangeHasher::operator=(RangeHasher&&) noexcept = default;

void RangeHasher::add(const Hash& chunk) {
  blake3_hasher_update(&context_->hasher, chunk.bytes.data(), chunk.bytes.size());
}

Hash RangeHasher::finish() const {
  return digest(context_->hasher);
}

void MerkleBuilder::add_at(std::size_t index, const SizedHash& entry) {
  if (index == 0) size_bytes_ += entry.size_bytes;
  if (index == levels_.size()) levels_.emplace_back();
  Level& level = levels_[index];
  level.open[level.size++] = entry;
  ++level.total;
  bool full = level.size == group_entries_max;
  if (!full && (level.size < group_entries_min || entry.hash.word(3) % group_modulus != 0)) return;
  SizedHash node = make_node(std::span(level.open).first(level.size));
  level.size = 0;
  add_at(index + 1, node);
}

Hash MerkleBuilder::root() const {
  if (levels_.empty()) return {};
  // What is open at each level becomes its last group, unless it is all the level ever had and
  // alone: then it is the root.
  std::optional<SizedHash> carried;
  for (const Level& level : levels_) {
    std::array<SizedHash, group_entries_max> open = level.open;
    std::size_t size = level.size;
    std::uint64_t total = level.total;
    if (carried) {
      open[size++] = *carried;
      ++total;
      carried.reset();
    }
    if (total == 1) return open[0].hash;
    if (size > 0) carried = make_node(std::span<const SizedHash>(open).first(size));
  }
  return carried->hash;
}

Hash MerkleBuilder::file() const {
  return levels_.empty() ? Hash{} : file_of_root(root());
}

}  // namespace cairn::xet
