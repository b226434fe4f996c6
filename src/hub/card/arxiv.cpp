#include <algorithm>
#include <array>

#include "hub/card/card.h"

namespace cairn::card {
namespace {

// More than a survey's card names; beyond it is a bibliography.
constexpr std::size_t papers_max = 32;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// `YYMM.NNNN` or `YYMM.NNNNN`, arXiv's form since 2007, at the start of `text`.
std::string_view id_at(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && at < 4 && is_digit(text[at])) ++at;
  if (at != 4 || text.size() < 9 || text[4] != '.') return {};
  std::size_t end = 5;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end == 9 || end == 10 ? text.substr(0, end) : std::string_view();
}

}  // namespace

std::vector<std::string> arxiv_ids(std::string_view text) {
  constexpr std::array<std::string_view, 4> marks{"arxiv.org/abs/", "arxiv.org/pdf/",
                                                  "arxiv:", "/papers/"};
  std::vector<std::string> out;
  auto same = [](char a, char b) { return lower(a) == b; };
  for (std::size_t at = 0; at < text.size() && out.size() < papers_max; ++at) {
    if (text[at] != '/' && lower(text[at]) != 'a') continue;
    for (std::string_view mark : marks) {
      if (text.size() - at < mark.size() ||
          !std::equal(
              mark.begin(), mark.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
              [&](char m, char t) { return same(t, m); }))
        continue;
      std::string_view rest = text.substr(at + mark.size());
      if (mark == "arxiv:" && rest.starts_with(' ')) rest.remove_prefix(1);
      std::string_view id = id_at(rest);
      if (!id.empty() && std::ranges::find(out, id) == out.end()) out.emplace_back(id);
      break;
    }
  }
  return out;
}

}  // namespace cairn::card
