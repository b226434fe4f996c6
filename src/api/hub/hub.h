#pragma once
#include <string>

#include "base/keyring.h"
#include "hub/account/account.h"
#include "hub/community/community.h"
#include "hub/keys/signatures.h"
#include "hub/lfs/lfs.h"
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
#include "platform/http/http.h"

/// The Hub's JSON protocol and its downloads: handlers that parse, ask the domain and encode.
namespace cairn::api::hub {

/// Requests of one actor in `window_s` seconds, by bucket (hub-api.md 1.10). People who are not
/// signed in have a third of it per address.
struct RateLimits {
  bool on = false;
  int api = 0, resolvers = 0, pages = 0;
  static constexpr int window_s = 300;
};

/// What the handlers ask. All outlive the router.
struct Services {
  db::Database& database;
  Blocking& blocking;
  account::Accounts& accounts;
  repo::Repos& repos;
  repo::Files& files;
  repo::Commits& commits;
  community::Community& community;
  lfs::Lfs& large_files;
  xet::Xet& xet;
  repo::Inspector& inspector;
  repo::Operations& operations;
  repo::SpaceValues& space_values;
  repo::Past& past;
  std::string public_url;  ///< Without '/' at its end.
  /// `Authorization: Local <this>` over the hub's Unix socket is its operator at the command line.
  std::string local_secret;
  settings::Settings& settings;
  const Clock& clock;
  keys::Signatures& signatures;
  RateLimits rate_limits = {};
};

/// Recognizes who asks, on every route that is found: `Authorization: Bearer hf_…`, or Basic with
/// the token as password, or a browser's session cookie. A token that is not good is 401 on every
/// route, public ones too; a cookie that is not good is nobody's.
///
/// Then whether they may come in at all: writes with a cookie need its X-CSRF-Token, dangerous ones
/// a password given lately; a hub may show nothing to strangers, may be in maintenance, and counts
/// how often somebody asks.
void add_authentication(http::Router& router, Services& services);

/// Adds every route of the protocol and its error encoding as the router's default.
void add_routes(http::Router& router, Services& services);

/// {"error": …} with X-Error-Code and X-Error-Message, which clients go by (hub-api.md 1.7).
[[nodiscard]] http::Response encode_error(const Error& error, const http::Request& request);

}  // namespace cairn::api::hub
