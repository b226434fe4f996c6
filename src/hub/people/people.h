#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/access/access.h"
#include "hub/account/account.h"
#include "hub/mail/mail.h"
#include "hub/people/invites.h"
#include "hub/people/profile.h"
#include "hub/settings/settings.h"
#include "platform/db/db.h"

/// What people do with their accounts and organizations: sign up, sign in, passwords, addresses,
/// invites, tokens, profiles. The rules of the hub (hub/settings) are enforced here.
namespace cairn::people {

using account::Actor;
using account::OpenedSession;
using account::Organization;
using account::Role;
using account::Seen;
using account::User;

[[nodiscard]] std::vector<db::Migration> people_migrations();

constexpr Duration setup_link_lifetime = hours(24);
constexpr Duration verification_lifetime = days(3);
constexpr Duration reset_lifetime = hours(1);
/// Made by an administrator and passed on by hand.
constexpr Duration password_link_lifetime = days(1);
/// An account that never verified its address where it must is deleted, like any other.
constexpr Duration unverified_kept = days(7);
/// More organizations than one person runs.
constexpr int organizations_per_user_max = 200;

struct Options {
  std::string public_url;  ///< Without '/' at its end; begins every link.
  /// Called in the transaction that renames, deletes or restores an owner.
  std::function<void(db::Tx&, OwnerId)> owner_changed = [](db::Tx&, OwnerId) {};
};

struct SignUp {
  std::string name, password;
  std::optional<std::string> full_name, email;
  std::optional<std::string> invite;  ///< Its code.
};
struct SignedUp {
  User user;
  std::optional<OpenedSession> session;  ///< Empty: the address has to be verified first.
};

struct Setup {
  std::string code, name, password;
  std::optional<std::string> full_name, email, hub_name;
  std::optional<bool> anonymous_read;
};

struct TokenRequest {
  std::string name;
  account::TokenRole role = account::TokenRole::read;
  account::Scopes scopes = {};
  std::optional<Time> expires_at = {};  ///< Empty: as late as the hub's rules allow.
};

struct OrganizationRequest {
  std::string name;
  std::optional<std::string> full_name;
};

class Throttle;

/// May be called from any thread. References outlive this object.
///
/// Errors carry the field they are about, "field", for forms. Where guessing could help somebody,
/// attempts are counted per account and per address: `rate_limited`, word "TooManyAttempts".
class People {
 public:
  People(db::Database& database, Blocking& blocking, const Clock& clock, const Keyring& keyring,
         account::Accounts& accounts, settings::Settings& settings, const mail::Mail& mail,
         Options options);
  ~People();
  People(const People&) = delete;
  People& operator=(const People&) = delete;

  // ---- Coming in (sign_in.cpp) ----

  /// @return as Accounts::sign_in().
  Task<Result<OpenedSession>> sign_in(std::string name, std::string password, Seen seen);
  /// @return `forbidden`, words "RegistrationClosed", "InviteNeeded", "EmailNotAllowed";
  ///         `not_found`, word "InviteNotFound"; what account::create_user() says.
  Task<Result<SignedUp>> sign_up(SignUp request, Seen seen);
  /// The password again: the session lives on under a new cookie.
  /// @return the cookie; `bad_credentials`, word "InvalidPassword".
  Task<Result<std::string>> confirm(Actor actor, std::string password);

  // ---- Passwords and addresses (passwords.cpp) ----

  /// Other sessions end. @return the new cookie of this one (empty for a token);
  ///         `bad_credentials`, word "InvalidPassword", for a wrong old one.
  Task<Result<std::string>> change_password(Actor actor, std::string old, std::string password);
  /// Mails a link to the verified addresses of that name or address. Takes the same time and says
  /// the same whether there is one. @return `not_implemented`, word "NoMail".
  Task<Result<>> request_reset(std::string name_or_email, Seen seen);
  /// For an administrator to pass on. @return the link.
  Task<Result<std::string>> make_password_link(Actor actor, std::string name);
  /// @return `not_found`, word "LinkExpired"; as Accounts::set_password().
  Task<Result<User>> redeem_reset(std::string code, std::string password, Seen seen);
  /// Sends (again) the link that verifies the actor's address.
  /// @return `not_implemented`, word "NoMail"; `conflict`, words "NoEmail", "EmailVerified".
  Task<Result<>> send_verification(Actor actor);
  /// @return `not_found`, word "LinkExpired".
  Task<Result<User>> verify_email(std::string code, Seen seen);
  /// Clears the verification and sends a link to the new address, a notice to the old one. In a
  /// browser whose password was given lately.
  Task<Result<User>> change_email(Actor actor, std::string email);

