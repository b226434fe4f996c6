#pragma once
#include "hub/oauth/oauth.h"
#include "hub/publishers/publishers.h"
#include "hub/repo/repos.h"
#include "platform/http/http.h"

/// OAuth 2.0 and OpenID Connect on the wire (hub-api.md 14): `/oauth/…`, the discovery documents,
/// and the JSON routes of what people connected.
namespace cairn::api::oauth {

struct Services {
  db::Database& database;
  cairn::oauth::Provider& provider;
  publishers::Publishers& publishers;
  repo::Repos& repos;
};

/// Adds every route of the protocol; services outlive the router.
void add_routes(http::Router& router, Services& services);

/// {"error": …, "error_description": …} (RFC 6749, 5.2).
[[nodiscard]] http::Response encode_error(const Error& error, const http::Request& request);

}  // namespace cairn::api::oauth
