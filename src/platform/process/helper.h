#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/process/process.h"

namespace cairn::process {

/// A program that lives on and answers one question after another. A question and an answer are
/// frames: four bytes of length, the highest first, and so many bytes.
///
/// Used by one thread at a time. Dropping it kills the whole group.
class Helper {
 public:
  /// @return as run(). `command.deadline`, `input` and `output_bytes_max` do not count.
  [[nodiscard]] static Result<std::unique_ptr<Helper>> start(const Command& command);
  ~Helper();
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  /// Blocks. After an error the program is of no more use.
  /// @return `timeout`, `too_large`, or `internal`, word "ProgramFailed", when it ended instead;
  ///         `invalid_argument` for a question of 2 GiB.
  [[nodiscard]] Result<std::string> ask(std::string_view question, Duration deadline,
                                        std::size_t answer_bytes_max);

 private:
  struct State;
  explicit Helper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The program's side: answers what comes on standard input until its end. @return false when a
/// question breaks off, is longer than `question_bytes_max`, or an answer finds no reader.
[[nodiscard]] bool answer_questions(std::size_t question_bytes_max,
                                    const std::function<std::string(std::string_view)>& answer);

}  // namespace cairn::process
