#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "platform/xet/chunker.h"
#include "platform/xet/hash.h"
#include "platform/xet/xorb.h"

/// Content and helpers of this module's tests.
namespace cairn::xet::testing {

inline std::string splitmix_bytes(std::size_t size, std::uint64_t state = 0) {
  std::string out;
  out.reserve(size + 8);
  while (out.size() < size) {
    state += 0x9E3779B97F4A7C15;
    std::uint64_t z = state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    z ^= z >> 31;
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(z >> (8 * i)));
  }
  out.resize(size);
  return out;
}

/// Byte i is (factor · i + offset) modulo 256.
inline std::string linear_bytes(std::size_t size, unsigned factor, unsigned offset) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(factor * i + offset);
  return out;
}

inline std::string xorshift_bytes(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 0x9e3779b9;
  for (char& byte : out) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<char>(state);
  }
  return out;
}

inline Hash hash_of(std::string_view text) {
  return Hash::parse(text).value();
}
inline std::string bytes_of_hex(std::string_view text) {
  std::string digits;
  for (char c : text)
    if (c != ' ' && c != '\n') digits.push_back(c);
  return hex_decode(digits).value();
}

/// The pieces of `content` with these lengths.
inline std::vector<std::string_view> cut(std::string_view content,
                                         const std::vector<std::uint32_t>& lengths) {
  std::vector<std::string_view> out;
  for (std::uint32_t length : lengths) {
    out.push_back(content.substr(0, length));
    content.remove_prefix(length);
  }
  return out;
}

inline std::vector<SizedHash> hashes_of(const std::vector<std::string_view>& chunks) {
  std::vector<SizedHash> out;
  for (std::string_view chunk : chunks) out.push_back({chunk_hash(chunk), chunk.size()});
  return out;
}
inline std::vector<SizedHash> chunk_hashes(std::string_view content) {
  return hashes_of(cut(content, chunk_lengths(content)));
}
inline Hash range_hash_of(const std::vector<SizedHash>& chunks) {
  std::vector<Hash> hashes;
  for (const SizedHash& chunk : chunks) hashes.push_back(chunk.hash);
  return range_hash(hashes);
}

/// A xorb of these chunks, each with its own scheme; no footer.
struct MadeXorb {
  std::string body;
  Hash name;
};
inline MadeXorb make_xorb(const std::vector<std::string_view>& chunks,
                          Scheme scheme = Scheme::stored) {
  MadeXorb out;
  for (std::string_view chunk : chunks) append_record(out.body, chunk, scheme);
  out.name = xorb_hash(hashes_of(chunks));
  return out;
}

/// Feeds `bytes` to a verifier in pieces of `piece` bytes.
inline Result<XorbIndex> verify(const Hash& name, std::string_view bytes,
                                std::size_t piece = std::string_view::npos,
                                std::string* kept = nullptr) {
  XorbVerifier verifier(name);
  while (!bytes.empty()) {
    std::string_view front = bytes.substr(0, piece);
    CAIRN_TRY(keep, verifier.write(front));
    if (kept != nullptr) kept->append(front.substr(0, keep));
    bytes.remove_prefix(front.size());
  }
  return verifier.finish();
}

}  // namespace cairn::xet::testing
