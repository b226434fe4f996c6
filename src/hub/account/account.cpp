#include "hub/account/account.h"

#include <algorithm>

#include "hub/account/cache.h"
#include "hub/account/rules.h"
#include "hub/account/store.h"

namespace cairn::account {
namespace {

using store::OwnerRow;

/// A credential as the database has it now.
struct Credential {
  Actor actor;
  std::optional<Time> expires_at;
};

/// @return nothing unless the user can act.
std::optional<OwnerRow> acting_user(db::Tx& tx, UserId id) {
  auto row = store::owner_by_id(tx, owner_of(id));
  if (!row || row->deleted_at || row->owner.disabled_at || row->must_verify) return std::nullopt;
  return row;
}

Actor actor_of(const OwnerRow& row, ActorKind kind) {
  Actor out;
  out.kind = kind;
  out.user = UserId{row.owner.id.value};
  out.user_public_id = row.owner.public_id;
  out.user_name = row.owner.name;
  out.is_admin = row.is_admin;
  return out;
}

bool over(const std::optional<Time>& expires_at, Time now) {
  return expires_at && *expires_at <= now;
}

Result<Credential> load_token(db::Tx& tx, const Sha256Digest& hash, Time now) {
  auto token = store::token_by_hash(tx, hash);
  if (!token || token->revoked_at || over(token->expires_at, now)) return fail(bad_credentials());
  auto user = acting_user(tx, token->user);
  if (!user) return fail(bad_credentials());
  Actor actor = actor_of(*user, ActorKind::token);
  actor.token = token->id;
  actor.token_role = token->role;
  if (token->role == TokenRole::fine_grained) {
    refresh_scopes(tx, token->scopes);
    actor.token_scopes = std::make_shared<const Scopes>(std::move(token->scopes));
  }
  return Credential{std::move(actor), token->expires_at};
}

Result<Credential> load_session(db::Tx& tx, const Sha256Digest& hash, Time now) {
  auto session = store::session_by_hash(tx, hash);
  if (!session || session->revoked_at || over(session->expires_at, now))
    return fail(bad_credentials());
  auto user = acting_user(tx, session->user);
  if (!user) return fail(bad_credentials());
  Actor actor = actor_of(*user, ActorKind::user);
  actor.session = session->id;
  actor.confirmed_at = session->confirmed_at;
  return Credential{std::move(actor), session->expires_at};
}

Result<OwnerRow> living_row(db::Tx& tx, OwnerId id) {
  tx.lock_row(db::Lockable::owner, id.value);
  CAIRN_CHECK(find_owner(tx, id));  // The answer when there is none.
  return *store::owner_by_id(tx, id);
}

Result<OwnerRow> living_user(db::Tx& tx, UserId id) {
  CAIRN_CHECK(find_user(tx, id));
  return living_row(tx, owner_of(id));
}

/// Fails when nobody could administer this hub without `user`.
Result<> keep_an_admin(db::Tx& tx, UserId user) {
  // All of them are locked, or two administrators could remove each other at once.
  for (UserId id : store::acting_admins(tx)) tx.lock_row(db::Lockable::owner, id.value);
  auto admins = store::acting_admins(tx);
  if (admins.size() == 1 && admins.front() == user)
    return fail(ErrorCode::conflict, "LastAdministrator",
                "This is the last administrator who can act. Make another user administrator "
                "first; nothing was changed.");
  return {};
}

}  // namespace

Result<> check_root_key(db::Tx& tx, const Keyring& keyring) {
  constexpr std::string_view purpose = "account.root_key", message = "cairn";
  constexpr std::string_view key = "root_key";
  auto known = store::meta(tx, key);
  if (known && !keyring.verify(purpose, message, *known))
    return fail(ErrorCode::conflict, "WrongRootKey",
                "The database belongs to another root key. Start with the root key it was made "
                "with; it lies beside the data, not in a backup of the database.");
  auto current = keyring.sign(purpose, message);
  if (known != current) store::set_meta(tx, key, current);
  return {};
}

Result<Whoami> whoami(db::Tx& tx, const Actor& actor) {
  if (!actor.has_user())
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "Nobody is signed in. Send an access token in the Authorization header.");
  Whoami out;
  CAIRN_TRY(user, find_user(tx, actor.user));
  out.user = std::move(user);
  out.organizations = memberships(tx, actor.user);
  if (actor.token) {
    auto token = find_token(tx, *actor.token);
    if (!token) return fail(bad_credentials());
    refresh_scopes(tx, token->scopes);
    out.token = *std::move(token);
  }
  return out;
}

Accounts::Accounts(db::Database& database, Blocking& blocking, const Clock& clock,
                   const Keyring& keyring)
    : database_(database),
      blocking_(blocking),
      clock_(clock),
      keyring_(keyring),
      cache_(std::make_shared<CredentialCache>(
          database.engine() == db::Engine::sqlite ? std::nullopt : std::optional(seconds(1)))) {}

