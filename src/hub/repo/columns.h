#pragma once
#include "hub/repo/types.h"
#include "platform/db/db.h"

// The columns of a repository's row as `read_repo` takes them, for statements of this module. A
// macro because statements are literals joined at compile time.
#define CAIRN_REPO_SELECT                                                                      \
  "SELECT r.id, r.public_id, r.kind, r.owner_id, o.name, o.kind, r.creator_id, r.name, "       \
  "r.visibility, r.gating, r.settings, r.default_branch, r.sha, r.git_bytes + r.large_bytes, " \
  "r.downloads, r.downloads_all_time, r.likes, r.trending_score, r.created_at, r.updated_at, " \
  "r.disabled_at, r.deleted_at, r.purge_at, r.version, r.gc_epoch "                            \
  "FROM repos r JOIN owners o ON o.id = r.owner_id "

namespace cairn::repo {

/// @param row  of CAIRN_REPO_SELECT.
[[nodiscard]] Repo read_repo(const db::Row& row);

}  // namespace cairn::repo
