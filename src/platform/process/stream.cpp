#include "platform/process/stream.h"

#include <cerrno>
#include <chrono>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <signal.h>
#include <sys/wait.h>

#include "platform/process/sigpipe.h"
#include "platform/process/spawn.h"

namespace cairn::process {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Wait = asio::posix::stream_descriptor::wait_type;
using Monotonic = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 64u << 10;  // A pipe's default capacity.

std::chrono::microseconds as_chrono(Duration duration) {
  return std::chrono::microseconds(duration.us);
}

}  // namespace

/// Lives until the program is reaped: pending waits hold it.
struct Stream::State : std::enable_shared_from_this<Stream::State> {
  State(asio::any_io_executor executor, const Command& command, Duration most_silence)
      : name(command.argv.empty() ? "" : command.argv[0]),
        error_bytes_max(command.error_bytes_max),
        silence(most_silence),
        input(executor),
        out(executor),
        err(executor),
        exited(executor),
        deadline(executor),
        patience(executor) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    // Reached with a living child only when the executor's loop ended before it.
    kill_group();
    reap(0);
  }

  void kill_group() {
    if (!reaped) ::kill(-pid, SIGKILL);
  }
  void reap(int flags) {
    int status = 0;
    while (!reaped) {
      // Before the number is free again: what the program left in its group ends with it.
      ::kill(-pid, SIGKILL);
      pid_t got = ::waitpid(pid, &status, flags);
      if (got < 0 && errno == EINTR) continue;
      if (got == 0) return;
      reaped = true;
      if (got == pid) code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }

  void watch() {
    auto self = shared_from_this();
    exited.async_wait(Wait::wait_read, [self](error_code failed) {
      if (failed) return;
      self->reap(WNOHANG);
      self->deadline.cancel();
      self->exited.close();
    });
    deadline.async_wait([self](error_code failed) {
      if (!failed) self->time_out();
    });
    read_errors();
  }
  void read_errors() {
    auto self = shared_from_this();
    err.async_wait(Wait::wait_read, [self](error_code failed) {
      if (failed) return;
      char buffer[4096];
      ssize_t n = ::read(self->err.native_handle(), buffer, sizeof buffer);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return self->read_errors();
      if (n <= 0) return self->err.close();
      std::string_view bytes(buffer, static_cast<std::size_t>(n));
      self->error_text += bytes.substr(0, self->error_bytes_max - self->error_text.size());
      self->read_errors();
    });
  }
  void feed() {
    auto self = shared_from_this();
    input.async_wait(Wait::wait_write, [self](error_code failed) {
      if (failed) return;
      ssize_t n;
      int error;
      {
        SigpipeBlocked blocked;
        auto rest = std::string_view(self->given).substr(self->fed);
        n = ::write(self->input.native_handle(), rest.data(), rest.size());
        error = errno;
      }
      if (n > 0) self->fed += static_cast<std::size_t>(n);
      bool again = n >= 0 || error == EAGAIN || error == EINTR;
      if (again && self->fed < self->given.size()) return self->feed();
      // All is written, or the program wants no more.
      error_code ignored;
      self->input.close(ignored);
      self->given = {};
    });
  }
  void time_out() {
    timed_out = true;
    kill_group();
    error_code ignored;
    out.close(ignored);
    input.close(ignored);
  }

  /// Until the pipe is ready; a program that is silent for too long is ended.
  Task<Result<>> wait(asio::posix::stream_descriptor& pipe, Wait what) {
    auto self = shared_from_this();
    patience.expires_after(as_chrono(silence));
    // Expired and cancelled may cross; then the number is an old one.
    patience.async_wait([self, number = ++waits](error_code failed) {
      if (!failed && number == self->waits) self->time_out();
    });
    error_code failed;
    co_await pipe.async_wait(what, asio::redirect_error(asio::use_awaitable, failed));
    ++waits;
    patience.cancel();
    if (timed_out) co_return past_deadline();
    co_return Result<>{};
  }
  Failure past_deadline() const {
    return fail(ErrorCode::timeout, "ProgramTimeout",
                "The program \"" + name + "\" did not end in time and was ended. Try again.")
        .with("program", name)
        .with("stderr", error_text.substr(0, 1000));
  }

  std::string name;
  std::size_t error_bytes_max;
  Duration silence;
  pid_t pid = -1;
  bool reaped = false, timed_out = false;
  int code = 0;
  std::uint64_t waits = 0;
  std::string given;
  std::size_t fed = 0;
  std::string error_text;
  asio::posix::stream_descriptor input, out, err, exited;
  asio::steady_timer deadline, patience;
};

