#pragma once
#include "hub/repo/commits.h"
#include "hub/repo/inspect.h"

namespace cairn::repo {

/// What the members of Commits work with.
struct Commits::Parts {
  db::Database& database;
  history::History& history;
  Repos& repos;
  Files& files;
  Blocking& blocking;
  const Clock& clock;
  PullRequests* pull_requests;
  Inspector inspector;

  /// May this actor change files at `revision`? A pull request's author may at its own ref.
  [[nodiscard]] Result<> check_change(db::Tx& tx, const Actor& actor, const Repo& repo,
                                      std::string_view revision, bool create_pr) const;
};

}  // namespace cairn::repo
