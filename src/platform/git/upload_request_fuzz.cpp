#include <cstdint>
#include <cstdlib>

#include "platform/git/upload_request.h"

namespace {

using namespace cairn::git;

// What parses is written anew and parses to the same again.
void check(const FetchRequest& request, Protocol protocol) {
  auto text = encode_fetch(request, protocol);
  FetchRequest again;
  if (protocol == Protocol::v2) {
    auto command = parse_command_v2(text);
    if (!command || !std::holds_alternative<FetchRequest>(*command)) std::abort();
    again = std::get<FetchRequest>(*command);
  } else {
    auto parsed = parse_fetch_v0(text);
    if (!parsed) std::abort();
    again = *parsed;
  }
  if (again.wants != request.wants || again.haves != request.haves ||
      again.shallow != request.shallow || again.options != request.options ||
      encode_fetch(again, protocol) != text)
    std::abort();
}

}  // namespace

// Any bytes, as a request of each protocol. Only what was advertised parses; what parses means the
// same after it was written anew for the git program.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto command = parse_command_v2(text);
      command && std::holds_alternative<FetchRequest>(*command))
    check(std::get<FetchRequest>(*command), Protocol::v2);
  if (auto request = parse_fetch_v0(text); request && !request->wants.empty())
    check(*request, Protocol::v0);
  (void)parse_protocol(text);
  return 0;
}
