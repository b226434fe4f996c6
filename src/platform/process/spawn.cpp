#include "platform/process/spawn.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "platform/process/confine.h"

namespace cairn::process {
namespace {

/// Fixed, so that nobody's PATH decides which program runs.
constexpr std::array<std::string_view, 3> folders = {"/usr/local/bin/", "/usr/bin/", "/bin/"};

Failure cannot_start(const Command& command, std::string_view why, int error) {
  return fail(ErrorCode::unavailable, "ProgramUnavailable",
              "The program \"" + command.argv[0] +
                  "\" cannot be started on the hub's machine. Ask an administrator to check that "
                  "it is installed.")
      .with("program", command.argv[0])
      .with("step", std::string(why))
      .with("error", std::strerror(error));
}

Result<std::string> find_program(const Command& command) {
  const std::string& name = command.argv[0];
  if (name.find('/') != std::string::npos) return name;
  for (std::string_view folder : folders) {
    std::string path = std::string(folder) + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return cannot_start(command, "find", ENOENT);
}

Result<> check_texts(const Command& command) {
  auto bad = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool wrong = command.argv.empty() || command.argv[0].empty() || bad(command.directory);
  for (const auto& argument : command.argv) wrong = wrong || bad(argument);
  for (const auto& [name, value] : command.environment)
    wrong = wrong || name.empty() || bad(name) || bad(value) || name.find('=') != std::string::npos;
  if (wrong)
    return fail(ErrorCode::invalid_argument, "InvalidCommand",
                "A program's arguments and environment are texts without NUL bytes. Change what "
                "was sent.");
  return {};
}

/// A pipe of two descriptors above 2: the child's dup2 onto 0–2 must never hit one of them.
struct Pipe {
  Descriptor read, write;
};
Result<Pipe> make_pipe(const Command& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_start(command, "pipe", errno);
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  for (Descriptor* end : {&pipe.read, &pipe.write}) {
    if (end->get() > 2) continue;
    int moved = ::fcntl(end->get(), F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return cannot_start(command, "pipe", errno);
    *end = Descriptor(moved);
  }
  return pipe;
}

/// posix_spawn's two argument objects, with everything that makes the child a clean one.
class SpawnPlan {
 public:
  SpawnPlan(const Pipe& input, const Pipe& out, const Pipe& err, const std::string& directory) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_adddup2(&actions_, input.read.get(), 0);
    ::posix_spawn_file_actions_adddup2(&actions_, out.write.get(), 1);
    ::posix_spawn_file_actions_adddup2(&actions_, err.write.get(), 2);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());

    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    // An ignored SIGPIPE or a blocked SIGTERM of the server is not the child's business.
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// As posix_spawn with a SpawnPlan, then locked down. A fork of many threads: until exec only
/// async-signal-safe calls, on what was made before.
int spawn_confined(pid_t& pid, const char* path, const Pipe& input, const Pipe& out,
                   const Pipe& err, const Command& command, const Confined& confined,
                   char* const* argv, char* const* envp) {
  const char* directory = command.directory.c_str();
  sigset_t all, before, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  // A handler of ours must not run in the child.
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = ::fork();
  if (child != 0) {
    int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) return error;
    ::setpgid(child, child);  // Here too: nobody knows who comes first.
    pid = child;
    return 0;
  }
  constexpr int cannot = 127;
  ::setpgid(0, 0);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(input.read.get(), 0) < 0 || ::dup2(out.write.get(), 1) < 0 ||
      ::dup2(err.write.get(), 2) < 0 || ::chdir(directory) != 0 || !confined.enter())
    ::_exit(cannot);
  // After `enter`, which needs one of them.
  ::syscall(SYS_close_range, 3u, ~0u, 0u);
  ::execve(path, argv, envp);
  ::_exit(cannot);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Set from outside, since posix_spawn knows no limits: the program runs without them for the
/// moment between its start and this, far too short to read what was sent to it.
void limit(pid_t pid, const Command& command) {
  auto set = [pid](auto resource, std::uint64_t max) {
    if (max == 0) return;
    rlimit value{max, max};
    ::prlimit(pid, resource, &value, nullptr);
  };
  set(RLIMIT_AS, command.memory_bytes_max);
  set(RLIMIT_FSIZE, command.file_bytes_max);
  if (command.nice > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), command.nice);
}

}  // namespace

Result<Child> spawn(const Command& command) {
  CAIRN_CHECK(check_texts(command));
  CAIRN_TRY(path, find_program(command));
  CAIRN_TRY(input, make_pipe(command));
  CAIRN_TRY(out, make_pipe(command));
  CAIRN_TRY(err, make_pipe(command));

  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> environment;
  for (const auto& [name, value] : command.environment) environment.push_back(name + "=" + value);
  auto argv = pointers(arguments);
  auto envp = pointers(environment);

  Child child;
  int failed = 0;
  if (command.confined) {
    CAIRN_TRY(confined, Confined::prepare(*command.confined, path));
    failed = spawn_confined(child.pid, path.c_str(), input, out, err, command, confined,
                            argv.data(), envp.data());
  } else {
    SpawnPlan plan(input, out, err, command.directory);
    failed = ::posix_spawn(&child.pid, path.c_str(), plan.actions(), plan.attributes(), argv.data(),
                           envp.data());
  }
  if (failed != 0) return cannot_start(command, "spawn", failed);

  // By system call: glibc 2.36 declares pidfd_open() in a header that older kernels' headers
  // contradict.
  child.exited = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.exited.is_open()) {
    int error = errno;
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return cannot_start(command, "pidfd", error);
  }
  limit(child.pid, command);
  child.input = std::move(input.write);
  child.out = std::move(out.read);
  child.err = std::move(err.read);
  for (const Descriptor* end : {&child.input, &child.out, &child.err})
    ::fcntl(end->get(), F_SETFL, ::fcntl(end->get(), F_GETFL) | O_NONBLOCK);
  return child;
}

}  // namespace cairn::process
