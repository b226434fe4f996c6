#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// The signature in a commit (gitformat-signature(5)).
namespace cairn::git {

enum class SignatureType { pgp, ssh, other };

struct SignedText {
  std::string payload;    ///< What was signed: the commit without its signature.
  std::string signature;  ///< Armored, as the signing program wrote it.
  SignatureType type = SignatureType::other;
};

/// @param commit  the content of a commit object.
/// @return nothing for a commit without signature; `unprocessable`, word "InvalidSignature", for
///         one with several: programs do not agree on which counts.
[[nodiscard]] Result<std::optional<SignedText>> split_signature(std::string_view commit);

}  // namespace cairn::git
