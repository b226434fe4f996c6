#include "platform/process/helper.h"

#include <cerrno>
#include <chrono>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/process/sigpipe.h"
#include "platform/process/spawn.h"

namespace cairn::process {
namespace {

using Monotonic = std::chrono::steady_clock;
constexpr std::size_t length_bytes = 4;

std::string frame(std::string_view bytes) {
  std::string out;
  out.reserve(length_bytes + bytes.size());
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(bytes.size() >> static_cast<unsigned>(shift) & 0xff);
  out += bytes;
  return out;
}

std::size_t length_of(std::string_view frame) {
  std::size_t out = 0;
  for (char c : frame.substr(0, length_bytes)) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// @return the bytes that came before the end.
std::string read_exactly(int fd, std::size_t count) {
  std::string out(count, '\0');
  std::size_t got = 0;
  while (got < count) {
    ssize_t n = ::read(fd, out.data() + got, count - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

}  // namespace

struct Helper::State {
  std::string name;
  Child child;
  std::string err;

  Failure ended() {
    return fail(ErrorCode::internal, "ProgramFailed",
                "The program \"" + name +
                    "\" failed. An administrator finds the reason in the "
                    "hub's log.")
        .with("program", name)
        .with("stderr", std::string(truncate_utf8(err, 1000)));
  }
};

Helper::Helper(std::unique_ptr<State> state) : state_(std::move(state)) {}

Helper::~Helper() {
  // Before it is reaped: until then its group's number is its own.
  ::kill(-state_->child.pid, SIGKILL);
  while (::waitpid(state_->child.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<std::unique_ptr<Helper>> Helper::start(const Command& command) {
  CAIRN_TRY(child, spawn(command));
  auto state = std::make_unique<State>(command.argv[0], std::move(child), std::string());
  return std::unique_ptr<Helper>(new Helper(std::move(state)));
}

Result<std::string> Helper::ask(std::string_view question, Duration deadline,
                                std::size_t answer_bytes_max) {
  if (question.size() >= 1u << 31)
    return fail(ErrorCode::invalid_argument, "InvalidCommand", "A question is less than 2 GiB.");
  SigpipeBlocked blocked;
  auto end = Monotonic::now() + std::chrono::microseconds(deadline.us);
  std::string given = frame(question), got;
  std::size_t written = 0;
  auto& [name, child, err] = *state_;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Monotonic::now()).count();
    if (left <= 0)
      return fail(ErrorCode::timeout, "ProgramTimeout",
                  "The program \"" + name + "\" did not answer within " +
                      std::to_string(deadline.us / 1000) + " ms and was ended. Try again.")
          .with("program", name);
    pollfd waits[] = {{written < given.size() ? child.input.get() : -1, POLLOUT, 0},
                      {child.out.get(), POLLIN, 0},
                      {child.err.get(), POLLIN, 0}};
    int ready = ::poll(waits, 3, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return state_->ended();
    if (ready <= 0) continue;
    char buffer[64 << 10];
    if (waits[2].revents) {
      constexpr std::size_t err_bytes_max = 4096;
      ssize_t n = ::read(child.err.get(), buffer, sizeof buffer);
      if (n > 0 && err.size() < err_bytes_max) err.append(buffer, static_cast<std::size_t>(n));
      if (n == 0) child.err.close();
    }
    if (waits[0].revents) {
      ssize_t n = ::write(child.input.get(), given.data() + written, given.size() - written);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return state_->ended();
      if (n > 0) written += static_cast<std::size_t>(n);
    }
    if (!waits[1].revents) continue;
    ssize_t n = ::read(child.out.get(), buffer, sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return state_->ended();
    got.append(buffer, static_cast<std::size_t>(n));
    if (got.size() < length_bytes) continue;
    std::size_t size = length_of(got);
    if (size > answer_bytes_max)
      return fail(ErrorCode::too_large, "ProgramOutputTooLarge",
                  "The program \"" + name + "\" wrote more than " + human_bytes(answer_bytes_max) +
                      " and was ended. Ask for less.")
          .with("program", name);
    // More than was asked for is no answer either.
    if (got.size() > length_bytes + size) return state_->ended();
    if (got.size() == length_bytes + size) return got.substr(length_bytes);
  }
}

bool answer_questions(std::size_t question_bytes_max,
                      const std::function<std::string(std::string_view)>& answer) {
  for (;;) {
    std::string head = read_exactly(STDIN_FILENO, length_bytes);
    if (head.empty()) return true;
    if (head.size() != length_bytes || length_of(head) > question_bytes_max) return false;
    std::size_t size = length_of(head);
    std::string question = read_exactly(STDIN_FILENO, size);
    if (question.size() != size || !write_all(STDOUT_FILENO, frame(answer(question)))) return false;
  }
}

}  // namespace cairn::process
