#pragma once
#include <string_view>

#include "base/json.h"
#include "hub/history/history.h"
#include "hub/repo/types.h"
#include "platform/db/db.h"

/// What this module tells the rest of the hub, in the transaction of the change.
///
///   repo.created      {"duplicate_of"?}                 repo.restored   {}
///   repo.deleted      {"purge_at"}                      repo.purged     {}
///   repo.moved        {"from"}                          repo.updated    {"visibility", "gating"}
///   repo.default_branch.changed         {"from", "to"}
///   repo.ref.created, repo.ref.moved, repo.ref.deleted  {"ref", "old"?, "new"?}
///   repo.commit       {"ref", "old"?, "new", "title"}
///   repo.files.purged {"files", "rewritten"}
///   space.secrets.changed, space.variables.changed      {"key", "deleted"?}
namespace cairn::repo {

void append_event(db::Tx& tx, const Actor& actor, const Repo& repo, std::string_view type,
                  json::object data = {});

/// "user" or "token" and so on, for ref_log.
[[nodiscard]] history::RefActor ref_actor(const Actor& actor);
[[nodiscard]] std::optional<UserId> user_of(const Actor& actor);

/// Author and committer of what the actor does here.
/// @param host  `Options::host()`.
[[nodiscard]] git::Signature signature_of(const Actor& actor, const std::string& host, Time now);

}  // namespace cairn::repo
