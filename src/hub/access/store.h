#pragma once
// The rows of this module: access requests and what became of them.
#include "hub/access/access.h"

namespace cairn::access::store {

bool has_accepted_grant(db::Tx& tx, RepoId repo, UserId user);
void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by);
void delete_grants(db::Tx& tx, RepoId repo);

}  // namespace cairn::access::store
