#pragma once
#include "hub/xet/xet.h"
#include "platform/http/http.h"

/// The store's protocol, as clients of Xet speak it (xet.md, section 7).
namespace cairn::api::cas {

/// Routes of this scope bring a token of the store, or a signed URL, and no account's: whoever
/// recognizes accounts leaves them alone.
constexpr std::string_view scope = "cas";

/// Adds every route of the protocol under xet::cas_path; what is not a route there is 404, whatever
/// its method, because clients ask for new ones that way. `files` outlives the router.
void add_routes(http::Router& router, xet::Xet& files);

/// {"error": …}; clients show the status and the request's id alone.
[[nodiscard]] http::Response encode_error(const Error& error, const http::Request& request);

}  // namespace cairn::api::cas
