#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/account/actor.h"
#include "platform/db/db.h"

/// Browsers that are signed in. The cookie's value is random and kept as its SHA-256 only; it
/// changes whenever the password is given. Ending sessions: account.h, for a cache knows them.
namespace cairn::account {

/// From the last time the password was given.
constexpr Duration session_lifetime = days(30);
/// What a stolen browser must not do asks for the password when it was given longer ago.
constexpr Duration password_remembered = minutes(15);
/// More browsers than anybody uses; the one that was used longest ago ends.
constexpr int sessions_per_user_max = 50;

/// Of the cookies: the session itself, for the server alone, and what a page sends back in
/// X-CSRF-Token, for its scripts to read.
constexpr std::string_view session_cookie = "cairn_session";
constexpr std::string_view csrf_cookie = "cairn_csrf";
constexpr std::string_view csrf_header = "X-CSRF-Token";

/// Where a credential was used from; kept with its last use.
struct Seen {
  std::string address;
  std::string user_agent;  ///< At most `user_agent_bytes_max`.
};
constexpr std::size_t user_agent_bytes_max = 300;

struct Session {
  SessionId id;
  PublicId public_id;
  UserId user;
  Seen seen;  ///< At its last use.
  Time created_at;
  std::optional<Time> expires_at, last_used_at, confirmed_at, revoked_at;
};

struct OpenedSession {
  Session session;
  std::string cookie;  ///< Cannot be had again.
};

/// The password was just given.
/// @return `not_found`, word "UserNotFound".
Result<OpenedSession> open_session(db::Tx& tx, UserId user, const Seen& seen);
/// Those that still open something, newest first.
[[nodiscard]] std::vector<Session> list_sessions(db::Tx& tx, UserId user);
/// Forgets those that ended a month ago or more, at most `limit`. @return how many.
std::int64_t forget_sessions(db::Tx& tx, int limit);

/// Call before what a stolen browser must not do: making tokens, deleting, administering. Tokens
/// pass, for what they may is in their role.
/// @return `forbidden`, word "PasswordNeeded", for a session that gave it too long ago.
[[nodiscard]] Result<> check_confirmed(const Actor& actor, Time now);

}  // namespace cairn::account
