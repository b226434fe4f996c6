#include "platform/xet/chunker.h"

#include <algorithm>

namespace cairn::xet {

namespace {

// 16 one bits at the top: a cut every 64 KiB of random bytes.
constexpr std::uint64_t cut_mask = 0xFFFF'0000'0000'0000;
// Each byte shifts the state by one, so only the last 64 bytes are in it. The state is looked at
// from a length of 8192 on; it is the same when the bytes before the last 64 are left out.
constexpr std::uint32_t skipped_bytes = chunk_cut_bytes_min - 64 - 1;

}  // namespace

std::optional<std::size_t> Chunker::next(std::string_view bytes) {
  const auto table = gear_table();
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t at = 0;
  if (length_ < skipped_bytes) {
    at = std::min<std::size_t>(skipped_bytes - length_, bytes.size());
    length_ += static_cast<std::uint32_t>(at);
  }
  std::uint64_t state = state_;
  // Up to the last byte before a cut may come.
  if (length_ < chunk_cut_bytes_min - 1) {
    std::size_t end =
        at + std::min<std::size_t>(chunk_cut_bytes_min - 1 - length_, bytes.size() - at);
    length_ += static_cast<std::uint32_t>(end - at);
    for (; at < end; ++at) state = (state << 1) + table[data[at]];
  }
  std::size_t end = at + std::min<std::size_t>(chunk_bytes_max - length_, bytes.size() - at);
  std::size_t from = at;
  while (at < end) {
    state = (state << 1) + table[data[at++]];
    if ((state & cut_mask) == 0) {
      state_ = 0;
      length_ = 0;
      return at;
    }
  }
  length_ += static_cast<std::uint32_t>(at - from);
  if (length_ == chunk_bytes_max) {
    state_ = 0;
    length_ = 0;
    return at;
  }
  state_ = state;
  return std::nullopt;
}

std::vector<std::uint32_t> chunk_lengths(std::string_view content) {
  std::vector<std::uint32_t> out;
  out.reserve(content.size() / chunk_bytes_target + 1);
  Chunker chunker;
  while (auto length = chunker.next(content)) {
    out.push_back(static_cast<std::uint32_t>(*length));
    content.remove_prefix(*length);
  }
  if (chunker.open_bytes() > 0) out.push_back(chunker.open_bytes());
  return out;
}

}  // namespace cairn::xet
