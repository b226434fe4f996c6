#include "hub/render/document.h"

#include "base/text.h"
#include "hub/render/footnotes.h"
#include "hub/render/markdown.h"
#include "hub/render/sanitize.h"
#include "hub/render/tables.h"

namespace cairn::render {
namespace {

/// Every byte that is not part of UTF-8 becomes U+FFFD, and so does NUL.
std::string repaired(std::string_view text) {
  if (is_valid_utf8(text) && text.find('\0') == text.npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    auto first = static_cast<unsigned char>(text[at]);
    std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    auto piece = text.substr(at, size);
    bool good = first != 0 && piece.size() == size && is_valid_utf8(piece);
    out += good ? piece : std::string_view("\xef\xbf\xbd");
    at += good ? size : 1;
  }
  return out;
}

}  // namespace

Document render_markdown(std::string_view markdown, std::string_view folder, Pictures pictures) {
  bool truncated = markdown.size() > markdown_bytes_max;
  if (truncated) {
    auto end = markdown.rfind('\n', markdown_bytes_max - 1);
    markdown = markdown.substr(0, end == markdown.npos ? markdown_bytes_max : end);
  }
  std::string text = repaired(markdown);
  std::string html = markdown_to_html(with_long_rules(with_footnotes(without_front_matter(text))));
  Document out = sanitize(html, folder, pictures);
  out.truncated = out.truncated || truncated;
  return out;
}

}  // namespace cairn::render
