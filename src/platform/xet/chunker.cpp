#include "platform/xet/chunker.h"

#include <algorithm>

namespace cairn::xet {

namespace {

// The protocol's mask is 0xFFFF000000000000: a cut where the 16 bits at the top are zero, every
// 64 KiB of random bytes. That is where the state is less than this.
constexpr std::uint64_t cut_below = std::uint64_t{1} << 48;
// Each byte shifts the state by one, so only the last 64 bytes are in it. The state is looked at
// from a length of 8192 on; it is the same when the bytes before the last 64 are left out.
constexpr std::uint32_t skipped_bytes = chunk_cut_bytes_min - 64 - 1;

/// Rolls the state over `data[at, end)` until it says cut; then the state is not kept.
/// @return the position after the byte that did, or `end`, with `found` telling which.
std::size_t scan(const std::uint8_t* data, std::size_t at, std::size_t end, std::uint64_t& state,
                 bool& found) {
  const std::uint64_t* table = gear_table().data();
  std::uint64_t rolled = state;
  auto value = [&](std::size_t i) { return table[data[at + i]]; };
  // Two bytes per turn of the chain state -> state: what they add together does not wait for it.
  auto two = [&](std::size_t i, std::size_t& matched) {
    std::uint64_t first = value(i), both = 2 * first + value(i + 1);
    asm("" : "+r"(both));  // Else the compiler adds in another order, and it waits again.
    std::uint64_t after_first = 2 * rolled + first;
    rolled = 4 * rolled + both;
    if (after_first < cut_below) return matched = i + 1, true;
    return matched = i + 2, rolled < cut_below;
  };
  found = false;
  std::size_t matched = 0;
  while (end - at >= 8) {
    if (two(0, matched) || two(2, matched) || two(4, matched) || two(6, matched)) {
      found = true;
      return at + matched;  // The state no longer matters: after a cut it is zero.
    }
    at += 8;
  }
  for (; !found && at < end; ++at) {
    rolled = 2 * rolled + value(0);
    found = rolled < cut_below;
  }
  state = rolled;
  return at;
}

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
  bool found = false;
  std::size_t from = at;
  at = scan(data, at, end, state, found);
  length_ += static_cast<std::uint32_t>(at - from);
  if (found || length_ == chunk_bytes_max) {
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
