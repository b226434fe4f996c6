#pragma once
#include "hub/repo/operations.h"

namespace cairn::repo {

/// What the members of Operations work with.
struct Operations::Parts {
  db::Database& database;
  history::History& history;
  Repos& repos;
  lfs::Lfs& large_files;
  const Keyring& keyring;
  Blocking& blocking;
  const Clock& clock;
};

}  // namespace cairn::repo
