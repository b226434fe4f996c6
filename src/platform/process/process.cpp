#include "platform/process/process.h"

#include <cerrno>
#include <chrono>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/text.h"
#include "platform/process/sigpipe.h"
#include "platform/process/spawn.h"
#include "platform/process/stoppable.h"

namespace cairn::process {
namespace {

using Monotonic = std::chrono::steady_clock;

/// One run: moves bytes until the program exits or a limit ends it.
class Run {
 public:
  Run(const Command& command, Child child, const std::atomic<bool>* stop = nullptr)
      : command_(command),
        child_(std::move(child)),
        stop_(stop),
        end_(Monotonic::now() + std::chrono::microseconds(command.deadline.us)) {}

  Result<Output> finish() {
    auto moved = pump();
    // Before the program is reaped: its group's number is still its own.
    ::kill(-child_.pid, SIGKILL);
    int status = 0;
    while (::waitpid(child_.pid, &status, 0) < 0)
      if (errno != EINTR) return fail_reaping();
    if (!moved) return std::unexpected(std::move(moved).error());
    output_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return std::move(output_);
  }

 private:
  Result<> pump() {
    SigpipeBlocked blocked;
    if (command_.input.empty()) child_.input.close();
    for (;;) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Monotonic::now()).count();
      if (left <= 0) return past_deadline();
      if (stop_ && *stop_)
        return fail(ErrorCode::unavailable, "Stopped", "The hub is stopping. Try again later.");
      // A negative descriptor is skipped by poll(2).
      pollfd waits[] = {{child_.exited.get(), POLLIN, 0},
                        {child_.input.get(), POLLOUT, 0},
                        {child_.out.get(), POLLIN, 0},
                        {child_.err.get(), POLLIN, 0}};
      const std::int64_t poll_ms_max = stop_ ? 200 : 60'000;
      int ready = ::poll(waits, 4, static_cast<int>(std::min<std::int64_t>(left, poll_ms_max)));
      if (ready < 0 && errno != EINTR)
        return fail(ErrorCode::internal, "ProgramFailed", "Waiting for a program failed.");
      if (ready <= 0) continue;
      if (waits[1].revents) feed();
      if (waits[2].revents) CAIRN_CHECK(drain_out());
      if (stopped_) return {};
      if (waits[3].revents) drain_err();
      if (waits[0].revents) {
        // Everything the program itself wrote is in the pipes by now; its children's later words
        // are not waited for, they may live long.
        CAIRN_CHECK(drain_out());
        drain_err();
        return {};
      }
    }
  }

  void feed() {
    const auto rest = std::string_view(command_.input).substr(fed_);
    ssize_t n = ::write(child_.input.get(), rest.data(), rest.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n >= 0) fed_ += static_cast<std::size_t>(n);
    // An error here is EPIPE: the program wants no more, and its exit code tells the rest.
    if (n < 0 || fed_ == command_.input.size()) child_.input.close();
  }

  /// Reads what is there now. @param take  false ends the reading.
  template <class Take>
  static void drain(Descriptor& from, Take take) {
    char buffer[64 << 10];
    while (from.is_open()) {
      ssize_t n = ::read(from.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return from.close();
      if (!take(std::string_view(buffer, static_cast<std::size_t>(n)))) return;
    }
  }

  Result<> drain_out() {
    bool fits = true;
    drain(child_.out, [&](std::string_view bytes) {
      if (command_.take_output) {
        stopped_ = !command_.take_output(bytes);
        return !stopped_ && Monotonic::now() < end_;
      }
      fits = bytes.size() <= command_.output_bytes_max - output_.out.size();
      if (fits) output_.out += bytes;
      // A program that writes faster than we read must not keep us from the deadline.
      return fits && Monotonic::now() < end_;
    });
    if (fits) return {};
    return fail(ErrorCode::too_large, "ProgramOutputTooLarge",
                "The program \"" + command_.argv[0] + "\" wrote more than " +
                    human_bytes(command_.output_bytes_max) + " and was ended. Ask for less.")
        .with("program", command_.argv[0]);
  }

  void drain_err() {
    drain(child_.err, [&](std::string_view bytes) {
      if (command_.take_errors) {
        command_.take_errors(bytes);
        return Monotonic::now() < end_;
      }
      output_.err += bytes.substr(0, command_.error_bytes_max - output_.err.size());
      return Monotonic::now() < end_;
    });
  }

  Result<> past_deadline() {
    return fail(ErrorCode::timeout, "ProgramTimeout",
                "The program \"" + command_.argv[0] + "\" did not end within " +
                    std::to_string(command_.deadline.us / 1000) + " ms and was ended. Try again.")
        .with("program", command_.argv[0])
        .with("stderr", std::string(truncate_utf8(output_.err, 1000)));
  }

  Failure fail_reaping() {
    return fail(ErrorCode::internal, "ProgramFailed",
                "A program's exit code was lost. Check that SIGCHLD is not ignored.")
        .with("program", command_.argv[0]);
  }

  const Command& command_;
  Child child_;
  const std::atomic<bool>* stop_;
  Monotonic::time_point end_;
  std::size_t fed_ = 0;
  bool stopped_ = false;
  Output output_;
};

}  // namespace

Result<Output> run(const Command& command) {
  CAIRN_TRY(child, spawn(command));
  return Run(command, std::move(child)).finish();
}

Result<Output> run_unless_stopped(const Command& command, const std::atomic<bool>& stop) {
  CAIRN_TRY(child, spawn(command));
  return Run(command, std::move(child), &stop).finish();
}

Result<std::string> run_checked(const Command& command) {
  CAIRN_TRY(output, run(command));
  if (output.exit_code == 0) return std::move(output.out);
  constexpr std::size_t tail_bytes_max = 2000;
  std::string_view tail = trim(output.err);
  if (tail.size() > tail_bytes_max) tail.remove_prefix(tail.size() - tail_bytes_max);
  return fail(ErrorCode::internal, "ProgramFailed",
              "The program \"" + command.argv[0] + "\" failed. An administrator finds the reason " +
                  "in the hub's log.")
      .with("program", command.argv[0])
      .with("exit_code", std::to_string(output.exit_code))
      .with("stderr", std::string(tail));
}

}  // namespace cairn::process
