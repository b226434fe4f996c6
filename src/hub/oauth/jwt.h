#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

/// JSON Web Tokens (RFC 7519) signed as JWS (RFC 7515) with keys as JWK (RFC 7517), by libcjose:
/// the only place that includes it. RS256 and ES256.
namespace cairn::oauth {

constexpr std::size_t jwt_bytes_max = 16 * 1024;  ///< CI providers send 1 to 3 KiB.
constexpr std::size_t jwks_bytes_max = 256 * 1024;
constexpr std::size_t jwks_keys_max = 100;

/// A key, private or public. A value; copies share it. May be used by several threads.
class Jwk {
 public:
  /// RSA of 2048 bits, for RS256. Takes some 100 ms.
  [[nodiscard]] static Jwk make_rsa(const std::string& key_id);
  /// @return `invalid_argument`, word "InvalidKey".
  [[nodiscard]] static Result<Jwk> parse(std::string_view json_text);

  /// With its private part, for sealing.
  [[nodiscard]] std::string private_json() const;
  /// As published in a key set, with `alg` and `use`.
  [[nodiscard]] json::object public_json() const;
  [[nodiscard]] std::string key_id() const;     ///< Empty when it has none.
  [[nodiscard]] std::string algorithm() const;  ///< "RS256", "ES256"; empty for other kinds.

  /// Compact serialization of the signed claims.
  /// @param type  the header's `typ`: "JWT", "at+jwt".
  [[nodiscard]] std::string sign(const json::object& claims, std::string_view type = "JWT") const;

 private:
  friend Result<json::object> verify_jwt(std::string_view text, const std::vector<Jwk>& keys);
  struct Handle;
  explicit Jwk(std::shared_ptr<Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<Handle> handle_;
};

/// A JWK set (RFC 7517, 5). Keys of kinds that are not known here are passed over.
/// @return `invalid_argument`, word "InvalidKeySet".
[[nodiscard]] Result<std::vector<Jwk>> parse_key_set(std::string_view json_text);

/// The claims, after the signature was checked with the key that the header's `kid` names, or with
/// each of the right kind when it names none. The header's `alg` must be the key's own: a token
/// cannot choose "none" or a shared secret (RFC 8725, 3.1). Times and names are the caller's.
/// @return `bad_credentials`, word "InvalidToken".
[[nodiscard]] Result<json::object> verify_jwt(std::string_view text, const std::vector<Jwk>& keys);

/// The claims without checking anything: to learn whose key to ask for. Never trust them.
[[nodiscard]] Result<json::object> unverified_claims(std::string_view text);

}  // namespace cairn::oauth
