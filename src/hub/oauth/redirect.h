#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cairn::oauth {

/// Whether a client may register it: https anywhere, http on the own machine only, or a private-use
/// scheme in reverse domain form (RFC 8252, 7.1 and 7.3); no fragment, no user, visible ASCII.
/// @return `invalid_argument`, word "InvalidRedirect".
[[nodiscard]] Result<> check_redirect_uri(std::string_view uri);

/// Exactly one of those registered; of http URIs on loopback hosts any port (RFC 8252, 7.3).
[[nodiscard]] bool redirect_allowed(std::string_view uri,
                                    const std::vector<std::string>& registered);

/// The host that consent names; the scheme of a private-use URI.
[[nodiscard]] std::string redirect_host(std::string_view uri);

/// The URI with parameters added to its query, values percent-encoded.
[[nodiscard]] std::string with_parameters(
    std::string_view uri, const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace cairn::oauth
