#pragma once
#include <functional>
#include <string>

#include "hub/keys/gpg_keys.h"
#include "hub/keys/keys.h"
#include "hub/repo/repos.h"
#include "platform/http/http.h"

/// SSH keys over the hub's API, and what the SSH server's process asks the hub.
namespace cairn::api::ssh {

/// What the handlers ask. All outlive the router.
struct Services {
  repo::Repos& repos;
  keys::Keys& keys;
  keys::GpgKeys& gpg_keys;
  std::vector<cairn::ssh::PublicKey> host_keys;  ///< What clients meet there.
  std::string public_url;                        ///< Without '/' at its end.
  std::string ssh_url;  ///< Of somebody else's SSH server in front of the hub; empty: none.
  /// `Authorization: Ssh <this> [fingerprint]` over the hub's Unix socket is its SSH server, or a
  /// program that OpenSSH's started.
  std::string secret;
  /// Where the SSH server listens; 0: it does not.
  std::function<std::uint16_t()> port;
};

/// Recognizes the SSH server, for whom it speaks, and git-lfs with a ticket. To be added before the
/// hook that knows tokens.
void add_authentication(http::Router& router, Services& services);
void add_routes(http::Router& router, Services& services);
void add_gpg_routes(http::Router& router, Services& services);

}  // namespace cairn::api::ssh
