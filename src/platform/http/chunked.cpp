#include "platform/http/chunked.h"

#include <algorithm>

namespace cairn::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What a proxy in front might read as the end of a line.
bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

}  // namespace

std::size_t ChunkedDecoder::decode(std::string_view in, std::string& out) {
  std::size_t at = 0;
  while (at < in.size() && !done() && !failed()) {
    if (state_ != State::data) {
      state_ = step(in[at++]);
      continue;
    }
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
    out.append(in.substr(at, count));
    at += count;
    left_ -= count;
    if (left_ == 0) state_ = State::data_cr;
    overhead_ = 0;
  }
  return at;
}

ChunkedDecoder::State ChunkedDecoder::step(char c) {
  // The sizes themselves do not count, or many small chunks would be an attack.
  switch (state_) {
    case State::size:
      if (int value = hex_value(c); value >= 0) {
        // 15 digits: far beyond any body, and no overflow.
        if (++digits_ > 15) return State::failed;
        left_ = left_ << 4 | static_cast<unsigned>(value);
        return State::size;
      }
      if (digits_ == 0) return State::failed;
      if (c == '\r') return State::size_lf;
      return c == ';' || c == ' ' || c == '\t' ? State::extension : State::failed;
    case State::extension:
      if (c == '\r') return State::size_lf;
      if (is_control(c) || ++overhead_ > overhead_bytes_max) return State::failed;
      return State::extension;
    case State::size_lf:
      if (c != '\n') return State::failed;
      digits_ = 0;
      return left_ > 0 ? State::data : State::trailer_start;
    case State::data_cr:
      return c == '\r' ? State::data_lf : State::failed;
    case State::data_lf:
      return c == '\n' ? State::size : State::failed;
    case State::trailer_start:
      if (c == '\r') return State::end_lf;
      [[fallthrough]];
    case State::trailer:
      if (c == '\r') return State::trailer_lf;
      if (is_control(c) || ++overhead_ > overhead_bytes_max) return State::failed;
      return State::trailer;
    case State::trailer_lf:
      return c == '\n' ? State::trailer_start : State::failed;
    case State::end_lf:
      return c == '\n' ? State::done : State::failed;
    case State::data:
    case State::done:
    case State::failed:
      break;
  }
  return State::failed;
}

}  // namespace cairn::http
