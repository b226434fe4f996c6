#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cairn::ssh {

/// A public key as OpenSSH writes it ("ssh-ed25519 AAAA… comment"): RFC 4253, section 6.6, RFC
/// 5656, RFC 8709, and PROTOCOL.u2f for keys in hardware.
struct PublicKey {
  std::string type;     ///< "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa", "sk-ssh-ed25519@…".
  std::string blob;     ///< The wire's form, which signatures and fingerprints are about.
  std::string comment;  ///< What followed on the line; empty when nothing did.

  /// "SHA256:" and base64 without padding, as ssh-keygen -l prints it.
  [[nodiscard]] std::string fingerprint() const;
  /// "<type> <base64>", without the comment.
  [[nodiscard]] std::string text() const;
};

constexpr std::size_t public_key_bytes_max = 8192;  ///< RSA with 16384 bits takes 2.1 KB.
constexpr unsigned rsa_bits_min = 2048, rsa_bits_max = 16384;

/// One line. A private key is refused with words of its own.
/// @return `unprocessable`, word "InvalidPublicKey", saying what is wrong, also for kinds that are
///         no longer safe (DSA, RSA below 2048 bits).
[[nodiscard]] Result<PublicKey> parse_public_key(std::string_view line);
/// The wire's form alone. @return the same.
[[nodiscard]] Result<PublicKey> parse_key_blob(std::string_view blob);

/// A hub's own Ed25519 key, made from 32 secret bytes: the same bytes give the same key.
struct HostKey {
  PublicKey public_key;
  std::string private_text;  ///< OpenSSH's private key file. Secret.
};
/// @pre seed.size() == 32
[[nodiscard]] HostKey make_host_key(std::string_view seed);

/// How a client quotes an argument of its command: single quotes, backslashes outside of them.
/// @return the words of a command; `invalid_argument`, word "InvalidCommand", for an open quote, a
///         control character, or more than 1 KiB.
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view text);

}  // namespace cairn::ssh
