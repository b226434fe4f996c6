#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "hub/account/actor.h"
#include "platform/db/db.h"

/// Access tokens. The value is random, shown once and kept as its SHA-256 only.
namespace cairn::account {

constexpr std::size_t token_name_bytes_max = 100;
constexpr std::size_t token_bytes_max = 256;  ///< Of a value; longer ones cannot be any token's.
constexpr std::size_t tokens_per_user_max = 1000;

struct Token {
  TokenId id;
  PublicId public_id;
  UserId user;
  std::string name;  ///< What its user calls it.
  TokenRole role = TokenRole::read;
  Scopes scopes;     ///< With role fine_grained.
  std::string hint;  ///< "hf_…aB3d": enough to tell one's own tokens apart.
  Time created_at;
  std::optional<Time> expires_at, last_used_at, revoked_at;
  std::string last_used_address, last_used_agent;  ///< Empty while not used.
};

struct NewToken {
  std::string name;
  TokenRole role = TokenRole::read;
  Scopes scopes{};
  std::optional<Time> expires_at{};
  std::optional<std::string> value{};  ///< `admin apply` and hub/oauth give one; else made here.
  /// Made for a program that its user consented to: not listed or counted among the user's own.
  bool delegated = false;
};

struct CreatedToken {
  Token token;
  std::string value;  ///< "hf_" and 34 letters and digits. Cannot be had again.
};

/// Owners in `scopes` are pinned to the id they have now.
/// @return `invalid_argument` ("InvalidTokenName", "InvalidToken", "InvalidExpiry"), `conflict`
///         (word "TokenTaken" for a given value that exists, "TooManyTokens").
Result<CreatedToken> create_token(db::Tx& tx, UserId user, const NewToken& token);
/// @return `conflict`, word "TooManyTokens", when the user has `tokens_per_user_max`.
[[nodiscard]] Result<> check_room_for_token(db::Tx& tx, UserId user);
/// Newest first, without revoked ones.
[[nodiscard]] std::vector<Token> list_tokens(db::Tx& tx, UserId user);
/// @return `not_found`, word "TokenNotFound".
[[nodiscard]] Result<Token> find_token(db::Tx& tx, UserId user, const PublicId& id);
[[nodiscard]] Result<Token> find_token(db::Tx& tx, TokenId id);
/// By its name among the user's living tokens, the newest.
[[nodiscard]] Result<Token> find_token_named(db::Tx& tx, UserId user, std::string_view name);

/// The answer to every credential that is not good, whatever the reason.
[[nodiscard]] Error bad_credentials();

}  // namespace cairn::account
