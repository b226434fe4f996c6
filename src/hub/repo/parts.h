#pragma once
#include "hub/count/downloads.h"
#include "hub/repo/cache.h"
#include "hub/repo/lists.h"
#include "hub/repo/repos.h"

namespace cairn::repo {

/// What the members of Repos work with.
struct Repos::Parts {
  db::Database& database;
  history::History& history;
  const Keyring& keyring;
  Blocking& blocking;
  const Clock& clock;
  Options options;
  Cache cache;
  SiblingCache siblings = {};
  std::vector<Forget> when_purged = {};

  Lists lists{database};
  std::atomic<bool> lists_loading = false;
  count::Downloads downloads = {};

  /// After the commit of `tx` nothing in memory shows the repository as it was.
  void forget_after_commit(db::Tx& tx, RepoKind kind, std::string full_key, RepoId id);
  /// The same for lists alone.
  void list_after_commit(db::Tx& tx, RepoId id);
  /// The same for changes of figures alone.
  void figures_after_commit(db::Tx& tx, RepoId id, std::int64_t likes_30d);
};

/// The living repository this text leads to, and whether by an old name. No rights are checked.
[[nodiscard]] std::optional<std::pair<Repo, bool>> look_up(db::Tx& tx, RepoKind kind,
                                                           std::string_view text);

/// A name for a repository of `owner` that is free, or "RepoExists" with the field "url".
[[nodiscard]] Result<> check_free(db::Tx& tx, const Options& options, RepoKind kind,
                                  const RepoName& name, std::string message);

/// The name of a repository that was deleted or moved away lately is not for everybody who may
/// create there: clients still ask for it. It is for those who manage the owner.
/// @return `forbidden`, word "NameReserved".
[[nodiscard]] Result<> check_unreserved(db::Tx& tx, const Actor& actor, const Options& options,
                                        RepoKind kind, const account::Owner& owner,
                                        std::string_view name);

}  // namespace cairn::repo
