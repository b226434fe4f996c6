#pragma once
#include "hub/push/push.h"

namespace cairn::push {

/// What the parts of a push work with.
struct PushParts {
  db::Database& database;
  history::History& history;
  repo::Repos& repos;
  Blocking& blocking;
  Options options;
  process::Slots slots;
  repo::PullRequests* pull_requests = nullptr;
};

}  // namespace cairn::push
