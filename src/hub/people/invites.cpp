#include <algorithm>

#include "base/text.h"
#include "hub/people/parts.h"

namespace cairn::people {
namespace {

constexpr int listed_max = 1000;
// Mails to strangers in somebody else's name.
constexpr Throttle::Limit invites_per_user{100, hours(24)};

Failure invite_not_found() {
  return fail(ErrorCode::not_found, "InviteNotFound",
              "This invite was used, withdrawn, or its time is over. Ask for a new one.");
}

Failure invalid_invite(std::string field, std::string message) {
  return fail(
      about(std::move(field),
            fail(ErrorCode::invalid_argument, "InvalidInvite", std::move(message)).error()));
}

Result<> check_new(const NewInvite& in) {
  if (in.uses < 1 || in.uses > invite_uses_max)
    return invalid_invite("uses",
                          "An invite is for 1 to " + std::to_string(invite_uses_max) + " people.");
  if (in.lifetime < minutes(1) || in.lifetime > invite_lifetime_max)
    return invalid_invite("expires", "An invite lives from a minute to a year.");
  if ((in.email || in.user) && in.uses != 1)
    return invalid_invite("uses", "An invite to one person is for one use.");
  if (in.user && !in.organization)
    return invalid_invite("organization", "Somebody who is here is invited to an organization.");
  return {};
}

/// Who may invite to what: an organization's admins to it, administrators to the hub.
Result<std::optional<account::Owner>> check_may_invite(db::Tx& tx, const Actor& actor,
                                                       const std::optional<std::string>& org) {
  if (!org) {
    CAIRN_CHECK(access::check_admin(actor));
    return std::optional<account::Owner>{};
  }
  CAIRN_TRY(found, account::find_organization(tx, *org));
  CAIRN_TRY(owner, account::find_owner(tx, owner_of(found.id)));
  CAIRN_CHECK(access::check_manage(tx, actor, owner));
  return std::optional(owner);
}

Result<> join(db::Tx& tx, const Actor& actor, const Invite& invite) {
  if (!invite.organization)
    return fail(ErrorCode::conflict, "AlreadyHere",
                "This invite is for a new account, and you have one. Nothing was changed.");
  auto has = account::role_in(tx, owner_of(*invite.organization), actor.user);
  if (has && *has >= invite.role)
    return fail(ErrorCode::conflict, "AlreadyMember",
                "You are a member of \"" + invite.organization_name + "\" already.");
  if (!store::use_invite(tx, invite.id)) return invite_not_found();
  CAIRN_CHECK(account::set_member(tx, *invite.organization, actor.user, invite.role));
  tell(tx, actor, "organization.member.added", owner_of(*invite.organization),
       invite.organization_name,
       {{"user", actor.user_name}, {"role", json::string_view(account::to_string(invite.role))}});
  return {};
}

}  // namespace

Task<Result<CreatedInvite>> People::create_invite(Actor actor, NewInvite in) {
  CAIRN_CO_CHECK(check_new(in));
  auto* parts = parts_.get();
  if (!actor.is_system())
    CAIRN_CO_CHECK(
        parts->throttle.admit("invite|" + std::to_string(actor.user.value), invites_per_user));
  std::string code = random_alphanumeric(24);
  auto write = [parts, actor, in, code](db::Tx& tx) -> Result<CreatedInvite> {
    CAIRN_TRY(owner, check_may_invite(tx, actor, in.organization));
    CreatedInvite out;
    Invite& invite = out.invite;
    invite.public_id = make_public_id();
    invite.role = in.role;
    invite.uses_max = in.uses;
    invite.expires_at = tx.now() + in.lifetime;
    invite.created_at = tx.now();
    invite.created_by_name = actor.user_name;
    invite.admits = actor.is_system() || actor.is_admin;
    if (actor.has_user()) invite.created_by = actor.user;
    if (owner) {
      invite.organization = OrgId{owner->id.value};
      invite.organization_name = owner->name;
    }
    std::optional<User> to;
    if (in.user) {
      CAIRN_TRY(user, account::find_user(tx, *in.user));
      if (account::role_in(tx, owner->id, user.id))
        return fail(ErrorCode::conflict, "AlreadyMember",
                    "\"" + user.name + "\" is a member already. Change the role instead.");
      invite.user = user.id;
      invite.user_name = user.name;
      to = std::move(user);
    }
    if (in.email && !in.email->empty()) {
      CAIRN_CHECK(account::check_email_shape(*in.email));
      invite.email = in.email;
    }
    auto hash = to ? std::nullopt : std::optional(parts->code_hash(code));
    invite.id = store::insert_invite(tx, invite, hash);
    if (!to) out.link = parts->link("join", code);
    auto hub = parts->settings.current()->name;
    std::string where = owner ? "\"" + owner->full_name + "\" at " + hub : hub;
    if (invite.email) {
      out.mailed = parts->mail.configured();
      parts->mail.enqueue(
          tx, {*invite.email, "[" + hub + "] You are invited",
               (actor.user_name.empty() ? "You are" : actor.user_name + " invites you") +
                   std::string(actor.user_name.empty() ? " invited" : "") + " to " + where +
                   ". Open this link to join:\n\n" + out.link +
                   "\n\nIf you do not know what this is about, do nothing.\n"});
    } else if (to) {
      parts->notify(tx, *to, "You are invited",
                    actor.user_name + " invites you to " + where +
                        ". Sign in to accept or decline: " + parts->options.public_url +
                        "/settings/organizations");
    }
    if (owner)
      tell(tx, actor, "organization.invited", owner->id, owner->name,
           {{"invite", invite.public_id.hex}});
    return out;
  };
  co_return co_await parts->database.write(write);
}

Task<Result<std::vector<Invite>>> People::list_invites(Actor actor,
                                                       std::optional<std::string> org) {
  auto read = [actor, org](db::Tx& tx) -> Result<std::vector<Invite>> {
    CAIRN_TRY(owner, check_may_invite(tx, actor, org));
    if (owner) return store::invites_of_org(tx, OrgId{owner->id.value}, listed_max);
    return store::invites(tx, listed_max);
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<>> People::revoke_invite(Actor actor, PublicId id) {
  auto write = [actor, id](db::Tx& tx) -> Result<> {
    auto invite = store::invite_by_public_id(tx, id);
    if (!invite) return invite_not_found();
    std::optional<std::string> org;
    if (invite->organization && !actor.is_system() && !actor.is_admin)
      org = invite->organization_name;
    // Who may not know of it is told that there is none.
    if (!check_may_invite(tx, actor, org)) return invite_not_found();
    store::revoke_invite(tx, invite->id);
    return {};
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<FoundInvite>> People::look_at_invite(std::string code, Seen seen) {
  CAIRN_CO_CHECK(parts_->admit_code(seen));
  auto read = [hash = parts_->code_hash(code)](db::Tx& tx) -> Result<FoundInvite> {
    auto invite = store::invite_by_hash(tx, hash);
    if (!invite) return invite_not_found();
    bool makes_account = check_registration(settings::load(tx), &*invite).has_value();
    return FoundInvite{*std::move(invite), makes_account};
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<std::vector<Invite>>> People::my_invites(Actor actor) {
  CAIRN_CO_CHECK(access::check_own(actor));
  auto read = [user = actor.user](db::Tx& tx) -> Result<std::vector<Invite>> {
    return store::invites_to_user(tx, user, listed_max);
  };
  co_return co_await parts_->database.read(read);
}

Task<Result<Invite>> People::accept_invite(Actor actor, std::string code) {
  if (!actor.has_user()) co_return signed_out();
  CAIRN_CO_CHECK(parts_->admit_code({actor.address, actor.user_agent}));
  auto write = [actor, hash = parts_->code_hash(code)](db::Tx& tx) -> Result<Invite> {
    CAIRN_TRY(self, account::find_owner(tx, owner_of(actor.user)));
    CAIRN_CHECK(access::check_manage(tx, actor, self));
    auto invite = store::invite_by_hash(tx, hash);
    if (!invite) return invite_not_found();
    if (invite->email) {
      CAIRN_TRY(user, account::find_user(tx, actor.user));
      bool theirs = user.email && user.email_verified_at &&
                    to_lower_ascii(*user.email) == to_lower_ascii(*invite->email);
      if (!theirs)
        return fail(ErrorCode::forbidden, "EmailNotAllowed",
                    "This invite is for another email address than your verified one.");
    }
    CAIRN_CHECK(join(tx, actor, *invite));
    return *std::move(invite);
  };
  co_return co_await parts_->database.write(write);
}

Task<Result<Invite>> People::answer_invite(Actor actor, PublicId id, bool accept) {
  if (!actor.has_user()) co_return signed_out();
  auto write = [actor, id, accept](db::Tx& tx) -> Result<Invite> {
    CAIRN_TRY(self, account::find_owner(tx, owner_of(actor.user)));
    CAIRN_CHECK(access::check_manage(tx, actor, self));
    auto invite = store::invite_by_public_id(tx, id);
    if (!invite || invite->user != actor.user) return invite_not_found();
    if (!accept) {
      store::revoke_invite(tx, invite->id);
      return *std::move(invite);
    }
    CAIRN_CHECK(join(tx, actor, *invite));
    return *std::move(invite);
  };
  co_return co_await parts_->database.write(write);
}

}  // namespace cairn::people
