#pragma once
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace cairn::git {

constexpr std::size_t oid_bytes = 20;
constexpr std::size_t oid_hex = 40;

/// The name of a git object: the SHA-1 of its type, size and content. A value; the default is the
/// zero id, which git's protocols use for "nothing" and which names no object.
/// Ordered as git orders (unsigned bytes), which a plain `Digest` is not.
class Oid {
 public:
  Oid() = default;
  explicit Oid(const Sha1Digest& digest) : digest_(digest) {}

  /// Exactly 40 lower-case hex digits; the zero id parses.
  /// @return `invalid_argument`, word "InvalidOid".
  [[nodiscard]] static Result<Oid> parse(std::string_view hex);
  /// @pre raw.size() == oid_bytes
  [[nodiscard]] static Oid from_bytes(std::string_view raw) {
    return Oid(Sha1Digest::from_bytes(raw));
  }

  [[nodiscard]] std::string hex() const { return digest_.hex(); }
  /// The 20 raw bytes; lives as long as this value.
  [[nodiscard]] std::string_view view() const { return digest_.view(); }
  [[nodiscard]] bool is_zero() const { return *this == Oid{}; }

  bool operator==(const Oid&) const = default;
  std::strong_ordering operator<=>(const Oid& other) const {
    return std::memcmp(view().data(), other.view().data(), oid_bytes) <=> 0;
  }

 private:
  Sha1Digest digest_;
};

enum class ObjectType : std::uint8_t { commit = 1, tree = 2, blob = 3, tag = 4 };  // pack numbers

/// "commit", "tree", "blob", "tag".
[[nodiscard]] std::string_view to_string(ObjectType type);

/// The name git gives to this content.
[[nodiscard]] Oid object_id(ObjectType type, std::string_view content);

/// The same for content that comes in pieces. Not shared between threads.
class ObjectIdHasher {
 public:
  /// @param size  the total number of bytes that will follow.
  ObjectIdHasher(ObjectType type, std::uint64_t size);
  void update(std::string_view bytes) { sha1_.update(bytes); }
  [[nodiscard]] Oid finish() { return Oid(sha1_.finish()); }

 private:
  Sha1 sha1_;
};

}  // namespace cairn::git

template <>
struct std::hash<cairn::git::Oid> {
  std::size_t operator()(const cairn::git::Oid& oid) const noexcept {
    std::size_t out;
    std::memcpy(&out, oid.view().data(), sizeof out);
    return out;
  }
};
