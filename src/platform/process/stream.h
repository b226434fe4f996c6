#pragma once
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/result.h"
#include "base/task.h"
#include "platform/process/process.h"

namespace cairn::process {

/// A program whose input and output pass through while it runs, a pipe's worth at a time: a reader
/// that is slow slows the program down, and no thread waits for either.
///
/// Used by one thread at a time, that of its executor. Dropping it kills the whole group; nothing
/// of it is left a moment later.
class Stream {
 public:
  struct Exit {
    int code = 0;     ///< 128 + signal when killed by one.
    std::string err;  ///< What it wrote to stderr, at most `Command::error_bytes_max`.
  };

  /// Starts the program. `command.input`, when there is any, is given to it meanwhile, and then the
  /// end of its input; without any, `write` gives it. Its output has no limit.
  /// `command.deadline` is for the whole run.
  /// @param silence  how long a call of `read_some` or `write` waits for the program at most.
  /// @return as run().
  [[nodiscard]] static Result<std::unique_ptr<Stream>> start(boost::asio::any_io_executor executor,
                                                             const Command& command,
                                                             Duration silence);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Gives bytes to the program; returns when they are in its pipe. A program that wants no more
  /// is no error: its exit code tells.
  /// @return `timeout` past a deadline, with the group killed; so all of these.
  Task<Result<>> write(std::string bytes);
  /// The end of its input.
  void close_input();
  /// What it wrote next to stdout, 1 byte to 64 KiB; empty at the end.
  Task<Result<std::string>> read_some();
  /// Waits for its end. What it still writes to stdout is dropped.
  Task<Result<Exit>> finish();

 private:
  struct State;
  explicit Stream(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace cairn::process
