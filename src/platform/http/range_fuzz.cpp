#include <cstdlib>

#include "platform/http/serve.h"

// A size (first 8 bytes), then any Range header. Whatever is to be followed lies within the size,
// is not empty, and is never more than there is or than the limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn::http;
  std::uint64_t size_bytes = 0;
  for (int i = 0; i < 8 && size > 0; ++i, ++data, --size) size_bytes = size_bytes << 8 | *data;
  auto ranges = parse_ranges({reinterpret_cast<const char*>(data), size}, size_bytes);
  if ((ranges.kind == Ranges::Kind::some) == ranges.list.empty()) std::abort();
  if (ranges.list.size() > ranges_max) std::abort();
  std::uint64_t sum = 0;
  for (auto range : ranges.list) {
    if (range.count == 0 || range.first >= size_bytes || range.count > size_bytes - range.first)
      std::abort();
    if (range.count > size_bytes - sum) std::abort();
    sum += range.count;
  }
  return 0;
}
