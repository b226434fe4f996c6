#pragma once
#include "hub/repo/files.h"

namespace cairn::repo {

/// What the members of Files work with.
struct Files::Parts {
  db::Database& database;
  history::History& history;
  Repos& repos;
  const Keyring& keyring;
  Blocking& blocking;
  const Clock& clock;
};

/// `history.resolve` for any text, also what no database takes.
[[nodiscard]] Result<history::CommitInfo> resolve_in(db::Tx& tx, history::History& history,
                                                     const Repo& repo, const std::string& revision);
[[nodiscard]] Failure no_revision(std::string_view revision);
/// "Entry not found", with the field "commit" for X-Repo-Commit.
[[nodiscard]] Failure no_entry(const history::CommitInfo& commit);
/// The same for errors of hub/history; others stay as they are.
[[nodiscard]] Error entry_error(Error error, const history::CommitInfo& commit);

}  // namespace cairn::repo
