#include "hub/render/lines.h"

#include "base/text.h"

namespace cairn::render {

std::size_t indent_of(std::string_view line) {
  std::size_t columns = 0;
  for (char c : line) {
    if (c == ' ')
      ++columns;
    else if (c == '\t')
      columns += 4;
    else
      break;
  }
  return columns;
}

bool is_blank(std::string_view line) {
  return trim(line).empty();
}

bool Fence::takes(std::string_view line) {
  auto text = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  char mark = text.empty() ? ' ' : text[0];
  bool may_be_mark = (mark == '`' || mark == '~') && indent_of(line) < 4;
  auto count = may_be_mark ? std::min(text.find_first_not_of(mark), text.size()) : 0;
  if (count_ == 0) {
    bool opens = count >= 3 && (mark == '~' || text.find('`', count) == text.npos);
    if (opens) {
      count_ = count;
      mark_ = mark;
    }
    return opens;
  }
  bool closes = mark == mark_ && count >= count_ && is_blank(text.substr(count));
  if (closes) count_ = 0;
  return true;
}

}  // namespace cairn::render
