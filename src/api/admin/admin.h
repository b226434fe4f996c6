#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "hub/account/account.h"
#include "hub/history/history.h"
#include "hub/imports/imports.h"
#include "hub/lfs/lfs.h"
#include "hub/mail/mail.h"
#include "hub/people/people.h"
#include "hub/repo/commits.h"
#include "hub/repo/files.h"
#include "hub/repo/operations.h"
#include "hub/repo/repos.h"
#include "hub/repo/space_values.h"
#include "hub/settings/settings.h"
#include "hub/xet/xet.h"
#include "platform/db/db.h"
#include "platform/http/http.h"

/// The operator's routes, under /api/-/v1/admin: what `cairn admin`, `cairn fsck` and `cairn gc`
/// ask, over the Unix socket of a running hub or within the process. For the system actor and
/// administrators; what reads the server's disk is for the system alone.
namespace cairn::api::admin {

/// One line of the program's configuration as it is in force; secrets are hidden.
struct ConfigLine {
  std::string key, value, source, help;
};

struct Services {
  db::Database& database;
  Blocking& blocking;
  account::Accounts& accounts;
  repo::Repos& repos;
  repo::Commits& commits;
  repo::Files& files;
  lfs::Lfs& large_files;
  xet::Xet& xet;
  history::History& history;
  repo::Operations& operations;
  repo::SpaceValues& space_values;
  std::string public_url;
  Duration gc_grace;
  people::People& people;
  settings::Settings& settings;
  mail::Mail& mail;
  std::vector<ConfigLine> configuration;
  std::string data_folder;
  std::string version;
  cairn::imports::Imports& imports;
};

void add_routes(http::Router& router, Services& services);

}  // namespace cairn::api::admin
