#include <algorithm>

#include "base/text.h"
#include "hub/account/old_value.h"
#include "hub/people/parts.h"

namespace cairn::people {
namespace {

/// A token that may only read, or lacks the permission on the account, makes no others.
Result<> check_own_account(db::Tx& tx, const Actor& actor) {
  if (!actor.has_user()) return signed_out();
  CAIRN_TRY(owner, account::find_owner(tx, owner_of(actor.user)));
  CAIRN_CHECK(access::check_manage(tx, actor, owner));
  return account::check_confirmed(actor, tx.now());
}

/// As late as asked for, and as the hub's rules allow.
Result<std::optional<Time>> end_of_life(db::Tx& tx, std::optional<Time> wanted) {
  int max = settings::load(tx).token_days_max;
  if (max == 0) return wanted;
  Time latest = tx.now() + days(max);
  if (!wanted) return std::optional(latest);
  // A minute more: clocks differ, and "in 30 days" was reckoned before it was sent.
  if (*wanted <= latest + minutes(1)) return wanted;
  return fail(about("expiresAt", fail(ErrorCode::invalid_argument, "InvalidExpiry",
                                      "A token lives for " + std::to_string(max) +
                                          " days at most here. Choose an earlier end.")
                                     .error()));
}

/// A token cannot make one that may more than itself.
Result<> check_no_more_than(const Actor& actor, const TokenRequest& request) {
  if (actor.kind != account::ActorKind::token ||
      actor.token_role != account::TokenRole::fine_grained)
    return {};
  if (request.role == account::TokenRole::read) return {};
  return fail(ErrorCode::forbidden, "Forbidden",
              "A fine-grained token makes tokens that may read, no others. Sign in, or use a token "
              "with role write.");
}

json::object token_data(const account::Token& token) {
  return {{"id", token.public_id.hex},
          {"name", token.name},
          {"role", json::string_view(account::to_string(token.role))}};
}

}  // namespace

Task<Result<account::CreatedToken>> People::create_token(Actor actor, TokenRequest request) {
  auto* parts = parts_.get();
  auto write = [parts, actor, request](db::Tx& tx) -> Result<account::CreatedToken> {
    CAIRN_CHECK(check_own_account(tx, actor));
    CAIRN_CHECK(check_no_more_than(actor, request));
    account::NewToken wanted;
    wanted.name = request.name;
    wanted.role = request.role;
    wanted.scopes = request.scopes;
    CAIRN_TRY(ends, end_of_life(tx, request.expires_at));
    wanted.expires_at = ends;
    // Nor does one outlive the token that made it.
    if (actor.token) {
      CAIRN_TRY(maker, account::find_token(tx, *actor.token));
      if (maker.expires_at && (!wanted.expires_at || *wanted.expires_at > *maker.expires_at))
        wanted.expires_at = maker.expires_at;
    }
    auto made = account::create_token(tx, actor.user, wanted);
    if (!made) return fail(about_its_field(made.error()));
    CAIRN_TRY(user, account::find_user(tx, actor.user));
    tell(tx, actor, "token.created", owner_of(user.id), user.name, token_data(made->token));
    parts->notify(tx, user, "A new access token",
                  "A token named \"" + made->token.name + "\" was made for \"" + user.name +
                      "\", from the address " + actor.address + ".");
    return made;
  };
  co_return co_await parts->database.write(write);
}

Task<Result<account::CreatedToken>> People::rotate_token(Actor actor, PublicId id, Duration keep) {
  if (keep.us < 0 || keep > old_value_kept_max)
    co_return fail(about("keepHours", fail(ErrorCode::invalid_argument, "InvalidToken",
                                           "The old value of a token lives for 168 hours at most.")
                                          .error()));
  auto* parts = parts_.get();
  auto write = [parts, actor, id, keep](db::Tx& tx) -> Result<account::CreatedToken> {
    CAIRN_CHECK(check_own_account(tx, actor));
    CAIRN_TRY(token, account::find_token(tx, actor.user, id));
    CAIRN_CHECK(check_no_more_than(actor, {.name = token.name, .role = token.role}));
    // As long as it was given for, from now on.
    std::optional<Time> ends;
    if (token.expires_at) ends = tx.now() + (*token.expires_at - token.created_at);
    if (auto max = end_of_life(tx, std::nullopt); max && *max && (!ends || *ends > **max))
      ends = *max;
    CAIRN_TRY(old, account::old_value(tx, token.id));
    CAIRN_TRY(made, parts->accounts.rotate_token(tx, actor.user, token.id, ends));
    std::optional<Time> old_until;
    if (keep.us > 0) {
      old_until = tx.now() + keep;
      CAIRN_CHECK(account::keep_old_value(tx, std::move(old), *old_until));
    }
    CAIRN_TRY(user, account::find_user(tx, actor.user));
    tell(tx, actor, "token.rotated", owner_of(user.id), user.name, token_data(made.token));
    parts->notify(tx, user, "An access token has a new value",
                  "The token \"" + made.token.name + "\" of \"" + user.name +
                      "\" has a new value; the old one " +
                      (old_until ? "works until " + to_rfc3339(*old_until) + "."
                                 : "opens nothing any more."));
    return made;
  };
  co_return co_await parts->database.write(write);
}

Task<Result<>> People::revoke_token(Actor actor, PublicId id) {
  auto* parts = parts_.get();
  auto write = [parts, actor, id](db::Tx& tx) -> Result<> {
    if (!actor.has_user()) return signed_out();
    CAIRN_TRY(token, account::find_token(tx, actor.user, id));
    // A token may always end itself; others need the right to the account.
    if (actor.token != token.id) {
      CAIRN_TRY(owner, account::find_owner(tx, owner_of(actor.user)));
      CAIRN_CHECK(access::check_manage(tx, actor, owner));
    }
    CAIRN_CHECK(parts->accounts.revoke_token(tx, actor.user, token.id));
    tell(tx, actor, "token.revoked", owner_of(actor.user), actor.user_name, token_data(token));
    return {};
  };
  co_return co_await parts->database.write(write);
}

Task<Result<int>> People::revoke_leaked(std::vector<std::string> values, Seen seen) {
  auto* parts = parts_.get();
  constexpr Throttle::Limit reports{60, minutes(15)};
  CAIRN_CO_CHECK(parts->throttle.admit("leaked|" + network_of(seen.address), reports));
  if (values.size() > leaked_max)
    co_return fail(ErrorCode::too_large, "TooManyCredentials",
                   "At most " + std::to_string(leaked_max) +
                       " credentials at once. Send the others in another request.");
  auto write = [parts, values](db::Tx& tx) -> Result<int> {
    int found = 0;
    for (const auto& value : values) {
      CAIRN_TRY(token, parts->accounts.revoke_token_value(tx, trim(value)));
      if (!token) continue;
      ++found;
      auto user = account::find_user(tx, token->user);
      if (!user) continue;
      tell(tx, Actor::system(), "token.leaked", owner_of(user->id), user->name, token_data(*token));
      parts->notify(tx, *user, "An access token was found in the open",
                    "Somebody reported that the value of the token \"" + token->name + "\" of \"" +
                        user->name + "\" can be read by others. It was revoked; make a new one.");
    }
    return found;
  };
  co_return co_await parts->database.write(write);
}

}  // namespace cairn::people
