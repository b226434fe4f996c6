#pragma once
#include "base/hash.h"
#include "hub/account/tokens.h"

/// The value that a token had before it got a new one, so that programs can change over.
namespace cairn::account {

/// What a token opens with now: nobody can tell the value from it.
struct OldValue {
  Token token;
  Sha256Digest hash;
};

/// To be asked before the token gets its new value. @return `not_found`, word "TokenNotFound".
[[nodiscard]] Result<OldValue> old_value(db::Tx& tx, TokenId token);

/// Lets the old value live on beside the new one, until `until` or its own end: as a token of its
/// own, named after the other, that can be revoked. After `Accounts::rotate_token`, which makes all
/// that is remembered of tokens forgotten. @return `conflict`, word "TooManyTokens".
[[nodiscard]] Result<> keep_old_value(db::Tx& tx, OldValue old, Time until);

}  // namespace cairn::account
