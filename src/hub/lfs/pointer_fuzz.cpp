#include <cstdlib>

#include "hub/lfs/pointer.h"

// Any bytes. What parses must print back byte for byte: a pointer has exactly one encoding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto pointer = cairn::lfs::parse_pointer(text);
      pointer && cairn::lfs::to_text(*pointer) != text)
    std::abort();
  return 0;
}