Accounts::~Accounts() = default;

// ---- Recognition ----

Task<Result<Actor>> Accounts::recognize(bool session, std::string value, Seen seen) {
  if (!is_token_value(value)) co_return fail(bad_credentials());
  CredentialKey key{session ? CredentialKind::session : CredentialKind::token, token_hash(value)};
  Time now = clock_.now();
  seen = bounded(std::move(seen));
  if (auto entry = cache_->find(key, now, seen)) co_return entry->actor;

  auto generation = cache_->generation();
  auto load = [key, now](db::Tx& tx) -> Result<Credential> {
    return key.first == CredentialKind::session ? load_session(tx, key.second, now)
                                                : load_token(tx, key.second, now);
  };
  CAIRN_CO_TRY(credential, co_await database_.read(load));
  auto entry = std::make_shared<CredentialCache::Entry>();
  entry->actor = credential.actor;
  entry->expires_at = credential.expires_at;
  entry->loaded_at = now;
  entry->last_used_us = now.us;
  entry->seen = std::move(seen);
  cache_->insert(key, std::move(entry), generation);
  co_return std::move(credential.actor);
}

Task<Result<Actor>> Accounts::authenticate(std::string token, Seen seen) {
  return recognize(false, std::move(token), std::move(seen));
}

Task<Result<Actor>> Accounts::authenticate_session(std::string cookie, Seen seen) {
  return recognize(true, std::move(cookie), std::move(seen));
}

Task<Result<bool>> Accounts::verify_in_turn(std::optional<std::string> hash, std::string password) {
  // Each takes 64 MiB while it runs: the threads bound how many run, this how many wait.
  constexpr int verifying_max = 32;
  struct Turn {
    std::atomic<int>& count;
    int before = count.fetch_add(1);
    ~Turn() { --count; }
  } turn{verifying_};
  if (turn.before >= verifying_max) {
    Error busy{ErrorCode::unavailable, "TooManySignIns",
               "Many people are signing in right now. Try again in a few seconds."};
    busy.retry_after_s = 3;
    co_return fail(std::move(busy));
  }
  auto verify = [hash, password] {
    if (hash) return password.size() <= password_bytes_max && verify_password(*hash, password);
    (void)hash_password("no such user");  // As much work as for a user who exists.
    return false;
  };
  co_return co_await blocking_.run(verify);
}

Task<Result<User>> Accounts::sign_in(std::string name, std::string password) {
  auto find = [name](db::Tx& tx) -> Result<std::optional<OwnerRow>> {
    auto user = find_user(tx, name);
    if (!user && name.find('@') != name.npos) {
      auto known = users_of_email(tx, name);
      if (known.size() == 1) user = known.front();
    }
    if (!user) return std::optional<OwnerRow>{};
    auto row = store::owner_by_id(tx, owner_of(user->id));
    if (!row || row->owner.disabled_at) return std::optional<OwnerRow>{};
    return row;
  };
  CAIRN_CO_TRY(row, co_await database_.read(find));
  CAIRN_CO_TRY(good, co_await verify_in_turn(row ? row->password_hash : std::nullopt, password));
  if (!good)
    co_return fail(ErrorCode::bad_credentials, "InvalidPassword",
                   "The name or the password is wrong.");
  if (row->must_verify)
    co_return fail(ErrorCode::forbidden, "EmailNotVerified",
                   "Open the link in the mail that this hub sent you, then sign in.");
  co_return to_user(*row);
}

Task<Result<>> Accounts::check_password_of(UserId user, std::string password) {
  auto find = [user](db::Tx& tx) -> Result<std::optional<std::string>> {
    auto row = acting_user(tx, user);
    return row ? row->password_hash : std::nullopt;
  };
  CAIRN_CO_TRY(hash, co_await database_.read(find));
  CAIRN_CO_TRY(good, co_await verify_in_turn(hash, std::move(password)));
  if (good) co_return Result<>{};
  co_return fail(ErrorCode::bad_credentials, "InvalidPassword", "The password is wrong.");
}

std::string Accounts::csrf_token(std::string_view cookie) const {
  return keyring_.sign("account.csrf", cookie);
}

bool Accounts::is_csrf_token(std::string_view cookie, std::string_view token) const {
  return keyring_.verify("account.csrf", cookie, token);
}

Task<Result<>> Accounts::flush() {
  auto uses = std::make_shared<const std::vector<CredentialCache::Use>>(cache_->take_uses());
  // In steps, so that no transaction holds the writer for long.
  constexpr std::size_t step = 1000;
  for (std::size_t from = 0; from < uses->size(); from += step) {
    auto write = [uses, from](db::Tx& tx) -> Result<> {
      for (std::size_t i = from; i < std::min(from + step, uses->size()); ++i) {
        const auto& use = (*uses)[i];
        if (use.actor.token) store::touch_token(tx, *use.actor.token, use.at, use.seen);
        if (use.actor.session) store::touch_session(tx, *use.actor.session, use.at, use.seen);
      }
      return {};
    };
    CAIRN_CO_CHECK(co_await database_.write(write));
  }
  co_return Result<>{};
}

