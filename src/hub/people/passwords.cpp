#include "base/text.h"
#include "hub/people/parts.h"

namespace cairn::people {
namespace {

using store::Purpose;

constexpr Throttle::Limit resets_per_network{20, hours(1)};
// So that nobody's mailbox is filled by somebody else.
constexpr Throttle::Limit mails_per_account{5, hours(1)};
constexpr Throttle::Limit old_passwords{10, minutes(15)};

/// Who may get a reset by mail: those whose address is known to be theirs.
std::vector<User> reachable(db::Tx& tx, const std::string& name_or_email) {
  std::vector<User> out;
  if (name_or_email.find('@') != name_or_email.npos) {
    out = account::users_of_email(tx, name_or_email);
  } else if (auto user = account::find_user(tx, name_or_email)) {
    if (user->email && user->email_verified_at) out.push_back(*std::move(user));
  }
  std::erase_if(out, [](const User& user) { return user.disabled_at.has_value(); });
  return out;
}

}  // namespace

Task<Result<std::string>> People::change_password(Actor actor, std::string old,
                                                  std::string password) {
  if (!actor.has_user()) co_return signed_out();
  auto* parts = parts_.get();
  auto key = "confirm|" + std::to_string(actor.user.value);
  CAIRN_CO_CHECK(parts->throttle.admit(key, old_passwords));
  auto read = [user = actor.user](db::Tx& tx) { return account::find_user(tx, user); };
  CAIRN_CO_TRY(user, co_await parts->database.read(read));
  // Who came by the setup link of somebody without a password has nothing to give.
  if (user.has_password) {
    auto good = co_await parts->accounts.check_password_of(actor.user, std::move(old));
    if (!good) co_return fail(about("old", good.error()));
  }
  parts->throttle.forget(key);
  auto hash = co_await parts->accounts.hash_new_password(std::move(password));
  if (!hash) co_return fail(about_its_field(hash.error()));
  auto write = [parts, actor, hash = *hash](db::Tx& tx) -> Result<std::string> {
    CAIRN_TRY(changed, account::find_user(tx, actor.user));
    parts->accounts.put_password_hash(tx, changed.id, hash, actor.session);
    store::drop_codes(tx, changed.id, Purpose::reset_password);
    tell(tx, actor, "user.password_changed", owner_of(changed.id), changed.name);
    parts->notify(tx, changed, "Your password was changed",
                  "The password of \"" + changed.name +
                      "\" was changed. All other browsers were signed out.");
    if (!actor.session) return std::string();
    return parts->accounts.confirm_session(tx, *actor.session);
  };
  co_return co_await parts->database.write(write);
}

Task<Result<>> People::request_reset(std::string name_or_email, Seen seen) {
  auto* parts = parts_.get();
  if (!parts->mail.configured()) co_return no_mail();
  CAIRN_CO_CHECK(parts->throttle.admit("reset|" + network_of(seen.address), resets_per_network));
  // The same answer as for somebody who exists: only the mailbox knows.
  name_or_email = name_or_email.substr(0, account::email_bytes_max);
  if (!parts->throttle.admit("reset|" + name_key(name_or_email), mails_per_account))
    co_return Result<>{};
  // Drawn and written whether or not there is somebody, so that the time tells nothing.
  auto write = [parts, name_or_email](db::Tx& tx) -> Result<> {
    for (const auto& user : reachable(tx, name_or_email)) {
      auto code = random_alphanumeric(32);
      store::drop_codes(tx, user.id, Purpose::reset_password);
      store::insert_code(tx, Purpose::reset_password, parts->code_hash(code), user.id, user.email,
                         tx.now() + reset_lifetime);
      parts->mail.enqueue(
          tx,
          {*user.email, "[" + parts->settings.current()->name + "] A new password",
           "Somebody asked for a new password of \"" + user.name + "\" at " +
               parts->options.public_url + ". Open this link within an hour to choose one:\n\n" +
               parts->link("login/reset", code) +
               "\n\nIf it was not you, do nothing: your password stays as it is.\n"});
    }
    return {};
  };
  co_return co_await parts->database.write(write);
}

Task<Result<std::string>> People::make_password_link(Actor actor, std::string name) {
  CAIRN_CO_CHECK(access::check_admin(actor));
  auto* parts = parts_.get();
  auto code = random_alphanumeric(32);
  auto write = [parts, actor, name, code](db::Tx& tx) -> Result<std::string> {
    CAIRN_TRY(user, account::find_user(tx, name));
    store::drop_codes(tx, user.id, Purpose::reset_password);
    store::insert_code(tx, Purpose::reset_password, parts->code_hash(code), user.id, std::nullopt,
                       tx.now() + password_link_lifetime);
    tell(tx, actor, "user.password_link", owner_of(user.id), user.name);
    return parts->link("login/reset", code);
  };
  co_return co_await parts->database.write(write);
}

Task<Result<User>> People::redeem_reset(std::string code, std::string password, Seen seen) {
  auto* parts = parts_.get();
  CAIRN_CO_CHECK(parts->admit_code(seen));
  auto hash_of_code = parts->code_hash(code);
  auto look = [hash_of_code](db::Tx& tx) -> Result<> {
    if (!store::find_code(tx, Purpose::reset_password, hash_of_code)) return link_expired();
    return {};
  };
  CAIRN_CO_CHECK(co_await parts->database.read(look));
  auto hash = co_await parts->accounts.hash_new_password(std::move(password));
  if (!hash) co_return fail(about_its_field(hash.error()));
  auto write = [parts, hash_of_code, hash = *hash, seen](db::Tx& tx) -> Result<User> {
    auto found = store::find_code(tx, Purpose::reset_password, hash_of_code);
    if (!found) return link_expired();
    CAIRN_TRY(user, account::find_user(tx, found->user));
    // A code went to an address that is no longer the account's.
    if (found->email && found->email != user.email) return link_expired();
    store::drop_codes(tx, user.id, Purpose::reset_password);
    parts->accounts.put_password_hash(tx, user.id, hash);
    // Whoever read the mail reads that address.
    if (found->email) CAIRN_CHECK(parts->accounts.verify_email(tx, user.id, *found->email));
    tell(tx, acting_as(user, seen), "user.password_changed", owner_of(user.id), user.name);
    parts->notify(tx, user, "Your password was changed",
                  "The password of \"" + user.name +
                      "\" was changed with a one-time link. All browsers were signed out.");
    return user;
  };
  co_return co_await parts->database.write(write);
}

Task<Result<>> People::send_verification(Actor actor) {
  CAIRN_CO_CHECK(access::check_own_change(actor));
  auto* parts = parts_.get();
  if (!parts->mail.configured()) co_return no_mail();
  CAIRN_CO_CHECK(
      parts->throttle.admit("verify|" + std::to_string(actor.user.value), mails_per_account));
  auto write = [parts, actor](db::Tx& tx) -> Result<> {
    CAIRN_TRY(user, account::find_user(tx, actor.user));
    if (!user.email)
      return fail(ErrorCode::conflict, "NoEmail",
                  "The account has no email address. Add one first.");
    if (user.email_verified_at)
      return fail(ErrorCode::conflict, "EmailVerified", "The address is verified already.");
    parts->mail_verification(tx, user, *user.email);
    return {};
  };
  co_return co_await parts->database.write(write);
}

Task<Result<User>> People::verify_email(std::string code, Seen seen) {
  auto* parts = parts_.get();
  CAIRN_CO_CHECK(parts->admit_code(seen));
  auto write = [parts, hash = parts->code_hash(code)](db::Tx& tx) -> Result<User> {
    auto found = store::find_code(tx, Purpose::verify_email, hash);
    if (!found || !found->email) return link_expired();
    auto verified = parts->accounts.verify_email(tx, found->user, *found->email);
    if (!verified) return link_expired();
    store::drop_codes(tx, found->user, Purpose::verify_email);
    return account::find_user(tx, found->user);
  };
  co_return co_await parts->database.write(write);
}

Task<Result<User>> People::change_email(Actor actor, std::string email) {
  if (!actor.has_user()) co_return signed_out();
  auto* parts = parts_.get();
  // Whoever has the address can have the password: a token that was found must not change it.
  if (!actor.session)
    co_return fail(ErrorCode::forbidden, "Forbidden",
                   "An email address is changed in a browser that is signed in, not with a token.");
  CAIRN_CO_CHECK(account::check_confirmed(actor, parts->clock.now()));
  CAIRN_CO_CHECK(
      parts->throttle.admit("verify|" + std::to_string(actor.user.value), mails_per_account));
  auto write = [parts, actor, email](db::Tx& tx) -> Result<User> {
    CAIRN_TRY(before, account::find_user(tx, actor.user));
    CAIRN_TRY(owner, account::find_owner(tx, owner_of(actor.user)));
    CAIRN_CHECK(access::check_manage(tx, actor, owner));
    if (before.email.value_or("") == email) return before;
    auto rules = settings::load(tx);
    if (!actor.is_admin && !rules.allowed_email_domains.empty() && !rules.allows_email(email))
      return fail(about("email", fail(ErrorCode::forbidden, "EmailNotAllowed",
                                      "This hub does not take addresses of that domain.")
                                     .error()));
    auto changed = parts->accounts.change_profile(tx, owner_of(actor.user), {.email = email});
    if (!changed) return fail(about_its_field(changed.error()));
    // Before the new address is in force: the notice goes to the one that was known to be theirs.
    parts->notify(tx, before, "Your email address was changed",
                  "The address of \"" + before.name + "\" is now " +
                      (email.empty() ? std::string("none") : email) + ".");
    CAIRN_TRY(after, account::find_user(tx, actor.user));
    if (after.email)
      parts->mail_verification(tx, after, *after.email);
    else
      store::drop_codes(tx, after.id, Purpose::verify_email);
    store::drop_codes(tx, after.id, Purpose::reset_password);
    tell(tx, actor, "user.email_changed", owner_of(after.id), after.name);
    return after;
  };
  co_return co_await parts->database.write(write);
}

}  // namespace cairn::people
