#include "app/cli_terminal.h"

#include <cstdlib>
#include <iostream>

#include <termios.h>
#include <unistd.h>

#include "app/cli_command.h"
#include "base/text.h"

namespace cairn::app::cli {
namespace {

constexpr std::size_t secret_bytes_max = 4096;

/// Characters, not bytes: names may hold any letter. Wide characters count as one.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (unsigned char c : text) width += (c & 0xC0) != 0x80;
  return width;
}

/// Values of strangers must not steer the terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (unsigned char c : text) out += c < 0x20 || c == 0x7F ? '?' : static_cast<char>(c);
  return out;
}

/// Switches the terminal's echo off while it lives.
class Unseen {
 public:
  Unseen() : known_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~Unseen() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << "\n";
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool known_;
};

std::string ask_unseen(std::string_view prompt) {
  std::cerr << prompt << std::flush;
  Unseen unseen;
  std::string line;
  std::getline(std::cin, line);
  return line;
}

}  // namespace

bool colors(int descriptor) {
  const char* no = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return !(no && *no) && ::isatty(descriptor) &&
         !(terminal && std::string_view(terminal) == "dumb");
}

std::string toned(int descriptor, Tone tone, std::string_view text) {
  if (!colors(descriptor)) return std::string(text);
  const char* code = tone == Tone::bold     ? "1"
                     : tone == Tone::red    ? "31"
                     : tone == Tone::yellow ? "33"
                                            : "2";
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

void say_error(std::string_view message) {
  std::cerr << toned(STDERR_FILENO, Tone::red, "cairn:") << " " << message << "\n";
}

void say_note(std::string_view message) {
  std::cerr << message << "\n";
}

void Table::print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += printable(row[i]);
      if (i + 1 < row.size()) line += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    std::cout << (&row == &rows_.front() ? toned(STDOUT_FILENO, Tone::bold, line) : line) << "\n";
  }
}

Result<bool> confirm(std::string_view lost, std::string_view verb) {
  if (!::isatty(STDIN_FILENO) || !::isatty(STDERR_FILENO))
    return usage_error(std::string(lost) + " Nothing was done: add --yes where nobody can answer.");
  std::cerr << lost << "\n" << verb << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return to_lower_ascii(trim(answer)) == "y" || to_lower_ascii(trim(answer)) == "yes";
}

Result<std::string> read_secret(std::string_view what) {
  std::string first;
  if (::isatty(STDIN_FILENO)) {
    first = ask_unseen(std::string(what) + ": ");
    if (ask_unseen("The same again: ") != first)
      return fail(ErrorCode::invalid_argument, "InvalidInput",
                  "The two differ. Nothing was changed.");
  } else {
    std::getline(std::cin, first);
  }
  if (first.ends_with('\r')) first.pop_back();
  if (first.empty())
    return usage_error("The " + std::string(what) +
                       " is read from standard input, which is empty.");
  if (first.size() > secret_bytes_max)
    return fail(ErrorCode::too_large, "InvalidInput",
                "The " + std::string(what) + " is longer than " + std::to_string(secret_bytes_max) +
                    " bytes.");
  return first;
}

Result<std::string> read_input(std::size_t bytes_max) {
  std::string out;
  char buffer[64 << 10];
  while (std::cin.read(buffer, sizeof buffer), std::cin.gcount() > 0) {
    out.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
    if (out.size() > bytes_max)
      return fail(ErrorCode::too_large, "InvalidInput",
                  "Standard input is longer than " + human_bytes(bytes_max) + ".");
  }
  return out;
}

}  // namespace cairn::app::cli