Result<std::unique_ptr<Stream>> Stream::start(asio::any_io_executor executor,
                                              const Command& command, Duration silence) {
  CAIRN_TRY(child, spawn(command));
  auto state = std::make_shared<State>(executor, command, silence);
  state->pid = child.pid;
  state->input.assign(child.input.release());
  state->out.assign(child.out.release());
  state->err.assign(child.err.release());
  state->exited.assign(child.exited.release());
  state->deadline.expires_after(as_chrono(command.deadline));
  state->watch();
  if (!command.input.empty()) {
    state->given = command.input;
    state->feed();
  }
  return std::unique_ptr<Stream>(new Stream(std::move(state)));
}

Stream::Stream(std::shared_ptr<State> state) : state_(std::move(state)) {}

Stream::~Stream() {
  state_->kill_group();
  state_->deadline.cancel();
  state_->patience.cancel();
  error_code ignored;
  state_->input.close(ignored);
  state_->out.close(ignored);
  state_->err.close(ignored);
}

Task<Result<>> Stream::write(std::string bytes) {
  auto state = state_;
  for (std::size_t at = 0; at < bytes.size() && state->input.is_open();) {
    ssize_t n;
    int error;
    {
      SigpipeBlocked blocked;
      n = ::write(state->input.native_handle(), bytes.data() + at, bytes.size() - at);
      error = errno;
    }
    if (n >= 0) {
      at += static_cast<std::size_t>(n);
    } else if (error == EAGAIN) {
      CAIRN_CO_CHECK(co_await state->wait(state->input, Wait::wait_write));
    } else if (error != EINTR) {
      close_input();  // EPIPE: it wants no more.
    }
  }
  if (state->timed_out) co_return state->past_deadline();
  co_return Result<>{};
}

void Stream::close_input() {
  error_code ignored;
  state_->input.close(ignored);
}

Task<Result<std::string>> Stream::read_some() {
  auto state = state_;
  std::string bytes(read_bytes, '\0');
  while (state->out.is_open()) {
    ssize_t n = ::read(state->out.native_handle(), bytes.data(), bytes.size());
    if (n > 0) {
      bytes.resize(static_cast<std::size_t>(n));
      co_return bytes;
    }
    if (n == 0) break;
    if (errno == EAGAIN) {
      CAIRN_CO_CHECK(co_await state->wait(state->out, Wait::wait_read));
    } else if (errno != EINTR) {
      break;
    }
  }
  if (state->timed_out) co_return state->past_deadline();
  co_return std::string();
}

Task<Result<Stream::Exit>> Stream::finish() {
  auto state = state_;
  close_input();
  for (;;) {
    CAIRN_CO_TRY(dropped, co_await read_some());
    if (dropped.empty()) break;
  }
  while (!state->reaped) {
    CAIRN_CO_CHECK(co_await state->wait(state->exited, Wait::wait_read));
    state->reap(WNOHANG);
  }
  // Its last words may still lie in the pipe.
  char buffer[4096];
  for (ssize_t n;
       state->err.is_open() && (n = ::read(state->err.native_handle(), buffer, sizeof buffer)) > 0;)
    state->error_text += std::string_view(buffer, static_cast<std::size_t>(n))
                             .substr(0, state->error_bytes_max - state->error_text.size());
  co_return Exit{state->code, state->error_text};
}

}  // namespace cairn::process
