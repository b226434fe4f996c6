#pragma once
#include "hub/locks/locks.h"
#include "hub/repo/repos.h"
#include "platform/http/http.h"

namespace cairn::api::lfs {

/// What the handlers of locks ask. Both outlive the router.
struct LockServices {
  repo::Repos& repos;
  locks::Locks& locks;
};

/// The locking API of git-lfs (hub-api.md 8.3; "File Locking API" of the LFS specification).
void add_lock_routes(http::Router& router, LockServices& services);

}  // namespace cairn::api::lfs
