#include "base/random.h"

#include <sodium.h>

namespace cairn {

std::string random_bytes(std::size_t count) {
  static const int ready = sodium_init();
  if (ready < 0) std::abort();  // No entropy source: nothing secret can be made, so nothing is.
  std::string out(count, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

std::string random_alphanumeric(std::size_t count) {
  static constexpr std::string_view alphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const int ready = sodium_init();
  if (ready < 0) std::abort();
  std::string out(count, '\0');
  for (char& c : out) c = alphabet[randombytes_uniform(alphabet.size())];
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace cairn
