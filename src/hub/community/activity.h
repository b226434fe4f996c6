#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "hub/event/event.h"
#include "hub/repo/repos.h"

/// What happened lately, read from the outbox. Whether somebody may see an event is asked when it
/// is shown, by the rights of now; what happened while a repository was private stays for those who
/// could see it if it still were.
namespace cairn::community {

using account::Actor;
using repo::RepoRef;

struct Activity {
  std::int64_t id = 0;  ///< Higher is later.
  std::string type;     ///< "repo.commit", "discussion.created"…
  Time time;
  std::string actor;  ///< A name, as it was then; empty for the hub itself.
  RepoKind repo_kind = RepoKind::model;
  std::string repo;  ///< "owner/name" as it is now, or was when it was deleted.
  json::object data;
};

struct ActivityQuery {
  int limit = 50;                      ///< At most 100.
  std::optional<std::int64_t> before;  ///< Only events with a lower id.
};
struct ActivityPage {
  std::vector<Activity> events;      ///< Newest first.
  std::optional<std::int64_t> next;  ///< `before` of the next page.
  std::optional<std::int64_t> seen;  ///< With `mine`: the id until which the actor has seen.
};

/// Thread-safe.
class ActivityFeed {
 public:
  explicit ActivityFeed(db::Database& database) : database_(database) {}

  /// @param repo  that the actor may see.
  Task<Result<ActivityPage>> of_repo(Actor actor, RepoRef repo, ActivityQuery query);
  /// @return `not_found`, word "OwnerNotFound".
  Task<Result<ActivityPage>> of_owner(Actor actor, std::string owner, ActivityQuery query);
  /// In repositories of the actor and of organizations that the actor belongs to.
  Task<Result<ActivityPage>> mine(Actor actor, ActivityQuery query);
  /// Everything up to this event is seen; never backward.
  Task<Result<>> set_seen(Actor actor, std::int64_t event);

 private:
  db::Database& database_;
};

}  // namespace cairn::community
