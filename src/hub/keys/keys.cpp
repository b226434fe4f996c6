#include "hub/keys/keys.h"

#include "base/bytes.h"
#include "base/text.h"
#include "hub/keys/own.h"
#include "hub/keys/store.h"

namespace cairn::keys {
namespace {

constexpr std::string_view ticket_purpose = "ssh-lfs-ticket";

Error unknown_key() {
  return account::bad_credentials();
}

/// The row of a new key, or why it cannot be one.
Result<Key> parse(const NewKey& request) {
  CAIRN_TRY(parsed, ssh::parse_public_key(request.text));
  Key key;
  key.public_id = make_public_id();
  key.type = parsed.type;
  key.fingerprint = parsed.fingerprint();
  key.text = parsed.text();
  key.title = request.title;
  if (trim(key.title).empty()) key.title = truncate_utf8(parsed.comment, title_bytes_max);
  if (trim(key.title).empty()) key.title = key.fingerprint;
  CAIRN_TRY(title, check_title(key.title));
  key.title = title;
  return key;
}

/// As a key of the whole account, or, with a repository, as a token of that user for it alone.
Actor actor_of(const account::User& user, const Key& key, const std::optional<repo::Repo>& repo) {
  Actor actor;
  actor.kind = account::ActorKind::user;
  actor.user = user.id;
  actor.user_public_id = user.public_id;
  actor.user_name = user.name;
  if (!repo) return actor;
  auto scopes = std::make_shared<account::Scopes>();
  account::Scope scope;
  scope.entity.kind = account::Entity::Kind::repo;
  scope.entity.repo_kind = repo->kind;
  scope.entity.name = repo->name;
  scope.entity.id = repo->public_id;
  scope.permissions.emplace_back(account::permission::repo_content_read);
  scope.permissions.emplace_back(account::permission::repo_access_read);
  if (key.may_write) scope.permissions.emplace_back(account::permission::repo_write);
  scopes->scoped.push_back(std::move(scope));
  actor.kind = account::ActorKind::token;
  actor.token_role = account::TokenRole::fine_grained;
  actor.token_scopes = std::move(scopes);
  return actor;
}

Result<Holder> holder_of(db::Tx& tx, const Key& key) {
  auto user = account::find_user(tx, key.user);
  if (!user || user->disabled_at) return fail(unknown_key());
  std::optional<repo::Repo> repo;
  if (key.repo) {
    repo = repo::find_repo(tx, *key.repo);
    if (!repo) return fail(unknown_key());
  }
  return Holder{actor_of(*user, key, repo), repo ? "the deploy key of " + repo->name : user->name};
}

Result<> check_free(db::Tx& tx, const Key& key, std::size_t count) {
  if (count >= keys_max)
    return fail(ErrorCode::too_large, "TooManyKeys",
                "There are " + std::to_string(keys_max) +
                    " SSH keys already. Remove one that is no longer used.");
  auto taken = store::find(tx, key.fingerprint);
  // Of an account or a repository that is gone it is nobody's.
  if (taken && !holder_of(tx, *taken)) {
    store::remove(tx, taken->id);
    taken.reset();
  }
  // Nobody is told whose it is.
  if (taken)
    return fail(ErrorCode::conflict, "KeyInUse",
                "This SSH key is in use already. A key belongs to one account or one repository: "
                "make a new one with ssh-keygen -t ed25519.");
  return {};
}

}  // namespace

Failure key_not_found() {
  return fail(ErrorCode::not_found, "KeyNotFound", "There is no such key. See the list of keys.");
}

Result<std::string> check_title(std::string_view title) {
  title = trim(title);
  if (title.size() > title_bytes_max || !is_valid_utf8(title))
    return fail(ErrorCode::invalid_argument, "InvalidTitle",
                "The title of a key is text of at most " + std::to_string(title_bytes_max) +
                    " bytes. Choose a shorter one.");
  return std::string(title);
}

Result<> check_own(db::Tx& tx, const Actor& actor) {
  if (!actor.has_user())
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "Nobody is signed in. Send an access token in the Authorization header.");
  auto owner = account::find_owner(tx, owner_of(actor.user));
  if (!owner) return fail(unknown_key());
  return access::check_manage(tx, actor, *owner);
}

Keys::Keys(db::Database& database, repo::Repos& repos, const Keyring& keyring, const Clock& clock,
           Notice notice)
    : database_(database),
      repos_(repos),
      keyring_(keyring),
      clock_(clock),
      notice_(std::move(notice)) {
  repos.when_purged(store::forget_repo);
}

void Keys::owner_purged(db::Tx& tx, OwnerId owner) {
  store::forget_user(tx, UserId{owner.value});
}

Task<Result<std::vector<Key>>> Keys::list(Actor actor) {
  auto read = [actor](db::Tx& tx) -> Result<std::vector<Key>> {
    CAIRN_CHECK(check_own(tx, actor));
    return store::of_user(tx, actor.user);
  };
  co_return co_await database_.read(read);
}

