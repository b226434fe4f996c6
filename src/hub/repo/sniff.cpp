#include "hub/repo/sniff.h"

#include "base/text.h"

namespace cairn::repo {
namespace {

/// Tab, line ends, form feed, backspace and escape (colored logs) do occur in text.
bool is_text_control(unsigned char c) {
  return c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\b' || c == 0x1b;
}

/// Without an unfinished UTF-8 sequence at the end.
std::string_view without_cut_end(std::string_view sample) {
  for (std::size_t back = 1; back <= 3 && back <= sample.size(); ++back) {
    auto c = static_cast<unsigned char>(sample[sample.size() - back]);
    if (c < 0x80) return sample;
    if (c < 0xC0) continue;  // A continuation: the lead byte stands before it.
    std::size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return length > back ? sample.substr(0, sample.size() - back) : sample;
  }
  return sample;
}

}  // namespace

bool looks_binary(std::string_view sample) {
  for (unsigned char c : sample)
    if ((c < 0x20 && !is_text_control(c)) || c == 0x7f) return true;
  return !is_valid_utf8(without_cut_end(sample));
}

}  // namespace cairn::repo
