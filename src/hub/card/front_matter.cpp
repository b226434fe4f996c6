#include <algorithm>
#include <optional>

#include "base/text.h"
#include "hub/card/card.h"
#include "hub/card/yaml.h"

namespace cairn::card {
namespace {

struct FrontMatter {
  std::string_view yaml;
  std::size_t body_offset = 0;
  int line = 1;  ///< Of the README, where `yaml` begins.
};

/// The line at `at`, without its end; `next` is set to where the following one begins.
std::string_view line_at(std::string_view text, std::size_t at, std::size_t& next) {
  std::size_t end = text.find('\n', at);
  next = end == text.npos ? text.size() : end + 1;
  return text.substr(at, (end == text.npos ? text.size() : end) - at);
}

/// A line of three dashes; white space may follow, as editors leave it.
bool is_fence(std::string_view line) {
  return line.starts_with("---") && trim(line.substr(3)).empty();
}

/// Blank lines and a byte order mark may stand before the first fence, as clients accept them.
std::optional<FrontMatter> find_front_matter(std::string_view readme) {
  std::size_t at = readme.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  int line_number = 1;
  std::size_t next = at;
  std::string_view line = line_at(readme, at, next);
  while (trim(line).empty() && next > at && next < readme.size()) {
    at = next;
    ++line_number;
    line = line_at(readme, at, next);
  }
  if (!is_fence(trim(line)) || next >= readme.size()) return {};
  std::size_t begin = next;
  for (at = begin; at < readme.size(); at = next) {
    if (is_fence(line_at(readme, at, next)))
      return FrontMatter{readme.substr(begin, at - begin), next, line_number + 1};
    if (at - begin > front_matter_bytes_max) break;
  }
  return FrontMatter{readme.substr(begin), readme.size(), line_number + 1};
}

bool is_closed(std::string_view readme, const FrontMatter& front) {
  return static_cast<std::size_t>(front.yaml.data() - readme.data()) + front.yaml.size() <
         readme.size();
}

}  // namespace

Card parse_card(std::string_view readme) {
  Card card;
  auto front = find_front_matter(readme);
  // A first line of dashes that nothing closes is a horizontal rule in the text.
  bool closed = front && is_closed(readme, *front);
  bool too_long = front && front->yaml.size() > front_matter_bytes_max;
  if (too_long) {
    card.errors.push_back({"The front matter is longer than " +
                               std::to_string(front_matter_bytes_max) +
                               " bytes. Move data out of the card.",
                           front->line, true});
    if (closed) card.body_offset = front->body_offset;
    return card;
  }
  if (closed) {
    card.body_offset = front->body_offset;
    auto document = parse_yaml(front->yaml);
    if (!document) {
      int line = document.error().line;
      card.errors.push_back(
          {document.error().message, line == 0 ? 0 : line + front->line - 1, true});
      return card;
    }
    for (auto& [key, line] : document->lines) card.lines.emplace(key, line + front->line - 1);
    card.data = std::move(document->root);
  }
  if (card.data.is_object() && !card.data.get_object().empty()) return card;
  if (card.data.is_null() || card.data.is_object()) {
    card.data = nullptr;
    card.warnings.push_back({"empty or missing yaml metadata in repo card", 0, false});
    return card;
  }
  card.data = nullptr;
  card.errors.push_back(
      {"The front matter must be a mapping of names to values, for example "
       "\"license: mit\".",
       front->line, true});
  return card;
}

}  // namespace cairn::card
