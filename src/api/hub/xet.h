#pragma once
#include <map>
#include <string_view>
#include <vector>

#include "api/hub/open.h"
#include "hub/xet/xet.h"

/// Inside the module: what leads clients from the hub to the store (xet.md, section 8).
namespace cairn::api::hub {

/// What JavaScript asks `resolve` for.
constexpr std::string_view xet_info_type = "application/vnd.xet-fileinfo+json";

/// The hash, where to get a token for it, and how it is put together.
/// @param commit  40 hex digits.
void add_xet_headers(http::Headers& headers, const Services& services, const repo::Repo& repo,
                     std::string_view commit, const xet::Hash& hash);

[[nodiscard]] bool asks_for_xet_info(const http::Request& request);
/// The answer to that. @param what  of the file, with the headers above.
[[nodiscard]] http::Response xet_info(const Services& services, const repo::Repo& repo,
                                      std::string_view commit, const xet::Hash& hash,
                                      const http::Representation& what);

using XetHashes = std::map<Sha256Digest, xet::Hash>;
/// Of those files that clients may get from the store; none for whom may not read the content.
Task<Result<XetHashes>> xet_hashes(Services& services, account::Actor actor, repo::RepoRef repo,
                                   std::vector<Sha256Digest> files);

}  // namespace cairn::api::hub
