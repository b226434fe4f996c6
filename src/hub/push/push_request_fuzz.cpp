#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hub/push/request.h"

// Any bytes, as a client sends them before its pack, fed in two pieces. A request that reads is
// within its limits, does not depend on where it was cut, and its report reads as packets again.
namespace {

using namespace cairn;

std::optional<push::Request> read(std::string_view first, std::string_view second) {
  git::PktReader packets;
  push::RequestReader reader;
  packets.feed(first);
  for (bool more = true;;) {
    auto packet = packets.next();
    if (!packet) return std::nullopt;
    if (!*packet) {
      if (!more) return std::nullopt;
      packets.feed(second);
      more = false;
      continue;
    }
    auto done = reader.add(**packet);
    if (!done) return std::nullopt;
    if (*done) return reader.take();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::size_t cut = size ? data[0] % (size + 1) : 0;
  auto request = read(bytes.substr(0, cut), bytes.substr(cut));
  auto whole = read(bytes, "");
  if (request.has_value() != whole.has_value()) std::abort();
  if (!request) return 0;
  if (request->commands != whole->commands || request->options != whole->options) std::abort();
  if (request->commands.size() > push::commands_max || request->options.size() > push::options_max)
    std::abort();
  push::Report report;
  for (const auto& command : request->commands) report.refs.push_back({command.ref, command.ref});
  git::PktReader packets;
  packets.feed(push::encode_report(report, *request));
  for (;;) {
    auto packet = packets.next();
    if (!packet) std::abort();
    if (!*packet) break;
  }
  if (!packets.empty()) std::abort();
  return 0;
}
