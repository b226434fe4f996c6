#include "base/keyring.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn {
namespace {

std::string derive(std::string_view root, std::string_view purpose) {
  std::string out(32, '\0');
  std::string info = "cairn/" + std::string(purpose);
  std::string key(root);
  std::string digest = "SHA256";
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  int ok =
      EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(out.data()), out.size(), params);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  if (ok <= 0) std::abort();
  return out;
}

}  // namespace

Keyring::Keyring(std::vector<std::string> roots) {
  for (auto& bytes : roots) roots_.push_back({sha256(bytes).hex().substr(0, 8), std::move(bytes)});
}

Result<Keyring> Keyring::parse(std::string_view text) {
  std::vector<std::string> roots;
  for (auto line : split(text, '\n')) {
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    auto bytes = hex_decode(line);
    if (!bytes || bytes->size() != 32)
      return fail(ErrorCode::invalid_argument, "InvalidRootKey",
                  "A root key is 64 hex digits on a line of its own.");
    roots.push_back(std::move(*bytes));
  }
  if (roots.empty())
    return fail(ErrorCode::invalid_argument, "InvalidRootKey", "The root key is empty.");
  return Keyring(std::move(roots));
}

std::string Keyring::fingerprint() const {
  return sha256("fp" + roots_.front().bytes).hex();
}

const Keyring::Root* Keyring::find(std::string_view key_id) const {
  for (const auto& root : roots_)
    if (root.key_id == key_id) return &root;
  return nullptr;
}

std::string Keyring::sign(std::string_view purpose, std::string_view message) const {
  const Root& root = roots_.front();
  return root.key_id + "." +
         base64url_encode(hmac_sha256(derive(root.bytes, purpose), message).view());
}

bool Keyring::verify(std::string_view purpose, std::string_view message,
                     std::string_view signature) const {
  auto dot = signature.find('.');
  if (dot == std::string_view::npos) return false;
  const Root* root = find(signature.substr(0, dot));
  if (!root) return false;
  auto expected = base64url_encode(hmac_sha256(derive(root->bytes, purpose), message).view());
  return equal_constant_time(expected, signature.substr(dot + 1));
}

std::string Keyring::seal(std::string_view purpose, std::string_view plain) const {
  const Root& root = roots_.front();
  std::string key = derive(root.bytes, purpose);
  std::string nonce = random_bytes(crypto_secretbox_NONCEBYTES);
  std::string box(plain.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()),
                        reinterpret_cast<const unsigned char*>(plain.data()), plain.size(),
                        reinterpret_cast<const unsigned char*>(nonce.data()),
                        reinterpret_cast<const unsigned char*>(key.data()));
  return root.key_id + "." + base64url_encode(nonce + box);
}

Result<std::string> Keyring::open(std::string_view purpose, std::string_view sealed) const {
  auto wrong = [] {
    return fail(ErrorCode::invalid_argument, "InvalidSeal", "The value was not made by this hub.");
  };
  auto dot = sealed.find('.');
  if (dot == std::string_view::npos) return wrong();
  const Root* root = find(sealed.substr(0, dot));
  auto bytes = base64url_decode(sealed.substr(dot + 1));
  if (!root || !bytes || bytes->size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)
    return wrong();
  std::string key = derive(root->bytes, purpose);
  auto* nonce = reinterpret_cast<const unsigned char*>(bytes->data());
  std::size_t box_size = bytes->size() - crypto_secretbox_NONCEBYTES;
  std::string plain(box_size - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(plain.data()),
                                 nonce + crypto_secretbox_NONCEBYTES, box_size, nonce,
                                 reinterpret_cast<const unsigned char*>(key.data())) != 0)
    return wrong();
  return plain;
}

}  // namespace cairn
