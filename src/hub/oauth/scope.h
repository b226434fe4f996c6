#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "hub/account/scopes.h"

namespace cairn::oauth {

/// A scope that this hub knows (hub-api.md 14), with the sentence that consent shows.
struct ScopeInfo {
  std::string_view word;
  std::string_view sentence;  ///< "Read your private repositories".
};

/// In the order in which consent shows them.
[[nodiscard]] const std::vector<ScopeInfo>& known_scopes();

constexpr std::size_t scope_text_bytes_max = 2000;

/// The known ones of a space-separated list (RFC 6749, 3.3), each once, in the order of
/// known_scopes(). Unknown words are passed over, as that section allows: the answer says what was
/// granted. @return `invalid_argument`, word "InvalidScope", when the text is too long.
[[nodiscard]] Result<std::vector<std::string>> parse_scopes(std::string_view text);
[[nodiscard]] std::string join_scopes(const std::vector<std::string>& scopes);
[[nodiscard]] bool has_scope(const std::vector<std::string>& scopes, std::string_view word);
/// Whether every one of `wanted` is among `granted`.
[[nodiscard]] bool covers(const std::vector<std::string>& granted,
                          const std::vector<std::string>& wanted);

/// What an access token with these scopes may do: nothing beyond its user's rights, in the user's
/// own repositories and those of the organizations that consent named.
[[nodiscard]] account::Scopes permissions_of(const std::vector<std::string>& scopes,
                                             const account::Entity& user,
                                             const std::vector<account::Entity>& organizations);

}  // namespace cairn::oauth
