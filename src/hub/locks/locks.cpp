#include "hub/locks/locks.h"

#include "hub/locks/store.h"
#include "platform/git/path.h"

namespace cairn::locks {
namespace {

/// Fills in the name; an account that is gone leaves its locks nameless.
Lock named(db::Tx& tx, Lock lock) {
  auto user = account::find_user(tx, lock.user);
  lock.owner = user ? user->name : "(gone)";
  return lock;
}

}  // namespace

Locks::Locks(db::Database& database, repo::Repos& repos) : database_(database), repos_(repos) {
  repos.when_purged(store::forget_repo);
}

void Locks::owner_purged(db::Tx& tx, OwnerId owner) {
  store::forget_user(tx, UserId{owner.value});
}

Task<Result<Asked>> Locks::lock(Actor actor, repo::RepoRef repo, std::string path) {
  CAIRN_CO_TRY(parsed, git::parse_path(path));
  if (!actor.has_user())
    co_return fail(ErrorCode::unauthenticated, "Unauthenticated",
                   "Nobody is signed in. Send an access token in the Authorization header.");
  auto text = parsed.text();
  auto insert = [this, actor, id = repo->id, text](db::Tx& tx) -> Result<Asked> {
    CAIRN_CHECK(repos_.recheck(tx, actor, id, access::Action::write));
    if (auto taken = store::find(tx, id, text)) return Asked{named(tx, std::move(*taken)), false};
    if (store::count(tx, id) >= static_cast<std::int64_t>(locks_max))
      return fail(ErrorCode::too_large, "TooManyLocks",
                  "The repository has " + std::to_string(locks_max) +
                      " locks. Remove some that are no longer needed.");
    Lock lock{make_public_id(), text, tx.now(), actor.user, {}};
    store::insert(tx, id, lock);
    return Asked{named(tx, std::move(lock)), true};
  };
  co_return co_await database_.write(insert);
}

Task<Result<Page>> Locks::list(repo::RepoRef repo, Query query) {
  auto read = [id = repo->id, query](db::Tx& tx) -> Result<Page> {
    Page page;
    if (query.path || query.id) {
      auto found = query.path ? store::find(tx, id, *query.path) : store::find(tx, id, *query.id);
      if (found && (!query.id || found->id == *query.id))
        page.locks.push_back(named(tx, std::move(*found)));
      return page;
    }
    int limit = std::clamp(query.limit, 1, limit_max);
    auto locks = store::list(tx, id, query.after.value_or(""), limit + 1);
    bool more = locks.size() > static_cast<std::size_t>(limit);
    if (more) locks.pop_back();
    for (auto& lock : locks) page.locks.push_back(named(tx, std::move(lock)));
    if (more) page.next = page.locks.back().path;
    return page;
  };
  co_return co_await database_.read(read);
}

Task<Result<Lock>> Locks::unlock(Actor actor, repo::RepoRef repo, PublicId lock_id, bool force) {
  auto remove = [this, actor, id = repo->id, lock_id, force](db::Tx& tx) -> Result<Lock> {
    CAIRN_CHECK(repos_.recheck(tx, actor, id, access::Action::write));
    auto lock = store::find(tx, id, lock_id);
    if (!lock)
      return fail(ErrorCode::not_found, "LockNotFound",
                  "There is no such lock. See git lfs locks.");
    bool own = actor.has_user() && lock->user == actor.user;
    if (!own && !force)
      return fail(
          ErrorCode::forbidden, "LockOfAnother",
          "The lock is another's. Ask them to remove it; who administers the repository can "
          "remove it with --force.");
    if (!own) CAIRN_CHECK(repos_.recheck(tx, actor, id, access::Action::administer));
    store::remove(tx, id, lock->path);
    return named(tx, std::move(*lock));
  };
  co_return co_await database_.write(remove);
}

}  // namespace cairn::locks
