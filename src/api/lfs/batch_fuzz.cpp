#include <cstdlib>

#include "api/lfs/wire.h"

// Any bytes, as the body of a batch. What is taken is within the limits, each of its objects is
// well formed or has an error that says why, and is answered with its own name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  using namespace cairn::api::lfs;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto done = parse_json_as<CompletionRequest>(text); !done && done.error().message.empty())
    std::abort();
  auto batch = parse_json_as<BatchRequest>(text);
  if (!batch) {
    if (batch.error().message.empty()) std::abort();
    return 0;
  }
  if (!check_batch(*batch)) return 0;
  if (batch->objects.size() > batch_objects_max) std::abort();
  for (const auto& object : batch->objects) {
    auto checked = check_object(object);
    if (checked.wanted.has_value() == checked.error.has_value()) std::abort();
    if (checked.wanted && (checked.wanted->sha256.hex() != object.oid || object.size < 0))
      std::abort();
    if (checked.error && encode_refusal(object, *checked.error).oid != object.oid) std::abort();
  }
  return 0;
}
