#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "hub/fetch/fetch.h"
#include "hub/push/push.h"
#include "hub/repo/repos.h"
#include "platform/http/http.h"

/// Git over HTTP, as git's own clients speak it (gitprotocol-http(5), hub-api.md 8.2).
namespace cairn::api::git {

/// What the handlers ask. All outlive the router.
struct Services {
  repo::Repos& repos;
  fetch::Fetches& fetches;
  push::Pushes& pushes;
  std::string public_url;  ///< Without '/' at its end.
  std::string agent;       ///< "cairn/1.2.3": told to clients that push.
  /// Requests of fetches that are in memory now: bounded together, since each may take 12 MB.
  std::atomic<std::uint64_t> request_bytes = 0;
};

/// Adds every route of the protocol. Runs behind the hook that recognizes the actor.
void add_routes(http::Router& router, Services& services);

/// Text for a terminal: git prints each line behind "remote: ". 401 names Basic, so that git asks
/// its credential helper.
[[nodiscard]] http::Response encode_error(const Error& error, const http::Request& request);

}  // namespace cairn::api::git
