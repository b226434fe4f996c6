#pragma once
#include <string>

#include "platform/ssh/server.h"

namespace cairn::app {

/// How the SSH server's process reaches the hub.
struct HubSide {
  std::string socket_path;
  std::string secret;
  std::string public_url;
};

/// A person who came with a key, as the process remembers her between login and command.
struct SshAccount {
  std::string label;  ///< "ada"
  std::string fingerprint;
  std::string address;
  /// As one text, for ssh::Exec::account.
  [[nodiscard]] std::string pack() const;
  [[nodiscard]] static SshAccount unpack(const std::string& text);
};

/// Runs one command of git's clients: git-upload-pack, git-receive-pack, git-lfs-authenticate,
/// git-lfs-transfer. Everything else gets a word and exit code 1.
[[nodiscard]] int run_ssh_command(ssh::Exec& exec, const HubSide& hub);

}  // namespace cairn::app
