#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// Running gpg, gpgv and ssh-keygen, each in a folder of its own that is gone after. Everything
/// blocks. They read strangers' bytes, so they get little memory, time and room.
namespace cairn::keys {

/// What gpg says about a public key.
struct ReadGpgKey {
  std::string fingerprint;          ///< Of the primary key, upper-case hex.
  std::vector<std::string> emails;  ///< Of user ids that are not revoked, lower case, each once.
  std::string ring;                 ///< The key alone, binary: what gpgv takes.
  std::optional<Time> expires_at;
};
/// @param text  armored: "-----BEGIN PGP PUBLIC KEY BLOCK-----".
/// @param scratch  the folder under which the program's own is made.
/// @return `unprocessable`, word "InvalidPublicKey": no key, several, a private or a revoked one.
[[nodiscard]] Result<ReadGpgKey> read_gpg_key(const std::string& text, const std::string& scratch);

enum class Verdict {
  good,
  bad,          ///< It is of other bytes, or none at all.
  unknown_key,  ///< None of these keys made it.
  expired_key,  ///< Of a key that was over when it signed, or is revoked.
};
struct Checked {
  Verdict verdict = Verdict::bad;
  std::string fingerprint;  ///< Of the key, with verdict good.
};
/// @param rings  of the keys that may have made it.
/// @return what running a program says.
[[nodiscard]] Result<Checked> check_gpg(const std::string& payload, const std::string& signature,
                                        const std::vector<std::string>& rings,
                                        const std::string& scratch);
/// @param keys  as text, "ssh-ed25519 AAAA…".
[[nodiscard]] Result<Checked> check_ssh(const std::string& payload, const std::string& signature,
                                        const std::vector<std::string>& keys,
                                        const std::string& scratch);

/// What gpgv writes to its status descriptor.
[[nodiscard]] Checked read_gpgv_status(std::string_view status);

constexpr std::size_t gpg_key_bytes_max = 128u << 10;

}  // namespace cairn::keys
