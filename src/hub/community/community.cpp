#include "hub/community/community.h"

#include "hub/community/store.h"

namespace cairn::community {

Community::Community(db::Database& database, history::History& history, repo::Repos& repos,
                     repo::Commits& commits, Blocking& blocking, const Keyring& keyring,
                     const mail::Mail& mail, const settings::Settings& settings,
                     std::string public_url)
    : discussions(database, history, repos, commits, blocking),
      likes(database, repos, keyring),
      access_mail(database, mail, settings, std::move(public_url)),
      requests(database, repos, keyring, access_mail),
      people(database),
      activity(database) {
  repos.when_purged(store::forget_repo);
}

}  // namespace cairn::community
