#pragma once
#include <string>
#include <string_view>

// Lines of Markdown as md4c will see them, for what is rewritten before it reads them.
namespace cairn::render {

/// Columns of blanks at the front; a tab counts as four.
[[nodiscard]] std::size_t indent_of(std::string_view line);
[[nodiscard]] bool is_blank(std::string_view line);

/// Which lines stand in fenced code.
class Fence {
 public:
  /// @return whether the line is part of fenced code, its first and last line among them.
  bool takes(std::string_view line);
  /// What ends the code that is open; empty when none is.
  [[nodiscard]] std::string end() const { return std::string(count_, mark_); }

 private:
  std::size_t count_ = 0;
  char mark_ = ' ';
};

}  // namespace cairn::render