// ---- Changes ----

void Accounts::forget_after_commit(db::Tx& tx) {
  auto cache = cache_;
  tx.after_commit([cache] { cache->clear(); });
}

Result<> Accounts::revoke_token(db::Tx& tx, UserId user, TokenId id) {
  CAIRN_TRY(token, find_token(tx, id));
  if (token.user != user) return token_not_found();
  store::revoke_token(tx, id);
  forget_after_commit(tx);
  return {};
}

Result<std::optional<Token>> Accounts::revoke_token_value(db::Tx& tx, std::string_view value) {
  if (!is_token_value(value)) return std::optional<Token>{};
  auto token = store::token_by_hash(tx, token_hash(value));
  if (!token || token->revoked_at) return std::optional<Token>{};
  store::revoke_token(tx, token->id);
  forget_after_commit(tx);
  return token;
}

Result<CreatedToken> Accounts::rotate_token(db::Tx& tx, UserId user, TokenId id,
                                            std::optional<Time> expires_at) {
  CAIRN_TRY(token, find_token(tx, id));
  if (token.user != user) return token_not_found();
  CreatedToken out{std::move(token), new_token_value()};
  out.token.hint = token_hint(out.value);
  out.token.expires_at = expires_at;
  store::rotate_token(tx, out.token, token_hash(out.value));
  forget_after_commit(tx);
  return out;
}

Result<> Accounts::end_session(db::Tx& tx, UserId user, const PublicId& id) {
  auto session = store::session_by_public_id(tx, id);
  if (!session || session->user != user || session->revoked_at)
    return fail(ErrorCode::not_found, "SessionNotFound",
                "There is no such session, or it has ended. List yours to see which there are.");
  store::end_session(tx, session->id);
  forget_after_commit(tx);
  return {};
}

void Accounts::end_sessions(db::Tx& tx, UserId user, std::optional<SessionId> kept) {
  store::end_sessions(tx, user, kept);
  forget_after_commit(tx);
}

Result<std::string> Accounts::confirm_session(db::Tx& tx, SessionId session) {
  auto cookie = new_cookie();
  if (!store::confirm_session(tx, session, token_hash(cookie), tx.now() + session_lifetime))
    return fail(bad_credentials());
  forget_after_commit(tx);
  return cookie;
}

Result<> Accounts::verify_email(db::Tx& tx, UserId user, std::string_view email) {
  CAIRN_TRY(row, living_user(tx, user));
  if (row.owner.email != email)
    return fail(ErrorCode::conflict, "EmailChanged",
                "The account has another email address by now. Ask for a new link.");
  row.owner.email_verified_at = tx.now();
  row.must_verify = false;
  store::update_owner(tx, row);
  forget_after_commit(tx);
  return {};
}

Result<> Accounts::disable_user(db::Tx& tx, UserId user) {
  CAIRN_TRY(row, living_user(tx, user));
  if (row.owner.disabled_at) return {};
  CAIRN_CHECK(keep_an_admin(tx, user));
  row.owner.disabled_at = tx.now();
  store::update_owner(tx, row);
  store::end_sessions(tx, user, std::nullopt);
  forget_after_commit(tx);
  return {};
}

Result<> Accounts::enable_user(db::Tx& tx, UserId user) {
  CAIRN_TRY(row, living_user(tx, user));
  if (!row.owner.disabled_at) return {};
  row.owner.disabled_at.reset();
  store::update_owner(tx, row);
  forget_after_commit(tx);
  return {};
}

Result<> Accounts::set_admin(db::Tx& tx, UserId user, bool is_admin) {
  CAIRN_TRY(row, living_user(tx, user));
  if (row.is_admin == is_admin) return {};
  if (!is_admin) CAIRN_CHECK(keep_an_admin(tx, user));
  row.is_admin = is_admin;
  store::update_owner(tx, row);
  forget_after_commit(tx);
  return {};
}

Result<> Accounts::delete_owner(db::Tx& tx, OwnerId owner, std::optional<UserId> by) {
  CAIRN_TRY(row, living_row(tx, owner));
  if (row.owner.kind == OwnerKind::user) CAIRN_CHECK(keep_an_admin(tx, UserId{owner.value}));
  row.deleted_at = tx.now();
  row.deleted_by = by;
  row.purge_at = tx.now() + kept_after_delete;
  store::update_owner(tx, row);
  forget_after_commit(tx);
  return {};
}

