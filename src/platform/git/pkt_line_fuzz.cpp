#include <cstdint>
#include <cstdlib>
#include <vector>

#include "platform/git/pkt_line.h"

namespace {

using namespace cairn::git;

struct Read {
  std::vector<Pkt> packets;
  bool failed = false;
  std::string rest;
  bool operator==(const Read&) const = default;
};

Read read_in_pieces(std::string_view text, std::size_t piece) {
  Read out;
  PktReader reader;
  for (std::size_t at = 0; at < text.size() && !out.failed; at += piece) {
    reader.feed(text.substr(at, piece));
    for (;;) {
      auto next = reader.next();
      out.failed = !next;
      if (!next || !*next) break;
      out.packets.push_back(std::move(**next));
    }
  }
  if (!out.failed) out.rest = reader.take_rest();
  return out;
}

}  // namespace

// Any bytes. However they are cut, the same packets come out; written again and read again they are
// the same, and what is left over is less than a packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto whole = read_in_pieces(text, text.size() + 1);
  if (whole != read_in_pieces(text, 1) || whole != read_in_pieces(text, 7)) std::abort();
  if (whole.rest.size() >= pkt_bytes_max) std::abort();
  std::string again;
  for (const auto& pkt : whole.packets) {
    if (pkt.data.size() > pkt_data_bytes_max) std::abort();
    if (pkt.kind == PktKind::data) append_pkt(again, pkt.data);
    if (pkt.kind == PktKind::flush) append_flush(again);
    if (pkt.kind == PktKind::delim) append_delim(again);
    if (pkt.kind == PktKind::response_end) again += "0002";
  }
  if (read_in_pieces(again, again.size() + 1).packets != whole.packets) std::abort();
  return 0;
}
