#pragma once
#include "hub/repo/commits.h"

namespace cairn::repo {

/// What the members of Commits work with.
struct Commits::Parts {
  db::Database& database;
  history::History& history;
  Repos& repos;
  Files& files;
  Blocking& blocking;
  const Clock& clock;
};

}  // namespace cairn::repo
