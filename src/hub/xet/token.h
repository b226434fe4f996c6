#pragma once
#include <string>
#include <string_view>

#include "base/keyring.h"
#include "hub/xet/xet.h"

/// Inside the module: the store's tokens and signed URLs as text.
namespace cairn::xet {

/// Sealed, since it holds numbers of rows.
[[nodiscard]] std::string seal_token(const Keyring& keyring, const Token& token);
/// @return as Xet::open_token. @param leeway  so long after its end a token is still good.
[[nodiscard]] Result<Token> unseal_token(const Keyring& keyring, std::string_view text, Time now,
                                         Duration leeway);

/// What a transfer URL says; the signature binds all of it.
struct TransferUrl {
  Hash xorb;
  std::string incarnation;  ///< The last part of the object's key.
  ByteRange range;
  std::int64_t expires_s = 0;  ///< Unix seconds.
};
/// @param base  "https://hub.example/xet/v1/transfer/"
[[nodiscard]] std::string sign_url(const Keyring& keyring, std::string_view base,
                                   const TransferUrl& url);
/// @return `forbidden`, word "InvalidSignature", "UrlExpired".
[[nodiscard]] Result<TransferUrl> check_url(const Keyring& keyring, const Hash& xorb,
                                            std::string_view incarnation, std::string_view range,
                                            std::string_view expires, std::string_view signature,
                                            Time now);

/// The key that answers of one week hash their chunks with (9.3): clients compute a hash per chunk
/// and key that they hold, so there are few.
[[nodiscard]] Hash dedup_key(const Keyring& keyring, Time now);

}  // namespace cairn::xet
