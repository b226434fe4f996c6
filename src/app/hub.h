#pragma once
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "app/data_folder.h"
#include "base/clock.h"
#include "base/keyring.h"
#include "base/task.h"
#include "hub/account/account.h"
#include "hub/community/community.h"
#include "hub/fetch/fetch.h"
#include "hub/history/history.h"
#include "hub/imports/imports.h"
#include "hub/keys/gpg_keys.h"
#include "hub/keys/keys.h"
#include "hub/keys/signatures.h"
#include "hub/lfs/lfs.h"
#include "hub/locks/locks.h"
#include "hub/mail/mail.h"
#include "hub/oauth/oauth.h"
#include "hub/people/people.h"
#include "hub/pictures/pictures.h"
#include "hub/publishers/publishers.h"
#include "hub/push/push.h"
#include "hub/render/render.h"
#include "hub/repo/commits.h"
#include "hub/repo/files.h"
#include "hub/repo/inspect.h"
#include "hub/repo/operations.h"
#include "hub/repo/past.h"
#include "hub/repo/repos.h"
#include "hub/repo/space_values.h"
#include "hub/settings/settings.h"
#include "hub/xet/xet.h"
#include "platform/db/db.h"
#include "platform/http/outbound.h"
#include "platform/storage/object_store.h"

namespace cairn::app {

/// Every migration of every module, in the order of their names.
[[nodiscard]] std::vector<db::Migration> all_migrations();

/// The domain: what a running server and a command without one have in common. Built in order;
/// each part is handed to those below it.
struct Hub {
  /// Opens the data folder and the database and brings the schema up to date.
  [[nodiscard]] static Result<std::unique_ptr<Hub>> open(Config config);
  Hub(Config, DataFolder, Keyring, std::unique_ptr<db::Database>,
      std::unique_ptr<storage::ObjectStore>, http::Outbound);
  ~Hub();

  Config config;
  DataFolder folder;
  Keyring keyring;
  SystemClock clock;
  Blocking blocking;
  std::unique_ptr<db::Database> database;
  std::unique_ptr<storage::ObjectStore> objects;
  http::Outbound outbound;
  settings::Settings settings;
  mail::Mail mail;
  account::Accounts accounts;
  oauth::Provider oauth;
  std::unique_ptr<history::History> history;
  repo::Repos repos;
  repo::Files files;
  repo::Past past;
  xet::Xet xet;
  lfs::Lfs large_files;
  community::PullRequestRows pull_requests;
  repo::Commits commits;
  fetch::Fetches fetches;
  keys::Keys keys;
  keys::GpgKeys gpg_keys;
  keys::Signatures signatures;
  locks::Locks locks;
  publishers::Publishers publishers;
  push::Pushes pushes;
  community::Community community;
  people::People people;
  render::Renderer renderer;
  pictures::Pictures pictures;
  std::unique_ptr<repo::FileBytes> file_bytes;
  repo::Inspector inspector;
  repo::Operations operations;
  repo::SpaceValues space_values;
  imports::Imports imports;
};

/// Why the hub made its first account known, for the first start's words.
struct FirstAccount {
  std::string name;
  std::string token;
  std::string setup_link;
};
/// The first account and a token for it, when the hub has no user yet.
[[nodiscard]] Result<std::optional<FirstAccount>> make_first_account(Hub& hub);

}  // namespace cairn::app
