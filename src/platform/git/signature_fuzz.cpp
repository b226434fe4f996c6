// Any bytes. What is signed and the signature are both made of the commit's lines: nothing is
// added, and what is signed holds no signature itself.
#include <cstdlib>

#include "platform/git/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view commit(reinterpret_cast<const char*>(data), size);
  auto split = cairn::git::split_signature(commit);
  if (!split || !*split) return 0;
  const auto& text = **split;
  if (text.payload.size() + text.signature.size() > commit.size()) std::abort();
  auto again = cairn::git::split_signature(text.payload);
  if (!again || *again) std::abort();
  return 0;
}
