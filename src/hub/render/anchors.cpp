#include "hub/render/anchors.h"

#include <cstdint>

#include "base/text.h"

namespace cairn::render {
namespace {

constexpr std::size_t id_bytes_max = 200;

/// One code point, taken from the front. @pre valid UTF-8, not empty
std::uint32_t take(std::string_view& text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  size = std::min(size, text.size());
  std::uint32_t code = size == 1 ? first : first & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3fu);
  text.remove_prefix(size);
  return code;
}

void append(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(heads[more] | code >> (6 * more));
  while (more-- > 0) out += static_cast<char>(0x80 | (code >> (6 * more) & 0x3f));
}

/// Of the scripts that have capitals and are met most: Latin, Greek, Cyrillic, Armenian.
std::uint32_t lower(std::uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab) ||
      (c >= 0x410 && c <= 0x42f))
    return c + 32;
  if (c >= 0x400 && c <= 0x40f) return c + 80;
  if (c >= 0x531 && c <= 0x556) return c + 48;
  bool even_is_capital = (c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177) ||
                         (c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) ||
                         (c >= 0x1e00 && c <= 0x1eff);
  if (even_is_capital) return c | 1;
  bool odd_is_capital = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
  if (odd_is_capital && c % 2) return c + 1;
  return c;
}

struct Range {
  std::uint32_t first, last;
};
// Punctuation, symbols and pictures beyond ASCII; letters of every script are none of them.
constexpr Range marks[] = {
    {0x80, 0xa9},     {0xab, 0xb4},       {0xb6, 0xb9},       {0xbb, 0xbf},     {0xd7, 0xd7},
    {0xf7, 0xf7},     {0x2000, 0x206f},   {0x2190, 0x2bff},   {0x3000, 0x3004}, {0x3008, 0x3020},
    {0xfe00, 0xfe6f}, {0xff00, 0xff0f},   {0xff1a, 0xff20},   {0xff3b, 0xff40}, {0xff5b, 0xff65},
    {0xfff0, 0xffff}, {0x1f000, 0x1faff}, {0xe0000, 0x10ffff}};

bool is_word(std::uint32_t c) {
  if (c < 0x80)
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  for (auto range : marks)
    if (c >= range.first && c <= range.last) return false;
  return true;
}

/// The page's own ids, and what scripts may look for by name.
bool is_taken(std::string_view id) {
  return id == "first" || id == "app" || id.starts_with("cairn") || id.starts_with("svelte") ||
         id.starts_with("_");
}

}  // namespace

std::string Anchors::for_heading(std::string_view text) {
  std::string id;
  while (!text.empty() && id.size() < id_bytes_max) {
    auto code = take(text);
    if (code == ' ' || code == 0x3000 || code == 0xa0)
      id += '-';
    else if (is_word(code))
      append(id, lower(code));
  }
  return unique(id.empty() ? "section" : std::move(id));
}

std::string Anchors::for_id(std::string_view id) {
  if (id.empty() || id.size() > id_bytes_max) return {};
  for (auto rest = id; !rest.empty();) {
    auto code = take(rest);
    if (!is_word(code) && code != '.' && code != ':') return {};
  }
  return unique(std::string(id));
}

std::string Anchors::unique(std::string id) {
  if (is_taken(id)) id = "card-" + id;
  int& count = used_[id];
  if (count++ == 0) return id;
  for (;;) {
    std::string other = id + "-" + std::to_string(count - 1);
    if (used_[other]++ == 0) return other;
    ++count;
  }
}

}  // namespace cairn::render
