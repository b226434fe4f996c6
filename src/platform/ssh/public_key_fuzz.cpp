#include <cstdint>
#include <cstdlib>

#include "platform/ssh/public_key.h"

// Any bytes, as a line, as the wire's form and as a command. A key that parses has one text, which
// parses to the same key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::ssh;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (auto key : {parse_public_key(text), parse_key_blob(text)}) {
    if (!key) continue;
    auto again = parse_public_key(key->text());
    if (!again || again->blob != key->blob || again->type != key->type) std::abort();
    if (again->fingerprint() != key->fingerprint()) std::abort();
  }
  if (auto words = split_command(text))
    for (const auto& word : *words)
      if (word.size() > text.size()) std::abort();
  return 0;
}
