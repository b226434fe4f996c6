#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace cairn::app {

/// What the hub tells its SSH server's process, as one line of JSON on its standard input.
struct SshWorkerSettings {
  std::string address;
  std::int64_t port = 0;
  std::string hostKey;  ///< Private. OpenSSH's text.
  std::string socket;   ///< The hub's.
  std::string secret;
};

[[nodiscard]] std::string to_line(const SshWorkerSettings& settings);

/// The SSH server's process: reads its settings, prints "listening <port>" and serves until its
/// standard input ends. @return its exit code.
[[nodiscard]] Result<int> run_ssh_worker();

}  // namespace cairn::app
