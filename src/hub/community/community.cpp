#include "hub/community/community.h"

#include "hub/community/store.h"

namespace cairn::community {

Community::Community(db::Database& database, history::History& history, repo::Repos& repos,
                     repo::Commits& commits, Blocking& blocking, const Keyring& keyring)
    : discussions(database, history, repos, commits, blocking),
      likes(database, repos, keyring),
      requests(database, repos, keyring),
      people(database),
      activity(database) {
  repos.when_purged(store::forget_repo);
}

}  // namespace cairn::community
