#include <cstdlib>

#include "hub/repo/cursor.h"

// Any text as a cursor of a list, as anybody can send it. The first byte says what is done: a text
// from outside is never a cursor, since nobody can make one; a sealed one with one byte changed is
// never one either; what was sealed opens to the same place for its own list, and for no other.

namespace {

using namespace cairn;
using namespace cairn::repo;

const Keyring& keyring() {
  static const Keyring keys({std::string(32, 'f')});
  return keys;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 2 == 0) {
    require(!open_cursor(keyring(), "repos", "[]", text, 3));
    return 0;
  }
  if (text.size() > 1000) text.resize(1000);
  json::array place{static_cast<std::int64_t>(size), std::int64_t{data[0]}, 7};
  auto sealed = seal_cursor(keyring(), "repos", text, place);
  auto opened = open_cursor(keyring(), "repos", text, sealed, 3);
  require(opened && *opened == place);
  require(!open_cursor(keyring(), "repos", text, sealed, 2));
  require(!open_cursor(keyring(), "storage", text, sealed, 3));
  require(!open_cursor(keyring(), "repos", text + "x", sealed, 3));
  auto& changed = sealed[data[1] % sealed.size()];
  changed = changed == 'A' ? 'B' : 'A';
  // The last letter may carry bits that no byte holds.
  if (data[1] % sealed.size() + 1 < sealed.size())
    require(!open_cursor(keyring(), "repos", text, sealed, 3));
  return 0;
}
