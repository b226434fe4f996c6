#pragma once
#include "app/ssh_hub.h"
#include "platform/ssh/server.h"

namespace cairn::app {

/// Runs one command of git's clients: git-upload-pack, git-receive-pack, git-lfs-authenticate,
/// git-lfs-transfer. Everything else gets a word and exit code 1.
[[nodiscard]] int run_ssh_command(ssh::Exec& exec, const HubSide& hub);

}  // namespace cairn::app
