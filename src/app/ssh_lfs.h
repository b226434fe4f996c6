#pragma once
#include <string>

#include "app/ssh_git.h"

namespace cairn::app {

/// git-lfs over SSH alone ("git-lfs-transfer <repository> <operation>"): the client's messages
/// become requests of the hub's LFS routes, and bodies are passed on as they come.
/// @param target     "/datasets/ada/squad.git"
/// @param operation  "upload", "download" or "lock".
/// @return the exit code: 0 after "quit", or when the client leaves between two messages.
[[nodiscard]] int transfer_lfs(ssh::Exec& exec, const HubSide& hub, const std::string& target,
                               const std::string& operation);

}  // namespace cairn::app
