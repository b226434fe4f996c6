#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"

/// The only place that starts programs.
namespace cairn::process {

/// For programs that read strangers' bytes: no network, no signals to others, no new privileges,
/// no file but those of the system to read (where the kernel has Landlock) and none to write; input
/// and output are the pipes.
struct Confinement {
  std::size_t memory_bytes_max = 512u << 20;  ///< Of address space.
  std::uint64_t cpu_seconds_max = 20;
};

/// A program to run: an argument vector, never a shell. It gets its own process group, only
/// descriptors 0–2, and exactly the environment given here.
struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up in /usr/local/bin:/usr/bin:/bin.
  std::map<std::string, std::string> environment = {};
  std::string directory = "/";
  std::string input = {};                    ///< Standard input, then its end.
  Duration deadline = seconds(60);           ///< Then the whole group is killed.
  std::size_t output_bytes_max = 64u << 20;  ///< Of stdout; more kills the group.
  std::size_t error_bytes_max = 64u << 10;   ///< Of stderr; the rest is dropped.
  /// Given: gets what the program writes to stdout, as it comes, instead of Output::out, and there
  /// is no limit. False ends the program; that is no error.
  std::function<bool(std::string_view)> take_output = {};
  /// Given: gets what the program writes to stderr, as it comes, instead of Output::err.
  std::function<void(std::string_view)> take_errors = {};
  int nice = 0;                        ///< 1–19 yields to the server and to others.
  std::uint64_t memory_bytes_max = 0;  ///< Of its address space; 0 = as the server has it.
  std::uint64_t file_bytes_max = 0;    ///< Of one file it writes; 0 = as the server has it.
  std::optional<Confinement> confined = {};
};

struct Output {
  int exit_code = 0;  ///< 128 + signal when killed by one.
  std::string out;
  std::string err;
};

/// Runs until the program exits; what its children still write then is not waited for, and those of
/// its group are killed. (A child that made a session of its own is out of reach: no flags that
/// make programs detach.) Blocks: call from a Blocking thread; any thread, any number at once.
/// @return `timeout` past the deadline, `too_large` past the output limit (both with the whole
///         group killed), `unavailable` when the program cannot be started (naming it),
///         `invalid_argument` for an empty argv or a NUL byte in what is passed. A non-zero exit is
///         an Output, not an error; so is a program that did not read all of its input.
[[nodiscard]] Result<Output> run(const Command& command);

/// run(), with a non-zero exit turned into `internal`, word "ProgramFailed", with the program's
/// name, exit code and the end of stderr as log fields.
[[nodiscard]] Result<std::string> run_checked(const Command& command);

}  // namespace cairn::process
