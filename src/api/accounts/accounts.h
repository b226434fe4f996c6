#pragma once
#include <string>

#include "hub/account/account.h"
#include "hub/mail/mail.h"
#include "hub/people/people.h"
#include "hub/settings/settings.h"
#include "platform/db/db.h"
#include "platform/http/http.h"

/// What people do with their accounts: JSON for pages and scripts.
namespace cairn::api::accounts {

namespace hub = cairn::account;

/// What the handlers ask. All outlive the router.
struct Services {
  db::Database& database;
  hub::Accounts& accounts;
  people::People& people;
  settings::Settings& settings;
  const mail::Mail& mail;
  const Clock& clock;
  std::string public_url;  ///< Without '/' at its end. https: cookies are Secure.
};

void add_routes(http::Router& router, Services& services);

}  // namespace cairn::api::accounts
