#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/account/actor.h"
#include "hub/account/apply.h"
#include "hub/account/owners.h"
#include "hub/account/scopes.h"
#include "hub/account/sessions.h"
#include "hub/account/tokens.h"
#include "hub/account/types.h"
#include "platform/db/db.h"

/// Users, organizations, tokens, sessions: who somebody is. What they may do: hub/access.
namespace cairn::account {

[[nodiscard]] std::vector<db::Migration> account_migrations();

/// Ties the database to the root key: remembers it the first time, then refuses another, for what
/// it signed and sealed could not be read. During a rotation either root will do, and the current
/// one is remembered. Called at every start.
/// @return `conflict`, word "WrongRootKey".
Result<> check_root_key(db::Tx& tx, const Keyring& keyring);

/// What whoami-v2 tells; the protocol encodes it.
struct Whoami {
  User user;
  std::vector<Membership> organizations;
  std::optional<Token> token;  ///< When a token asked.
};
/// @return `unauthenticated` when there is no user.
[[nodiscard]] Result<Whoami> whoami(db::Tx& tx, const Actor& actor);

constexpr std::size_t password_bytes_min = 8;
constexpr std::size_t password_bytes_max = 256;

class CredentialCache;

/// Recognizes people, and holds the changes that recognition depends on.
///
/// Reads and changes that no cache knows of are the free functions of owners.h and tokens.h; the
/// changes below also clear the cache of credentials when they are durable, so on one machine a
/// revoked token is refused from the moment the revocation is answered. With PostgreSQL an entry
/// lives one second (DESIGN 3.7). May be called from any thread.
class Accounts {
 public:
  /// References outlive this object.
  Accounts(db::Database& database, Blocking& blocking, const Clock& clock, const Keyring& keyring);
  ~Accounts();
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;

  // ---- Recognition ----

  /// Who holds this access token ("hf_…", without "Bearer "). A hit costs one SHA-256 and no SQL.
  /// @param seen  kept with the last use.
  /// @return `bad_credentials`, message "Invalid credentials in Authorization header", when it is
  ///         unknown, expired, revoked, or its user is disabled or deleted.
  Task<Result<Actor>> authenticate(std::string token, Seen seen = {});
  /// The same for a cookie's value. @return `bad_credentials`.
  Task<Result<Actor>> authenticate_session(std::string cookie, Seen seen = {});
  /// The user whose name (or verified email address) and password these are. Takes the same time
  /// whether the name exists. Guessing is slowed down by the caller.
  /// @return `bad_credentials`, word "InvalidPassword"; with the right password also `forbidden`,
  ///         word "EmailNotVerified"; `unavailable` when too many passwords are being checked.
  Task<Result<User>> sign_in(std::string name, std::string password);
  /// Whether this is the user's password. @return as `sign_in`.
  Task<Result<>> check_password_of(UserId user, std::string password);
  /// What a page must send in X-CSRF-Token with every write: bound to the cookie, and not to be
  /// made without the root key.
  [[nodiscard]] std::string csrf_token(std::string_view cookie) const;
  [[nodiscard]] bool is_csrf_token(std::string_view cookie, std::string_view token) const;

  /// Writes when tokens and sessions were last used. Buffered: called every few seconds and before
  /// the end; losing a few seconds of it is allowed.
  Task<Result<>> flush();

  // ---- Changes; each inside the caller's transaction ----

  /// @return `not_found`, word "TokenNotFound", unless a living token of this user.
  Result<> revoke_token(db::Tx& tx, UserId user, TokenId token);
  /// Whoever's it is: for leaked ones. @return the token, when there was one.
  Result<std::optional<Token>> revoke_token_value(db::Tx& tx, std::string_view value);
  /// A new value for the same token; the old one opens nothing from the commit on.
  /// @param expires_at  its new end. @return `not_found`, word "TokenNotFound".
  Result<CreatedToken> rotate_token(db::Tx& tx, UserId user, TokenId token,
                                    std::optional<Time> expires_at);

  /// @return `not_found`, word "SessionNotFound", unless a living session of this user.
  Result<> end_session(db::Tx& tx, UserId user, const PublicId& session);
  /// All of them but `kept`.
  void end_sessions(db::Tx& tx, UserId user, std::optional<SessionId> kept = {});
  /// The password was just given: the session lives on under a new cookie, which is returned.
  /// @return `bad_credentials` when it ended meanwhile.
  Result<std::string> confirm_session(db::Tx& tx, SessionId session);
  /// The address is read by its user: they may act, and get mail there.
  /// @return `conflict`, word "EmailChanged", when it is another by now.
  Result<> verify_email(db::Tx& tx, UserId user, std::string_view email);

  /// Disabled users keep everything and cannot do anything; their sessions end. The last
  /// administrator who can act cannot be disabled, deleted or made an ordinary user: `conflict`,
  /// word "LastAdministrator".
  Result<> disable_user(db::Tx& tx, UserId user);
  Result<> enable_user(db::Tx& tx, UserId user);
  Result<> set_admin(db::Tx& tx, UserId user, bool is_admin);

  /// Hides the owner and keeps the name for `kept_after_delete`. Repositories: hub/repo.
  Result<> delete_owner(db::Tx& tx, OwnerId owner, std::optional<UserId> by);
  /// @return `not_found`, word "OwnerNotFound", unless deleted and not yet purged.
  Result<Owner> restore_owner(db::Tx& tx, std::string_view name);
  /// Those that `purge_owners` would forget now: what belongs to them has to go first.
  [[nodiscard]] std::vector<OwnerId> owners_due(db::Tx& tx, int limit) const;
  /// Forgets owners whose time is over, at most `limit`: names are free, personal data is gone; a
  /// nameless row stays for what refers to it. @return how many.
  Result<int> purge_owners(db::Tx& tx, int limit);

  /// The old name leads to the new one until somebody takes it.
  /// @return `invalid_argument` word "InvalidName", `conflict` word "NameTaken".
  Result<Owner> rename_owner(db::Tx& tx, OwnerId owner, std::string_view name);

  struct ProfileChange {
    std::optional<std::string> full_name, email, avatar;  ///< Empty text removes email, avatar.
    std::optional<Plan> plan;
    std::optional<Visibility> default_visibility;
  };
  Result<Owner> change_profile(db::Tx& tx, OwnerId owner, const ProfileChange& change);

  // ---- Longer steps ----

  /// Argon2id on a blocking thread, then the row; sessions of the user end, but for `kept`.
  /// @return `invalid_argument`, word "InvalidPassword", outside 8 to 256 bytes.
  Task<Result<>> set_password(UserId user, std::string password,
                              std::optional<SessionId> kept = {});
  /// For a row that is written with others. @return as `set_password`.
  Task<Result<std::string>> hash_new_password(std::string password);
  void put_password_hash(db::Tx& tx, UserId user, const std::string& hash,
                         std::optional<SessionId> kept = {});

  /// `cairn admin apply`: see apply.h. One transaction; an error changes nothing.
  Task<Result<ApplySummary>> apply(std::string file_text);

 private:
  Task<Result<Actor>> recognize(bool session, std::string value, Seen seen);
  Task<Result<bool>> verify_in_turn(std::optional<std::string> hash, std::string password);
  void forget_after_commit(db::Tx& tx);

  db::Database& database_;
  Blocking& blocking_;
  const Clock& clock_;
  const Keyring& keyring_;
  std::atomic<int> verifying_ = 0;
  std::shared_ptr<CredentialCache> cache_;  // Effects of commits share it: they may outlive us.
};

}  // namespace cairn::account
