#include "hub/account/tokens.h"

#include <algorithm>

#include "base/random.h"
#include "base/text.h"
#include "hub/account/rules.h"
#include "hub/account/store.h"

namespace cairn::account {
namespace {

constexpr std::size_t random_characters = 34;  // 34 of 62 characters: 202 bits.

Result<> check_new(db::Tx& tx, UserId user, const NewToken& in) {
  if (!is_token_name(in.name))
    return fail(ErrorCode::invalid_argument, "InvalidTokenName",
                "The name of a token has 1 to " + std::to_string(token_name_bytes_max) +
                    " bytes on one line.");
  if (in.value && !is_token_value(*in.value))
    return fail(ErrorCode::invalid_argument, "InvalidToken",
                "The value of a token has 4 to " + std::to_string(token_bytes_max) +
                    " visible ASCII characters.");
  if (in.expires_at && *in.expires_at <= tx.now())
    return fail(ErrorCode::invalid_argument, "InvalidExpiry",
                "The token would expire in the past. Choose a later time.");
  if (in.delegated) return {};
  return check_room_for_token(tx, user);
}

}  // namespace

Result<> check_room_for_token(db::Tx& tx, UserId user) {
  if (store::living_tokens(tx, user) < static_cast<std::int64_t>(tokens_per_user_max)) return {};
  return fail(ErrorCode::conflict, "TooManyTokens",
              "A user has at most " + std::to_string(tokens_per_user_max) +
                  " tokens. Revoke one that is not needed.");
}

bool is_token_value(std::string_view value) {
  return value.size() >= 4 && value.size() <= token_bytes_max &&
         std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_token_name(std::string_view name) {
  return !trim(name).empty() && name.size() <= token_name_bytes_max && is_valid_utf8(name) &&
         std::ranges::none_of(
             name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string new_token_value() {
  return "hf_" + random_alphanumeric(random_characters);
}

Failure token_not_found() {
  return fail(ErrorCode::not_found, "TokenNotFound",
              "There is no such token, or it is revoked. List yours to see which there are.");
}

Sha256Digest token_hash(std::string_view value) {
  return sha256(value);
}

std::string token_hint(std::string_view value) {
  std::string out = value.starts_with("hf_") ? "hf_…" : "…";
  // The end of a long random value gives nothing away; that of a short given one might.
  if (value.size() >= 24) out += value.substr(value.size() - 4);
  return out;
}

Error bad_credentials() {
  // The client tells this message from a hidden repository (reference section 1.7).
  return Error{ErrorCode::bad_credentials, "InvalidCredentials",
               "Invalid credentials in Authorization header"};
}

Result<CreatedToken> create_token(db::Tx& tx, UserId user, const NewToken& in) {
  tx.lock_row(db::Lockable::owner, user.value);
  CAIRN_CHECK(find_user(tx, user));
  CAIRN_CHECK(check_new(tx, user, in));
  CreatedToken out;
  out.value = in.value ? *in.value : new_token_value();
  auto hash = token_hash(out.value);
  if (store::token_by_hash(tx, hash))
    return fail(ErrorCode::conflict, "TokenTaken", "A token with this value exists already.");
  Token& token = out.token;
  token.public_id = make_public_id();
  token.user = user;
  token.name = in.name;
  token.role = in.role;
  if (in.role == TokenRole::fine_grained) {
    token.scopes = in.scopes;
    CAIRN_CHECK(pin_scopes(tx, token.scopes));
  }
  token.hint = token_hint(out.value);
  token.created_at = tx.now();
  token.expires_at = in.expires_at;
  token.id = store::insert_token(tx, token, hash, in.delegated);
  return out;
}

std::vector<Token> list_tokens(db::Tx& tx, UserId user) {
  return store::tokens_of(tx, user);
}

Result<Token> find_token(db::Tx& tx, UserId user, const PublicId& id) {
  auto token = store::token_by_public_id(tx, id);
  if (!token || token->revoked_at || token->user != user) return token_not_found();
  return *std::move(token);
}

Result<Token> find_token(db::Tx& tx, TokenId id) {
  auto token = store::token_by_id(tx, id);
  if (!token || token->revoked_at) return token_not_found();
  return *std::move(token);
}

Result<Token> find_token_named(db::Tx& tx, UserId user, std::string_view name) {
  for (auto& token : store::tokens_of(tx, user))
    if (token.name == name) return token;
  return token_not_found();
}

}  // namespace cairn::account
