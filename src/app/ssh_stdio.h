#pragma once
#include <string>

#include "app/ssh_hub.h"

namespace cairn::app {

/// Serves the one command of a client that somebody else's SSH server let in: OpenSSH's sshd, which
/// says in SSH_ORIGINAL_COMMAND what was asked, in SSH_CONNECTION by whom, and in GIT_PROTOCOL what
/// git speaks. The conversation is on standard input and output.
/// @param fingerprint  of the client's key.
/// @return the exit code.
[[nodiscard]] int run_ssh_stdio(const HubSide& hub, const std::string& fingerprint);

}  // namespace cairn::app
