#include <cstdlib>

#include "api/lfs/ssh_wire.h"

// Any bytes, as what a client of git-lfs-transfer sends. A message that is taken is within the
// limits and has a command; its batch has an object per line. What is answered about it is packets
// that end in the one flush, whatever the message says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cairn;
  using namespace cairn::api::lfs;
  git::PktReader packets;
  packets.feed({reinterpret_cast<const char*>(data), size});
  SshMessageReader messages;
  for (;;) {
    auto packet = packets.next();
    if (!packet || !*packet) return 0;
    auto message = messages.add(**packet);
    if (!message) {
      if (message.error().message.empty()) std::abort();
      return 0;
    }
    if (!*message) continue;
    const auto& got = **message;
    if (got.command.empty() || got.lines.size() > ssh_lines_max || !messages.empty()) std::abort();
    auto batch = decode_ssh_batch(got, "upload");
    if (batch && batch->objects.size() != got.lines.size()) std::abort();
    if (auto one = decode_ssh_object(got, "download"); one && one->objects.size() != 1)
      std::abort();
    git::PktReader answer;
    answer.feed(ssh_answer(200, {got.operand, got.argument("path")}, got.lines));
    for (bool ended = false; !ended;) {
      auto said = answer.next();
      if (!said || !*said) std::abort();
      ended = (*said)->kind == git::PktKind::flush;
    }
    if (!answer.empty()) std::abort();
  }
}
