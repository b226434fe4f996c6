#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "hub/account/owners.h"

namespace cairn::people {

constexpr int invite_uses_max = 10'000;
constexpr Duration invite_lifetime = days(7);  ///< Where none is given.
constexpr Duration invite_lifetime_max = days(365);

struct NewInvite {
  std::optional<std::string> email;  ///< Only this address may sign up with it; it gets a mail.
  std::optional<std::string> user;   ///< A user of the hub by name, who answers without a code.
  std::optional<std::string> organization;
  account::Role role = account::Role::read;  ///< In the organization.
  int uses = 1;
  Duration lifetime = invite_lifetime;
};

struct Invite {
  std::int64_t id = 0;
  PublicId public_id;
  std::optional<std::string> email;
  std::optional<UserId> user;
  std::optional<OrgId> organization;
  std::string organization_name, user_name, created_by_name;  ///< As of now; empty without one.
  account::Role role = account::Role::read;
  bool admits = false;  ///< Made by an administrator: also into a hub with closed registration.
  int uses_max = 1, uses = 0;
  std::optional<UserId> created_by;
  Time created_at, expires_at;
};

/// An invite as whoever has its code sees it.
struct FoundInvite {
  Invite invite;
  bool makes_account = true;  ///< The hub's rules let it in who has no account yet.
};

struct CreatedInvite {
  Invite invite;
  std::string link;     ///< Cannot be had again; empty when addressed to a user.
  bool mailed = false;  ///< To `email`.
};

}  // namespace cairn::people
