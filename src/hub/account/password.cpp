#include <cstdlib>

#include <sodium.h>

#include "hub/account/account.h"
#include "hub/account/rules.h"

namespace cairn::account {

std::string hash_password(std::string_view password) {
  static const int ready = sodium_init();
  char out[crypto_pwhash_STRBYTES];
  // It fails only for lack of memory, which is an exception like any other.
  if (ready < 0 ||
      crypto_pwhash_str(out, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    throw std::bad_alloc();
  return out;
}

bool verify_password(const std::string& hash, std::string_view password) {
  static const int ready = sodium_init();
  return ready >= 0 &&
         crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

Result<> check_password(std::string_view password) {
  if (password.size() >= password_bytes_min && password.size() <= password_bytes_max) return {};
  return fail(ErrorCode::invalid_argument, "InvalidPassword",
              "A password has " + std::to_string(password_bytes_min) + " to " +
                  std::to_string(password_bytes_max) + " bytes. Nothing was changed.");
}

}  // namespace cairn::account
