#pragma once
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
  /// @return `bad_credentials`, message "Invalid credentials in Authorization header", when it is
  ///         unknown, expired, revoked, or its user is disabled or deleted.
  Task<Result<Actor>> authenticate(std::string token);
  /// The same for a cookie's value. @return `bad_credentials`.
  Task<Result<Actor>> authenticate_session(std::string cookie);
  /// The user whose name and password these are. Takes the same time whether the name exists.
  /// @return `bad_credentials`, word "InvalidPassword".
  Task<Result<User>> sign_in(std::string name, std::string password);

  /// Writes when tokens and sessions were last used. Buffered: called every few seconds and before
  /// the end; losing a few seconds of it is allowed.
  Task<Result<>> flush();

  // ---- Changes; each inside the caller's transaction ----

  /// @return `not_found`, word "TokenNotFound", unless a living token of this user.
  Result<> revoke_token(db::Tx& tx, UserId user, TokenId token);
  /// Whoever's it is: for leaked ones. @return whether there was such a token.
  Result<bool> revoke_token_value(db::Tx& tx, std::string_view value);

  /// Disabled users keep everything and cannot do anything. The last administrator who can act
  /// cannot be disabled, deleted or made an ordinary user: `conflict`, word "LastAdministrator".
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

  /// Argon2id on a blocking thread, then the row; sessions of the user end.
  /// @return `invalid_argument`, word "InvalidPassword", outside 8 to 256 bytes.
  Task<Result<>> set_password(UserId user, std::string password);

  /// `cairn admin apply`: see apply.h. One transaction; an error changes nothing.
  Task<Result<ApplySummary>> apply(std::string file_text);

 private:
  Task<Result<Actor>> recognize(bool session, std::string value);
  void forget_after_commit(db::Tx& tx);

  db::Database& database_;
  Blocking& blocking_;
  const Clock& clock_;
  const Keyring& keyring_;
  std::shared_ptr<CredentialCache> cache_;  // Effects of commits share it: they may outlive us.
};

}  // namespace cairn::account
