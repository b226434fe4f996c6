#pragma once
#include <atomic>
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/repo/types.h"
#include "platform/http/outbound.h"

/// Another server's repository: its address, and whether it is there.
namespace cairn::imports {

/// What a URL says by itself.
struct Source {
  std::string url;     ///< Without '/' at its end.
  std::string origin;  ///< "https://host:port"
  std::string name;    ///< The last part, without ".git".
  RepoKind kind = RepoKind::model;
};
/// @return `invalid_argument`, word "InvalidSource".
[[nodiscard]] Result<Source> parse_source(std::string_view url);

/// "Basic …"; empty without a token.
[[nodiscard]] std::string authorization_of(const std::string& username, const std::string& token);

/// Asks the source for its refs, as git would, and follows it where it moved to. Blocks.
/// @return where it is; see Imports::start for what can be wrong.
[[nodiscard]] Result<Source> look_at(const http::Outbound& outbound, const Source& source,
                                     const std::string& authorization,
                                     const std::atomic<bool>* stop = nullptr);

/// "{url}.git/info/lfs": where git-lfs asks, by its own rule.
[[nodiscard]] std::string lfs_url(const Source& source);

}  // namespace cairn::imports
