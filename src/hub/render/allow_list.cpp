#include "hub/render/allow_list.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cairn::render {
namespace {

template <std::size_t count>
bool in(const std::array<std::string_view, count>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

constexpr std::array<std::string_view, 62> kept = {
    "abbr", "b",          "bdi",    "bdo",   "blockquote", "br",    "caption", "cite",  "code",
    "col",  "colgroup",   "dd",     "del",   "details",    "dfn",   "div",     "dl",    "dt",
    "em",   "figcaption", "figure", "h1",    "h2",         "h3",    "h4",      "h5",    "h6",
    "hr",   "i",          "ins",    "kbd",   "li",         "mark",  "ol",      "p",     "pre",
    "q",    "rp",         "rt",     "ruby",  "s",          "samp",  "small",   "span",  "strong",
    "sub",  "summary",    "sup",    "tbody", "td",         "tfoot", "th",      "thead", "time",
    "tr",   "tt",         "u",      "ul",    "var",        "wbr",   "strike",  "center"};
constexpr std::array<std::string_view, 10> written = {
    "a", "img", "picture", "video", "audio", "table", "iframe", "input", "source", "x-equation"};
// What stands in them is code, data, or for programs that see no page.
constexpr std::array<std::string_view, 21> dropped = {
    "script", "style",    "template", "title", "head",   "noscript", "noembed",
    "object", "embed",    "applet",   "param", "select", "textarea", "svg",
    "math",   "noframes", "frameset", "frame", "track",  "base",     "link"};
constexpr std::array<std::string_view, 5> voids = {"br", "hr", "col", "wbr", "img"};
constexpr std::array<std::string_view, 16> texts = {
    "p",  "h1", "h2",      "h3",         "h4", "h5", "h6",      "li",
    "dt", "dd", "caption", "blockquote", "td", "th", "summary", "figcaption"};
constexpr std::array<std::string_view, 5> alignments = {"left", "center", "right", "justify",
                                                        "middle"};
constexpr std::array<std::string_view, 3> directions = {"ltr", "rtl", "auto"};

bool is_number(std::string_view value, std::int64_t max) {
  auto number = parse_int(value);
  return number && *number >= 0 && *number <= max;
}

/// "en", "zh-Hant".
bool is_language(std::string_view value) {
  return !value.empty() && value.size() <= 35 && std::ranges::all_of(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// What the hub's own renderer writes: the language of code.
bool is_code_class(std::string_view value) {
  constexpr std::string_view front = "language-";
  return value.starts_with(front) && value.size() <= front.size() + 40 &&
         std::ranges::all_of(value.substr(front.size()), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '+' || c == '#' || c == '.' || c == '_';
         });
}

}  // namespace

Fate fate_of(std::string_view tag) {
  if (in(kept, tag)) return Fate::keep;
  if (in(written, tag)) return Fate::special;
  return in(dropped, tag) ? Fate::drop : Fate::unwrap;
}

bool is_void(std::string_view tag) {
  return in(voids, tag);
}

bool is_block_of_text(std::string_view tag) {
  return in(texts, tag);
}

bool allows(std::string_view tag, std::string_view name, std::string_view value) {
  constexpr std::size_t value_bytes_max = 1000;
  if (value.size() > value_bytes_max) return false;
  if (name == "title") return true;
  if (name == "lang") return is_language(value);
  if (name == "dir") return in(directions, to_lower_ascii(value));
  if (name == "align") return in(alignments, to_lower_ascii(value));
  bool cell = tag == "td" || tag == "th";
  constexpr int spans_max = 1000;
  if (name == "colspan" || name == "rowspan") return cell && is_number(value, spans_max);
  if (name == "span") return (tag == "col" || tag == "colgroup") && is_number(value, spans_max);
  if (name == "scope") return tag == "th" && (value == "row" || value == "col");
  if (name == "start") return tag == "ol" && is_number(value, 1'000'000'000);
  if (name == "value") return tag == "li" && is_number(value, 1'000'000'000);
  if (name == "reversed") return tag == "ol";
  if (name == "open") return tag == "details";
  if (name == "datetime") return tag == "time";
  if (name == "class")
    return (tag == "code" && is_code_class(value)) || (tag == "li" && value == "task-list-item");
  return false;
}

}  // namespace cairn::render