  // ---- The first administrator (setup.cpp) ----

  /// A link that makes its holder that administrator, once. Empty name: the first there is.
  /// @return the link; `not_found`, word "UserNotFound"; `conflict`, word "NotAdministrator".
  Result<std::string> make_setup_link(db::Tx& tx, std::string_view name);
  /// Whether a link still works; tells nothing else. @return `not_found`, word "LinkExpired".
  Task<Result<User>> look_at_setup(std::string code, Seen seen);
  Task<Result<OpenedSession>> set_up(Setup request, Seen seen);

  // ---- Tokens (tokens.cpp) ----

  /// @return `invalid_argument`, word "InvalidExpiry", beyond the hub's rules; as create_token().
  Task<Result<account::CreatedToken>> create_token(Actor actor, TokenRequest request);
  /// A new value. @param keep  so long the old one works beside it, at most `old_value_kept_max`.
  Task<Result<account::CreatedToken>> rotate_token(Actor actor, PublicId token, Duration keep = {});
  static constexpr Duration old_value_kept_max = days(7);
  Task<Result<>> revoke_token(Actor actor, PublicId token);
  /// Values that were found where they do not belong, whoever's they are; at most `leaked_max`.
  /// Their users get a notice. @return how many were tokens.
  Task<Result<int>> revoke_leaked(std::vector<std::string> values, Seen seen);
  static constexpr std::size_t leaked_max = 1000;

  // ---- Invites (invites.cpp) ----

  /// To the hub (administrators), to an organization (its admins), or both.
  /// @return `invalid_argument`, word "InvalidInvite"; `forbidden`.
  Task<Result<CreatedInvite>> create_invite(Actor actor, NewInvite invite);
  /// Of an organization, or all (administrators). Open ones, newest first.
  Task<Result<std::vector<Invite>>> list_invites(Actor actor, std::optional<std::string> org);
  Task<Result<>> revoke_invite(Actor actor, PublicId invite);
  /// What a code leads to. @return `not_found`, word "InviteNotFound".
  Task<Result<FoundInvite>> look_at_invite(std::string code, Seen seen);
  /// Those addressed to the actor by name.
  Task<Result<std::vector<Invite>>> my_invites(Actor actor);
  Task<Result<Invite>> accept_invite(Actor actor, std::string code);
  Task<Result<Invite>> answer_invite(Actor actor, PublicId invite, bool accept);

  // ---- Organizations (organizations.cpp) ----

  /// @return `forbidden`, word "Forbidden", by the hub's rules; as create_organization().
  Task<Result<Organization>> create_organization(Actor actor, OrganizationRequest request);
  /// Of a member. Empty role ("no_access"): no member any more.
  /// @return `not_found`, word "MemberNotFound"; `conflict`, word "LastAdmin".
  Task<Result<>> set_role(Actor actor, std::string org, std::string user, std::optional<Role> role);
  /// Oneself, or by an admin somebody else.
  Task<Result<>> remove_member(Actor actor, std::string org, std::string user);
  /// Its repositories disappear with it, and come back with it for 30 days.
  Task<Result<>> delete_organization(Actor actor, std::string org);

  // ---- Profiles (profiles.cpp) ----

  Task<Result<Profile>> change_profile(Actor actor, std::string owner, ProfileChange change);
  /// Re-encodes the picture in a locked-down child, within `avatar_pixels_max` a side.
  /// @return `unprocessable`, word "InvalidImage".
  Task<Result<Profile>> set_avatar(Actor actor, std::string owner, std::string image);
  Task<Result<Profile>> remove_avatar(Actor actor, std::string owner);

  // ---- For other modules ----

  /// A mail to somebody's verified address about what happened to their account or waits for them;
  /// nothing where there is none. Sent after the commit.
  void notice(db::Tx& tx, UserId user, std::string subject, std::string text) const;

  // ---- Upkeep ----

  /// Ended codes, invites, sessions; accounts that never verified. A few at a time.
  Task<Result<>> forget_old();
  /// To be called in the transaction that purges an owner, before it.
  void owner_purged(db::Tx& tx, OwnerId owner);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cairn::people
