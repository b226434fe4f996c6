#include "hub/account/old_value.h"

#include "base/text.h"
#include "hub/account/store.h"

namespace cairn::account {

Result<OldValue> old_value(db::Tx& tx, TokenId id) {
  CAIRN_TRY(token, find_token(tx, id));
  return OldValue{std::move(token), store::hash_of_token(tx, id)};
}

Result<> keep_old_value(db::Tx& tx, OldValue old, Time until) {
  constexpr std::string_view mark = " (old value)";
  auto& token = old.token;
  CAIRN_CHECK(check_room_for_token(tx, token.user));
  token.public_id = make_public_id();
  token.name = std::string(truncate_utf8(token.name, token_name_bytes_max - mark.size()));
  token.name += mark;
  if (!token.expires_at || *token.expires_at > until) token.expires_at = until;
  store::insert_token(tx, token, old.hash, false);
  return {};
}

}  // namespace cairn::account
