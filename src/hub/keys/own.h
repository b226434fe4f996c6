#pragma once
#include <string>

#include "hub/keys/keys.h"

/// Inside the module: what both kinds of keys ask.
namespace cairn::keys {

/// May this actor see and change the user's own keys?
[[nodiscard]] Result<> check_own(db::Tx& tx, const Actor& actor);
/// @return the title without spaces around it, perhaps empty; `invalid_argument`, word
///         "InvalidTitle".
[[nodiscard]] Result<std::string> check_title(std::string_view title);
[[nodiscard]] Failure key_not_found();

}  // namespace cairn::keys
