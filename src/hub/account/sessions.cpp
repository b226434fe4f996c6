#include "hub/account/sessions.h"

#include "base/random.h"
#include "base/text.h"
#include "hub/account/owners.h"
#include "hub/account/rules.h"
#include "hub/account/store.h"

namespace cairn::account {

Seen bounded(Seen seen) {
  seen.user_agent = std::string(truncate_utf8(seen.user_agent, user_agent_bytes_max));
  // A header may hold any bytes; a row holds UTF-8.
  if (!is_valid_utf8(seen.user_agent)) seen.user_agent.clear();
  return seen;
}

std::string new_cookie() {
  return "s_" + random_alphanumeric(40);  // 238 bits.
}

Result<OpenedSession> open_session(db::Tx& tx, UserId user, const Seen& seen) {
  tx.lock_row(db::Lockable::owner, user.value);
  CAIRN_CHECK(find_user(tx, user));
  auto open = store::sessions_of(tx, user, tx.now());
  for (std::size_t i = sessions_per_user_max - 1; i < open.size(); ++i)
    store::end_session(tx, open[i].id);
  OpenedSession out;
  out.cookie = new_cookie();
  Session& session = out.session;
  session.public_id = make_public_id();
  session.user = user;
  session.seen = bounded(seen);
  session.created_at = tx.now();
  session.confirmed_at = tx.now();
  session.expires_at = tx.now() + session_lifetime;
  session.id = store::insert_session(tx, session, token_hash(out.cookie));
  return out;
}

std::vector<Session> list_sessions(db::Tx& tx, UserId user) {
  return store::sessions_of(tx, user, tx.now());
}

std::int64_t forget_sessions(db::Tx& tx, int limit) {
  return store::forget_sessions(tx, tx.now() - days(30), limit);
}

Result<> check_confirmed(const Actor& actor, Time now) {
  if (actor.kind != ActorKind::user) return {};
  if (actor.confirmed_at && now - *actor.confirmed_at < password_remembered) return {};
  return fail(ErrorCode::forbidden, "PasswordNeeded",
              "Your password was given more than 15 minutes ago. Give it again, then repeat this; "
              "nothing was changed.");
}

}  // namespace cairn::account
