#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "platform/http/headers.h"
#include "platform/ssh/public_key.h"

namespace cairn::app {

/// How processes that serve SSH reach the hub: with its secret, over its Unix socket.
struct HubSide {
  std::string socket_path;
  std::string secret;
};

/// A person who came with a key, as such a process remembers her between login and command.
struct SshAccount {
  std::string label;  ///< "ada"
  std::string fingerprint;
  std::string address;  ///< Where her client is.
  /// As one text, for ssh::Exec::account.
  [[nodiscard]] std::string pack() const;
  [[nodiscard]] static SshAccount unpack(const std::string& text);
};

/// Whose key it is. Blocks, for 10 s at most.
/// @return empty: nobody's; `unavailable` when the hub does not answer.
[[nodiscard]] Result<std::optional<SshAccount>> find_account(const HubSide& hub,
                                                             const ssh::PublicKey& key,
                                                             const std::string& address);
/// The same for a key that was recognized before.
[[nodiscard]] Result<std::optional<SshAccount>> find_account(const HubSide& hub,
                                                             const std::string& fingerprint,
                                                             const std::string& address);

/// What makes a request of the hub's routes one of this person.
[[nodiscard]] http::Headers headers_of(const HubSide& hub, const SshAccount& account);

/// Strangers talk to this process: from here on it gains no rights and writes no file.
void give_up_rights();

}  // namespace cairn::app
