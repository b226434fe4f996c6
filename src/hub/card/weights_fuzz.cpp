// Any bytes. The first byte chooses the format; no header may read past its end, claim more tensors
// than the limit, or count below zero.
#include <cstdlib>

#include "hub/card/weights.h"

namespace card = cairn::card;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    std::uint64_t reads = 0;
    card::ReadBytes read = [&](std::uint64_t offset,
                               std::uint64_t count) -> cairn::Result<std::string> {
      if (++reads > 1'000'000) std::abort();
      if (offset >= text.size()) return std::string{};
      return std::string(text.substr(offset, count));
    };
    if (auto header = card::read_gguf(read); header && header->at("total").as_int64() < 0)
      std::abort();
    return 0;
  }
  auto length = card::safetensors_header_bytes(text.substr(0, 8), text.size());
  if (!length) return 0;
  if (*length + 8 > text.size()) std::abort();
  auto header = card::parse_safetensors_header(text.substr(8, *length));
  if (!header) return 0;
  card::TensorCounts counts;
  if (card::count_tensors(*header, counts) && counts.total < 0) std::abort();
  return 0;
}
