#pragma once
#include <string>

#include "hub/repo/repos.h"

namespace cairn::repo {

/// The repository that somebody opens to another: to a key, to a program. An old name is for
/// reading, so here it counts as missing: what is opened should be named as it is.
/// @param name  as for Repos::find.
/// @return what Repos::find says for `administer`; access::hidden for an old name.
Task<Result<RepoRef>> administered(Repos& repos, account::Actor actor, RepoKind kind,
                                   std::string name);

}  // namespace cairn::repo
