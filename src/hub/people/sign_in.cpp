#include "base/text.h"
#include "hub/people/parts.h"

namespace cairn::people {
namespace {

// A person mistypes a few times; a program that guesses gets 40 an hour per network and name.
constexpr Throttle::Limit per_name_and_network{10, minutes(15)};
constexpr Throttle::Limit per_name{100, hours(1)};
constexpr Throttle::Limit per_network{100, minutes(15)};  // An office behind one address.
constexpr Throttle::Limit sign_ups{20, hours(1)};

/// Whether the hub's rules let this person make an account.
struct Entry {
  std::optional<Invite> invite;
  bool must_verify = false;  ///< Nobody vouches for the address, and the rules ask for it.
  bool verified = false;     ///< An administrator invited this address.
};

Result<Entry> check_entry(db::Tx& tx, const SignUp& request,
                          const std::optional<Sha256Digest>& code, bool has_mail) {
  auto rules = settings::load(tx);
  Entry out;
  if (code) {
    out.invite = store::invite_by_hash(tx, *code);
    if (!out.invite)
      return fail(ErrorCode::not_found, "InviteNotFound",
                  "This invite was used, withdrawn, or its time is over. Ask for a new one.");
  }
  CAIRN_CHECK(check_registration(rules, out.invite ? &*out.invite : nullptr));
  bool vouched = out.invite && out.invite->admits;
  std::string email = to_lower_ascii(request.email.value_or(""));
  if (out.invite && out.invite->email) {
    if (to_lower_ascii(*out.invite->email) != email)
      return fail(about("email", fail(ErrorCode::forbidden, "EmailNotAllowed",
                                      "This invite is for another email address.")
                                     .error()));
    out.verified = vouched;
  }
  if (vouched || rules.allowed_email_domains.empty()) return out;
  if (!rules.allows_email(email))
    return fail(about(
        "email",
        fail(ErrorCode::forbidden, "EmailNotAllowed",
             "Accounts here need an email address at " + rules.allowed_email_domains.front() +
                 (rules.allowed_email_domains.size() > 1 ? " or another domain of this hub." : "."))
            .error()));
  if (!has_mail)
    return fail(ErrorCode::forbidden, "InviteNeeded",
                "This hub cannot send the mail that would verify your address. Ask an "
                "administrator for an invite.");
  out.must_verify = true;
  return out;
}

}  // namespace

Result<> check_registration(const settings::Values& rules, const Invite* invite) {
  if (rules.registration == settings::Registration::closed && !(invite && invite->admits))
    return fail(ErrorCode::forbidden, "RegistrationClosed",
                "Nobody can create an account here. Ask an administrator for an invite.");
  if (rules.registration == settings::Registration::invite && !invite)
    return fail(ErrorCode::forbidden, "InviteNeeded",
                "An account here needs an invite. Ask somebody who is here for one.");
  return {};
}

Task<Result<OpenedSession>> People::sign_in(std::string name, std::string password, Seen seen) {
  auto network = network_of(seen.address);
  auto key = "in|" + name_key(name.substr(0, account::email_bytes_max));
  CAIRN_CO_CHECK(parts_->throttle.admit("in|" + network, per_network));
  CAIRN_CO_CHECK(parts_->throttle.admit(key, per_name));
  CAIRN_CO_CHECK(parts_->throttle.admit(key + "|" + network, per_name_and_network));
  CAIRN_CO_TRY(user, co_await parts_->accounts.sign_in(std::move(name), std::move(password)));
  parts_->throttle.forget(key + "|" + network);
  auto open = [id = user.id, seen](db::Tx& tx) { return account::open_session(tx, id, seen); };
  co_return co_await parts_->database.write(open);
}

Task<Result<SignedUp>> People::sign_up(SignUp request, Seen seen) {
  auto* parts = parts_.get();
  CAIRN_CO_CHECK(parts->throttle.admit("up|" + network_of(seen.address), sign_ups));
  std::optional<Sha256Digest> code;
  if (request.invite && !request.invite->empty()) {
    CAIRN_CO_CHECK(parts->admit_code(seen));
    code = parts->code_hash(*request.invite);
  }
  bool has_mail = parts->mail.configured();
  // First what costs little: who may not come in must not cost a hash.
  auto look = [request, code, has_mail](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(check_entry(tx, request, code, has_mail));
    return {};
  };
  CAIRN_CO_CHECK(co_await parts->database.read(look));
  auto hash = co_await parts->accounts.hash_new_password(request.password);
  if (!hash) co_return fail(about_its_field(hash.error()));

  auto write = [parts, request, code, has_mail, hash = *hash,
                seen](db::Tx& tx) -> Result<SignedUp> {
    CAIRN_TRY(entry, check_entry(tx, request, code, has_mail));
    account::NewUser wanted;
    wanted.name = request.name;
    wanted.full_name = request.full_name;
    wanted.email = request.email;
    wanted.must_verify = entry.must_verify;
    auto made = account::create_user(tx, wanted);
    if (!made) return fail(about_its_field(made.error()));
    parts->accounts.put_password_hash(tx, made->id, hash);
    auto actor = acting_as(*made, seen);
    tell(tx, actor, "user.created", owner_of(made->id), made->name);
    if (made->email && !entry.verified) parts->mail_verification(tx, *made, *made->email);
    if (made->email && entry.verified) {
      CAIRN_CHECK(parts->accounts.verify_email(tx, made->id, *made->email));
    }
    if (entry.invite) {
      if (!store::use_invite(tx, entry.invite->id))
        return fail(ErrorCode::not_found, "InviteNotFound", "This invite was used meanwhile.");
      if (entry.invite->organization) {
        CAIRN_CHECK(
            account::set_member(tx, *entry.invite->organization, made->id, entry.invite->role));
        tell(tx, actor, "organization.member.added", owner_of(*entry.invite->organization),
             entry.invite->organization_name,
             {{"user", made->name},
              {"role", json::string_view(account::to_string(entry.invite->role))}});
      }
    }
    SignedUp out;
    CAIRN_TRY(user, account::find_user(tx, made->id));
    out.user = std::move(user);
    if (entry.must_verify) return out;
    CAIRN_TRY(session, account::open_session(tx, out.user.id, seen));
    out.session = std::move(session);
    return out;
  };
  co_return co_await parts->database.write(write);
}

Task<Result<std::string>> People::confirm(Actor actor, std::string password) {
  if (!actor.has_user()) co_return signed_out();
  if (actor.kind != account::ActorKind::user || !actor.session)
    co_return fail(ErrorCode::forbidden, "SessionRequired",
                   "Only a browser that is signed in gives its password again, not a token.");
  auto key = "confirm|" + std::to_string(actor.user.value);
  CAIRN_CO_CHECK(parts_->throttle.admit(key, per_name_and_network));
  auto good = co_await parts_->accounts.check_password_of(actor.user, std::move(password));
  if (!good) co_return fail(about_its_field(good.error()));
  parts_->throttle.forget(key);
  auto* accounts = &parts_->accounts;
  auto renew = [accounts, session = *actor.session](db::Tx& tx) {
    return accounts->confirm_session(tx, session);
  };
  co_return co_await parts_->database.write(renew);
}

}  // namespace cairn::people
