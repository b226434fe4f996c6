#include "platform/git/pkt_line.h"

#include <algorithm>
#include <cassert>

#include "base/text.h"

namespace cairn::git {
namespace {

void append_length(std::string& out, std::size_t length) {
  constexpr char digits[] = "0123456789abcdef";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(length >> shift) & 15];
}

/// Either case, as git reads it; -1 for anything else.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Failure bad_length() {
  return fail(ErrorCode::invalid_argument, "InvalidPktLine",
              "The request is not in git's packet format. Use a current git client.");
}

}  // namespace

void append_pkt(std::string& out, std::string_view data) {
  assert(data.size() <= pkt_data_bytes_max);
  append_length(out, data.size() + 4);
  out += data;
}

void append_pkt_line(std::string& out, std::string_view line) {
  assert(line.size() < pkt_data_bytes_max);
  append_length(out, line.size() + 5);
  out += line;
  out += '\n';
}

void append_flush(std::string& out) {
  out += "0000";
}

void append_delim(std::string& out) {
  out += "0001";
}

void append_band(std::string& out, Band band, std::string_view bytes, std::size_t band_bytes_max) {
  const std::size_t step = band_bytes_max - 5;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    auto part = bytes.substr(at, step);
    append_length(out, part.size() + 5);
    out += static_cast<char>(band);
    out += part;
  }
}

void append_error_pkt(std::string& out, std::string_view message) {
  constexpr std::size_t message_bytes_max = 1000;
  std::string line = "ERR " + std::string(truncate_utf8(message, message_bytes_max));
  std::ranges::replace(line, '\n', ' ');
  append_pkt_line(out, line);
}

void PktReader::feed(std::string_view bytes) {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<Pkt>> PktReader::next() {
  if (buffer_.size() - at_ < 4) return std::optional<Pkt>{};
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    int digit = hex_value(buffer_[at_ + i]);
    if (digit < 0) return bad_length();
    length = length * 16 + static_cast<std::size_t>(digit);
  }
  if (length == 3 || length > pkt_bytes_max) return bad_length();
  if (length < 3) {
    at_ += 4;
    constexpr PktKind marks[] = {PktKind::flush, PktKind::delim, PktKind::response_end};
    return std::optional<Pkt>(Pkt{marks[length]});
  }
  if (buffer_.size() - at_ < length) return std::optional<Pkt>{};
  Pkt pkt{PktKind::data, buffer_.substr(at_ + 4, length - 4)};
  at_ += length;
  return std::optional<Pkt>(std::move(pkt));
}

std::string PktReader::take_rest() {
  std::string rest = buffer_.substr(at_);
  buffer_.clear();
  at_ = 0;
  return rest;
}

}  // namespace cairn::git
