#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/repo/repos.h"
#include "platform/db/db.h"

/// Locks of paths, as git-lfs has them: a word among people who edit what cannot be merged. They
/// stop nobody by themselves; git-lfs asks before it pushes.
namespace cairn::locks {

using account::Actor;

[[nodiscard]] std::vector<db::Migration> locks_migrations();

struct Lock {
  PublicId id;
  std::string path;
  Time locked_at;
  UserId user;
  std::string owner;  ///< The user's name as it is now.
};

struct Query {
  std::optional<std::string> path;
  std::optional<PublicId> id;
  std::optional<std::string> after;  ///< `Page::next` of the page before.
  int limit = 100;
};
struct Page {
  std::vector<Lock> locks;  ///< By path.
  std::optional<std::string> next;
};

/// What came of asking for a lock.
struct Asked {
  Lock lock;         ///< The new one, or the one that is in the way.
  bool made = true;  ///< false: somebody has it already, perhaps the actor.
};

constexpr std::size_t locks_max = 10'000;  ///< In one repository.
constexpr int limit_max = 1000;

/// Thread-safe; references outlive it. Repositories are given as found for the action named.
class Locks {
 public:
  Locks(db::Database& database, repo::Repos& repos);

  /// For Action::write. @return `unprocessable` word "InvalidPath"; `too_large` word
  ///         "TooManyLocks"; what Repos::recheck says.
  Task<Result<Asked>> lock(Actor actor, repo::RepoRef repo, std::string path);
  /// For Action::read_content.
  Task<Result<Page>> list(repo::RepoRef repo, Query query);
  /// For Action::write. @param force  another's lock; needs Action::administer.
  /// @return the lock that is gone; `not_found`, word "LockNotFound"; `forbidden`, word
  ///         "LockOfAnother".
  Task<Result<Lock>> unlock(Actor actor, repo::RepoRef repo, PublicId id, bool force);

  /// To be called in the transaction that purges an owner, before it.
  void owner_purged(db::Tx& tx, OwnerId owner);

 private:
  db::Database& database_;
  repo::Repos& repos_;
};

}  // namespace cairn::locks
