#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// What people at a terminal see and are asked.
namespace cairn::app::cli {

/// A terminal, and nobody said NO_COLOR (https://no-color.org).
[[nodiscard]] bool colors(int descriptor);

/// The words in a color when `descriptor` shows colors.
enum class Tone { bold, red, yellow, dim };
[[nodiscard]] std::string toned(int descriptor, Tone tone, std::string_view text);

/// "cairn: …" on standard error.
void say_error(std::string_view message);
/// A line on standard error: progress, advice, empty states.
void say_note(std::string_view message);

/// Columns as wide as their widest cell; the last is never padded.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  /// To standard output.
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Asks whether to go on. @param lost  what will be lost, a sentence.
/// @param verb  "Delete ada/bert": stands in the question.
/// @return word "WrongUsage" without a terminal: --yes is needed there.
[[nodiscard]] Result<bool> confirm(std::string_view lost, std::string_view verb);

/// A line from standard input without its end; on a terminal after a prompt, unseen and twice.
/// @return `invalid_argument` when it is empty, too long, or the two differ.
[[nodiscard]] Result<std::string> read_secret(std::string_view what);

/// All of standard input. @return `too_large` beyond `bytes_max`.
[[nodiscard]] Result<std::string> read_input(std::size_t bytes_max);

}  // namespace cairn::app::cli
