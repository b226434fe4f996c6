#pragma once
#include <string>

#include "hub/account/account.h"
#include "hub/pictures/pictures.h"
#include "hub/render/render.h"
#include "hub/repo/files.h"
#include "hub/repo/repos.h"
#include "hub/settings/settings.h"
#include "platform/db/db.h"
#include "platform/http/http.h"

/// The documents of the web hub: status, head, data and strangers' content. The app in `web/` draws
/// every element (docs/decisions/0012-pages.md).
namespace cairn::pages {

/// What pages are made of. All outlive the router.
struct Services {
  /// Set before the first request: pages ask the server's own router.
  const http::Router* router = nullptr;
  db::Database& database;
  account::Accounts& accounts;
  repo::Repos& repos;
  repo::Files& files;
  render::Renderer& renderer;
  pictures::Pictures& pictures;
  settings::Settings& settings;
  const Clock& clock;
  std::string public_url;  ///< Without '/' at its end.
  std::string version;
};

/// Adds what pages ask and the API's description tells of: the editor's preview, and pictures
/// of other hosts.
void add_api_routes(http::Router& router, Services& services);

/// Adds a page for every address, the app's files, and what answers browsers at addresses of other
/// protocols. After all other routes and the hooks that recognize who asks.
void add_routes(http::Router& router, Services& services);

}  // namespace cairn::pages
