#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/keyring.h"
#include "base/task.h"
#include "hub/account/owners.h"
#include "hub/repo/repos.h"

/// Likes: who likes which repository. The count stands in the repository's row and changes in the
/// same transaction, so lists sort by what is true.
namespace cairn::community {

using account::Actor;
using repo::RepoRef;

struct Liker {
  account::User user;
  Time created_at;
};
struct Liked {
  repo::Repo repo;
  Time created_at;
};
template <class Item>
struct LikePage {
  std::vector<Item> items;  ///< Newest first; may be empty although there is a next page.
  std::optional<std::string> next;
};

/// Thread-safe.
class Likes {
 public:
  Likes(db::Database& database, repo::Repos& repos, const Keyring& keyring)
      : database_(database), repos_(repos), keyring_(keyring) {}

  /// Liking twice is fine, and so is taking back what was not given. Needs `discuss`: an account,
  /// and a token that may write.
  Task<Result<>> like(Actor actor, RepoRef repo);
  Task<Result<>> unlike(Actor actor, RepoRef repo);

  /// @param repo  that the actor may see. @return `invalid_argument`, word "InvalidCursor".
  Task<Result<LikePage<Liker>>> likers(RepoRef repo, int limit, std::optional<std::string> cursor);
  /// What a user likes, as far as the actor may see it.
  /// @return also `not_found`, word "UserNotFound".
  Task<Result<LikePage<Liked>>> liked(Actor actor, std::string user, int limit,
                                      std::optional<std::string> cursor);

 private:
  Task<Result<>> change(Actor actor, RepoRef repo, bool give);

  db::Database& database_;
  repo::Repos& repos_;
  const Keyring& keyring_;
};

}  // namespace cairn::community