Result<Owner> Accounts::restore_owner(db::Tx& tx, std::string_view name) {
  auto row = store::owner_by_key(tx, name_key(name));
  if (!row || !row->deleted_at || !row->purge_at)
    return fail(ErrorCode::not_found, "OwnerNotFound",
                "There is no deleted user or organization of this name that can be restored.");
  row->deleted_at.reset();
  row->deleted_by.reset();
  row->purge_at.reset();
  store::update_owner(tx, *row);
  forget_after_commit(tx);
  return row->owner;
}

std::vector<OwnerId> Accounts::owners_due(db::Tx& tx, int limit) const {
  return store::owners_to_purge(tx, limit);
}

Result<int> Accounts::purge_owners(db::Tx& tx, int limit) {
  int count = 0;
  for (OwnerId id : store::owners_to_purge(tx, limit)) {
    tx.lock_row(db::Lockable::owner, id.value);
    auto row = store::owner_by_id(tx, id);
    if (!row || !row->purge_at || *row->purge_at > tx.now()) continue;
    store::purge(tx, id, row->owner.public_id);
    ++count;
  }
  if (count > 0) forget_after_commit(tx);
  return count;
}

Result<Owner> Accounts::rename_owner(db::Tx& tx, OwnerId owner, std::string_view wanted) {
  CAIRN_TRY(row, living_row(tx, owner));
  CAIRN_TRY(name, check_owner_name(wanted));
  auto old_key = name_key(row.owner.name);
  if (name_key(name) != old_key) {
    CAIRN_CHECK(check_name_free(tx, name, owner));
    store::drop_redirect(tx, name_key(name));
    store::set_redirect(tx, old_key, owner);
  }
  store::update_name(tx, owner, name);
  forget_after_commit(tx);
  return store::owner_by_id(tx, owner)->owner;
}

Result<Owner> Accounts::change_profile(db::Tx& tx, OwnerId owner, const ProfileChange& change) {
  CAIRN_TRY(row, living_row(tx, owner));
  Owner& o = row.owner;
  if (change.full_name) {
    CAIRN_TRY(full_name, check_full_name(*change.full_name, o.name));
    o.full_name = full_name;
  }
  if (change.email) {
    CAIRN_TRY(email, check_email(*change.email));
    if (o.email != email) o.email_verified_at.reset();
    o.email = email;
  }
  if (change.avatar) {
    if (change.avatar->size() > avatar_bytes_max)
      return fail(
          ErrorCode::invalid_argument, "InvalidAvatar",
          "The address of an avatar has at most " + std::to_string(avatar_bytes_max) + " bytes.");
    o.avatar = change.avatar->empty() ? std::nullopt : change.avatar;
  }
  if (change.plan) o.plan = *change.plan;
  if (change.default_visibility) o.default_visibility = *change.default_visibility;
  store::update_owner(tx, row);
  forget_after_commit(tx);
  return store::owner_by_id(tx, owner)->owner;
}

// ---- Longer steps ----

Task<Result<std::string>> Accounts::hash_new_password(std::string password) {
  CAIRN_CO_CHECK(check_password(password));
  auto make = [password] { return hash_password(password); };
  co_return co_await blocking_.run(make);
}

void Accounts::put_password_hash(db::Tx& tx, UserId user, const std::string& hash,
                                 std::optional<SessionId> kept) {
  tx.lock_row(db::Lockable::owner, user.value);
  auto row = store::owner_by_id(tx, owner_of(user));
  if (!row) return;
  row->password_hash = hash;
  store::update_owner(tx, *row);
  store::end_sessions(tx, user, kept);
  forget_after_commit(tx);
}

Task<Result<>> Accounts::set_password(UserId user, std::string password,
                                      std::optional<SessionId> kept) {
  CAIRN_CO_TRY(hash, co_await hash_new_password(std::move(password)));
  auto write = [this, user, hash, kept](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(find_user(tx, user));
    put_password_hash(tx, user, hash, kept);
    return {};
  };
  co_return co_await database_.write(write);
}

Task<Result<ApplySummary>> Accounts::apply(std::string text) {
  CAIRN_CO_TRY(parsed, read_apply_file(text));
  auto file = std::make_shared<const ApplyFile>(std::move(parsed));
  auto read = [file](db::Tx& tx) -> Result<PasswordHashes> { return known_passwords(tx, *file); };
  CAIRN_CO_TRY(known, co_await database_.read(read));
  auto hash = [file, known] { return changed_passwords(*file, known); };
  auto passwords = co_await blocking_.run(hash);
  auto write = [this, file, passwords](db::Tx& tx) -> Result<ApplySummary> {
    CAIRN_TRY(summary, apply_file(tx, *file, passwords));
    forget_after_commit(tx);
    return summary;
  };
  co_return co_await database_.write(write);
}

}  // namespace cairn::account
