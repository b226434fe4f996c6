#pragma once
#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cairn {

/// A fixed-size hash value. The tag tells SHA-1 of git from SHA-256 of large files.
template <std::size_t N>
struct Digest {
  std::array<char, N> bytes{};
  auto operator<=>(const Digest&) const = default;

  [[nodiscard]] std::string_view view() const { return {bytes.data(), N}; }
  [[nodiscard]] std::string hex() const { return hex_encode(view()); }

  /// @return `invalid_argument` unless `text` is 2·N lower-case hex digits.
  [[nodiscard]] static Result<Digest> parse(std::string_view text) {
    if (text.size() != 2 * N || !is_lower_hex(text))
      return fail(ErrorCode::invalid_argument, "InvalidDigest",
                  "A digest is " + std::to_string(2 * N) + " lower-case hex digits.");
    return from_bytes(*hex_decode(text));
  }
  /// @pre raw.size() == N
  [[nodiscard]] static Digest from_bytes(std::string_view raw) {
    Digest out;
    std::memcpy(out.bytes.data(), raw.data(), N);
    return out;
  }
};

using Sha1Digest = Digest<20>;
using Sha256Digest = Digest<32>;

/// Incremental hash over OpenSSL (SHA-NI where the processor has it). Not shared between threads.
template <std::size_t N>
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(std::string_view bytes);
  /// Ends the computation; the hasher is then as new.
  [[nodiscard]] Digest<N> finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

using Sha1 = Hasher<20>;
using Sha256 = Hasher<32>;

[[nodiscard]] Sha1Digest sha1(std::string_view bytes);
[[nodiscard]] Sha256Digest sha256(std::string_view bytes);
/// RFC 2104 over SHA-256.
[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

}  // namespace cairn

template <std::size_t N>
struct std::hash<cairn::Digest<N>> {
  std::size_t operator()(const cairn::Digest<N>& digest) const noexcept {
    std::size_t out;
    std::memcpy(&out, digest.bytes.data(), sizeof out);
    return out;
  }
};
