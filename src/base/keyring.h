#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace cairn {

/// The hub's secrets, all derived from root keys that live in a file or the environment, never in
/// the database or a backup. Two roots may live during a rotation: the first signs, both verify.
///
/// Keys are HKDF-SHA256 (RFC 5869) of the root with `purpose` as info; every signed or sealed text
/// names its root by `key_id`, the first 8 hex digits of the SHA-256 of the root.
class Keyring {
 public:
  /// @param roots  32 bytes each, current one first; at least one.
  explicit Keyring(std::vector<std::string> roots);

  /// Reads 64 hex digits per line (empty lines and lines with # are skipped).
  [[nodiscard]] static Result<Keyring> parse(std::string_view text);

  /// Of the current root: stored in the database, so that a node with another root refuses to
  /// start. Not a secret.
  [[nodiscard]] std::string fingerprint() const;

  /// `<key id>.<base64url of HMAC-SHA256>` over `message`.
  [[nodiscard]] std::string sign(std::string_view purpose, std::string_view message) const;
  [[nodiscard]] bool verify(std::string_view purpose, std::string_view message,
                            std::string_view signature) const;

  /// Authenticated encryption (XSalsa20-Poly1305, libsodium secretbox), as URL-safe text.
  [[nodiscard]] std::string seal(std::string_view purpose, std::string_view plain) const;
  /// @return `invalid_argument` for anything that `seal` with this purpose did not make.
  [[nodiscard]] Result<std::string> open(std::string_view purpose, std::string_view sealed) const;

 private:
  struct Root {
    std::string key_id;
    std::string bytes;
  };
  [[nodiscard]] const Root* find(std::string_view key_id) const;
  std::vector<Root> roots_;
};

}  // namespace cairn
