#include "hub/keys/gpg_keys.h"

#include "base/text.h"
#include "hub/keys/gnupg.h"
#include "hub/keys/own.h"
#include "hub/keys/store.h"

namespace cairn::keys {

GpgKeys::GpgKeys(db::Database& database, Blocking& blocking, std::string scratch,
                 Keys::Notice notice)
    : database_(database),
      blocking_(blocking),
      scratch_(std::move(scratch)),
      notice_(std::move(notice)) {}

Task<Result<std::vector<GpgKey>>> GpgKeys::list(Actor actor) {
  auto read = [actor](db::Tx& tx) -> Result<std::vector<GpgKey>> {
    CAIRN_CHECK(check_own(tx, actor));
    return store::gpg_of_user(tx, actor.user);
  };
  co_return co_await database_.read(read);
}

Task<Result<std::optional<std::string>>> GpgKeys::verified_email(Actor actor) {
  auto read = [actor](db::Tx& tx) -> Result<std::optional<std::string>> {
    CAIRN_CHECK(check_own(tx, actor));
    CAIRN_TRY(user, account::find_user(tx, actor.user));
    if (!user.email || !user.email_verified_at) return std::optional<std::string>{};
    return std::optional<std::string>(to_lower_ascii(*user.email));
  };
  co_return co_await database_.read(read);
}

Task<Result<GpgKey>> GpgKeys::add(Actor actor, std::string text, std::string title) {
  auto may = [actor](db::Tx& tx) { return check_own(tx, actor); };
  CAIRN_CO_CHECK(co_await database_.read(may));
  CAIRN_CO_TRY(given, check_title(title));
  auto ask = [text, scratch = scratch_] { return read_gpg_key(text, scratch); };
  CAIRN_CO_TRY(read, co_await blocking_.run(ask));
  GpgKey key;
  key.public_id = make_public_id();
  key.user = actor.user;
  key.fingerprint = read.fingerprint;
  key.emails = std::move(read.emails);
  key.text = std::move(text);
  key.ring = std::move(read.ring);
  key.expires_at = read.expires_at;
  key.title = !given.empty() ? given : !key.emails.empty() ? key.emails.front() : key.fingerprint;
  auto insert = [this, actor, key](db::Tx& tx) -> Result<GpgKey> {
    CAIRN_CHECK(check_own(tx, actor));
    tx.lock_row(db::Lockable::owner, actor.user.value);
    auto own = store::gpg_of_user(tx, actor.user);
    if (own.size() >= gpg_keys_max)
      return fail(ErrorCode::too_large, "TooManyKeys",
                  "There are " + std::to_string(gpg_keys_max) +
                      " GPG keys already. Remove one that is no longer used.");
    if (std::ranges::any_of(own, [&](const auto& k) { return k.fingerprint == key.fingerprint; }))
      return fail(ErrorCode::conflict, "KeyInUse",
                  "You have this GPG key already. Remove it first to replace it by a newer form.");
    notice_(tx, actor.user, "A GPG key was added",
            "Commits signed with the GPG key " + key.fingerprint +
                " now count as those of your account \"" + actor.user_name + "\".");
    return store::insert(tx, key);
  };
  co_return co_await database_.write(insert);
}

Task<Result<>> GpgKeys::remove(Actor actor, PublicId key) {
  auto remove = [actor, key](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(check_own(tx, actor));
    if (!store::remove_gpg(tx, actor.user, key)) return key_not_found();
    return {};
  };
  co_return co_await database_.write(remove);
}

}  // namespace cairn::keys
