#include "hub/people/people.h"

#include "base/log.h"
#include "hub/people/parts.h"

namespace cairn::people {

using store::Purpose;

People::People(db::Database& database, Blocking& blocking, const Clock& clock,
               const Keyring& keyring, account::Accounts& accounts, settings::Settings& settings,
               const mail::Mail& mail, Options options)
    : parts_(new Parts{database, blocking, clock, keyring, accounts, settings, mail,
                       std::move(options), Throttle(clock)}) {}

People::~People() = default;

Sha256Digest People::Parts::code_hash(std::string_view code) const {
  return sha256(keyring.sign("people.code", code));
}

std::string People::Parts::link(std::string_view page, std::string_view code) const {
  // In the fragment, which browsers send to nobody: no log and no Referer has it.
  return options.public_url + "/" + std::string(page) + "#" + std::string(code);
}

Result<> People::Parts::admit_code(const Seen& seen) {
  CAIRN_CHECK(throttle.admit("code|" + network_of(seen.address), {20, minutes(15)}));
  // Whoever has many addresses: 24 000 of 2^40 setup codes in the life of one.
  return throttle.admit("code", {1000, hours(1)});
}

void People::Parts::notify(db::Tx& tx, const User& user, std::string subject,
                           std::string text) const {
  if (!user.email || !user.email_verified_at) return;
  auto name = settings.current()->name;
  mail.enqueue(tx, {*user.email, "[" + name + "] " + subject,
                    text + "\n\nIf this was not you: sign in at " + options.public_url +
                        ", change your password and look at your tokens and sessions.\n"});
}

void People::Parts::mail_verification(db::Tx& tx, const User& user,
                                      const std::string& email) const {
  if (!mail.configured()) return;
  auto code = random_alphanumeric(32);
  store::drop_codes(tx, user.id, Purpose::verify_email);
  store::insert_code(tx, Purpose::verify_email, code_hash(code), user.id, email,
                     tx.now() + verification_lifetime);
  auto name = settings.current()->name;
  mail.enqueue(tx, {email, "[" + name + "] Verify your email address",
                    "The account \"" + user.name + "\" at " + options.public_url +
                        " says that this is its address. Open this link within three days to "
                        "confirm it:\n\n" +
                        link("settings/verify", code) +
                        "\n\nIf you do not know that account, do nothing.\n"});
}

void tell(db::Tx& tx, const Actor& actor, std::string_view type, OwnerId owner,
          std::string_view owner_name, json::object data) {
  event::NewEvent event;
  event.type = type;
  event.actor.kind = account::to_string(actor.kind);
  if (actor.has_user()) event.actor.id = actor.user.value;
  event.actor.name = actor.user_name;
  if (actor.token) event.actor.token_id = actor.token->value;
  event.actor.request_id = actor.request_id;
  event.owner_id = owner.value;
  event.owner_name = owner_name;
  event.data = std::move(data);
  event::append_event(tx, event);
}

Actor acting_as(const User& user, const Seen& seen) {
  Actor out;
  out.kind = account::ActorKind::user;
  out.user = user.id;
  out.user_public_id = user.public_id;
  out.user_name = user.name;
  out.is_admin = user.is_admin;
  out.address = seen.address;
  out.user_agent = seen.user_agent;
  return out;
}

Failure link_expired() {
  return fail(ErrorCode::not_found, "LinkExpired",
              "This link was used already, or its time is over. Ask for a new one.");
}

Failure no_mail() {
  return fail(ErrorCode::not_implemented, "NoMail",
              "This hub sends no mail. Ask an administrator for a link.");
}

Failure signed_out() {
  return fail(ErrorCode::unauthenticated, "Unauthenticated",
              "Nobody is signed in. Sign in, or send an access token.");
}

Error about(std::string field, Error error) {
  return std::move(error).with("field", std::move(field));
}

Error about_its_field(Error error) {
  for (auto [word, field] : {std::pair{"InvalidName", "name"},
                             {"NameTaken", "name"},
                             {"InvalidFullName", "fullname"},
                             {"InvalidEmail", "email"},
                             {"EmailNotAllowed", "email"},
                             {"InvalidPassword", "password"},
                             {"InviteNotFound", "invite"},
                             {"InvalidTokenName", "name"},
                             {"InvalidExpiry", "expiresAt"},
                             {"InvalidScopes", "scopes"}})
    if (error.word == word) return about(field, std::move(error));
  return error;
}

void People::notice(db::Tx& tx, UserId user, std::string subject, std::string text) const {
  if (auto found = account::find_user(tx, user))
    parts_->notify(tx, *found, std::move(subject), std::move(text));
}

// ---- Upkeep ----

Task<Result<>> People::forget_old() {
  constexpr int step = 200;
  auto* parts = parts_.get();
  auto forget = [parts](db::Tx& tx) -> Result<> {
    account::forget_sessions(tx, step);
    store::forget_codes(tx, tx.now() - days(30), step);
    store::forget_invites(tx, tx.now() - days(90), step);
    for (UserId user : store::unverified(tx, tx.now() - unverified_kept, 10)) {
      CAIRN_CHECK(parts->accounts.delete_owner(tx, owner_of(user), std::nullopt));
      parts->options.owner_changed(tx, owner_of(user));
    }
    return {};
  };
  co_return co_await parts->database.write(forget);
}

void People::owner_purged(db::Tx& tx, OwnerId owner) {
  store::forget_owner(tx, owner);
}

}  // namespace cairn::people