Task<Result<Key>> Keys::add(Actor actor, NewKey request) {
  CAIRN_CO_TRY(key, parse(request));
  auto insert = [this, actor, key](db::Tx& tx) -> Result<Key> {
    CAIRN_CHECK(check_own(tx, actor));
    tx.lock_row(db::Lockable::owner, actor.user.value);
    CAIRN_CHECK(check_free(tx, key, store::of_user(tx, actor.user).size()));
    Key row = key;
    row.user = actor.user;
    notice_(tx, actor.user, "An SSH key was added",
            "The SSH key " + row.fingerprint + " (\"" + row.title +
                "\") now opens your account \"" + actor.user_name + "\".");
    return store::insert(tx, std::move(row));
  };
  co_return co_await database_.write(insert);
}

Task<Result<>> Keys::remove(Actor actor, PublicId key) {
  auto remove = [actor, key](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(check_own(tx, actor));
    if (!store::remove_of_user(tx, actor.user, key)) return key_not_found();
    return {};
  };
  co_return co_await database_.write(remove);
}

Task<Result<std::vector<Key>>> Keys::list(repo::RepoRef repo) {
  auto read = [id = repo->id](db::Tx& tx) -> Result<std::vector<Key>> {
    return store::of_repo(tx, id);
  };
  co_return co_await database_.read(read);
}

Task<Result<Key>> Keys::add(Actor actor, repo::RepoRef repo, NewKey request) {
  CAIRN_CO_TRY(key, parse(request));
  if (!actor.has_user())
    co_return fail(ErrorCode::unauthenticated, "Unauthenticated",
                   "Nobody is signed in. Send an access token in the Authorization header.");
  bool may_write = request.may_write;
  auto insert = [this, actor, id = repo->id, key, may_write](db::Tx& tx) -> Result<Key> {
    CAIRN_TRY(current, repos_.recheck(tx, actor, id, access::Action::administer));
    CAIRN_CHECK(check_free(tx, key, store::of_repo(tx, id).size()));
    Key row = key;
    row.user = actor.user;
    row.repo = id;
    row.may_write = may_write;
    notice_(tx, actor.user, "A deploy key was added",
            "The SSH key " + row.fingerprint + " (\"" + row.title + "\") now opens " +
                current.name + " in your name, for " +
                (may_write ? "reading and writing." : "reading."));
    return store::insert(tx, std::move(row));
  };
  co_return co_await database_.write(insert);
}

Task<Result<>> Keys::remove(repo::RepoRef repo, PublicId key) {
  auto remove = [id = repo->id, key](db::Tx& tx) -> Result<> {
    if (!store::remove_of_repo(tx, id, key)) return key_not_found();
    return {};
  };
  co_return co_await database_.write(remove);
}

Task<Result<Holder>> Keys::recognize(std::string fingerprint, Use use) {
  struct Found {
    Holder holder;
    KeyId key;
    bool stale;
  };
  auto read = [fingerprint](db::Tx& tx) -> Result<Found> {
    auto key = store::find(tx, fingerprint);
    if (!key) return fail(unknown_key());
    CAIRN_TRY(holder, holder_of(tx, *key));
    bool stale = !key->last_used_at || *key->last_used_at + hours(1) < tx.now();
    return Found{std::move(holder), key->id, stale};
  };
  CAIRN_CO_TRY(found, co_await database_.read(read));
  if (found.stale && use == Use::proved) {
    auto note = [key = found.key](db::Tx& tx) -> Result<> {
      store::set_used(tx, key);
      return {};
    };
    CAIRN_CO_CHECK(co_await database_.write(note));
  }
  co_return std::move(found.holder);
}

std::string Keys::lfs_ticket(std::string_view fingerprint) const {
  auto until = clock_.now().seconds() + lfs_ticket_seconds;
  return keyring_.seal(ticket_purpose, std::to_string(until) + " " + std::string(fingerprint));
}

Task<Result<Holder>> Keys::open_lfs_ticket(std::string ticket) {
  auto plain = keyring_.open(ticket_purpose, ticket);
  if (!plain) co_return std::unexpected(unknown_key());
  auto space = plain->find(' ');
  auto until = parse_int(std::string_view(*plain).substr(0, space));
  if (!until || *until < clock_.now().seconds()) co_return std::unexpected(unknown_key());
  co_return co_await recognize(plain->substr(space + 1));
}

ssh::HostKey host_key(const Keyring& keyring) {
  // HMAC-SHA256 under a key of this purpose: 32 bytes that nobody can know without the root.
  auto signature = keyring.sign("ssh-host-key", "ed25519");
  auto seed = base64url_decode(std::string_view(signature).substr(signature.find('.') + 1));
  return ssh::make_host_key(*seed);
}

}  // namespace cairn::keys
