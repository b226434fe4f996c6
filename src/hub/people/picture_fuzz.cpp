#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hub/people/picture.h"

// Any bytes. A PNG that is whole is so with anything behind its end, and not without its last
// chunk.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!cairn::people::is_whole_picture(bytes)) return 0;
  if (!cairn::people::is_whole_picture(std::string(bytes) + "more")) std::abort();
  auto last = bytes.find("IEND");
  if (bytes.starts_with("\x89PNG") && cairn::people::is_whole_picture(bytes.substr(0, last)))
    std::abort();
  return 0;
}
