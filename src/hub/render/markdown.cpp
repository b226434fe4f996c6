#include "hub/render/markdown.h"

#include <md4c-html.h>

#include "hub/render/document.h"

namespace cairn::render {

std::string_view without_front_matter(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  auto first = text.find('\n');
  if (first == text.npos) return text;
  auto line = [](std::string_view l) {
    while (!l.empty() && (l.back() == '\r' || l.back() == ' ')) l.remove_suffix(1);
    return l;
  };
  if (line(text.substr(0, first)) != "---") return text;
  for (auto at = first + 1; at < text.size();) {
    auto end = std::min(text.find('\n', at), text.size());
    auto here = line(text.substr(at, end - at));
    if (here == "---" || here == "...") return text.substr(std::min(end + 1, text.size()));
    at = end + 1;
  }
  return text;  // It never ended, so it is none.
}

std::string markdown_to_html(std::string_view markdown) {
  std::string out;
  out.reserve(markdown.size() * 2);
  auto take = [](const MD_CHAR* text, MD_SIZE size, void* to) {
    auto& html = *static_cast<std::string*>(to);
    // md4c cannot be stopped from here; what comes later is dropped.
    if (html.size() < html_bytes_max) html.append(text, size);
  };
  unsigned flags = MD_DIALECT_GITHUB | MD_FLAG_LATEXMATHSPANS;
  ::md_html(markdown.data(), static_cast<MD_SIZE>(markdown.size()), take, &out, flags, 0);
  return out;
}

}  // namespace cairn::render
