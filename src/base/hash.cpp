#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace cairn {

template <std::size_t N>
struct Hasher<N>::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() { start(); }
  ~Context() { EVP_MD_CTX_free(evp); }
  void start() { EVP_DigestInit_ex(evp, N == 20 ? EVP_sha1() : EVP_sha256(), nullptr); }
};

template <std::size_t N>
Hasher<N>::Hasher() : context_(std::make_unique<Context>()) {}
template <std::size_t N>
Hasher<N>::~Hasher() = default;
template <std::size_t N>
Hasher<N>::Hasher(Hasher&&) noexcept = default;
template <std::size_t N>
Hasher<N>& Hasher<N>::operator=(Hasher&&) noexcept = default;

template <std::size_t N>
void Hasher<N>::update(std::string_view bytes) {
  EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size());
}

template <std::size_t N>
Digest<N> Hasher<N>::finish() {
  Digest<N> out;
  EVP_DigestFinal_ex(context_->evp, reinterpret_cast<unsigned char*>(out.bytes.data()), nullptr);
  context_->start();
  return out;
}

template class Hasher<20>;
template class Hasher<32>;

Sha1Digest sha1(std::string_view bytes) {
  Sha1 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Sha256Digest sha256(std::string_view bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
  Sha256Digest out;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       reinterpret_cast<unsigned char*>(out.bytes.data()), &size);
  return out;
}

}  // namespace cairn
