#pragma once
#include "api/hub/open.h"

namespace cairn::api::hub {

/// The filters, order and page that a list's query string asks for. Repeated parameters and values
/// by comma are the same.
/// @return `invalid_argument`, word "InvalidQuery".
[[nodiscard]] Result<repo::ListQuery> list_query(const http::Request& request, RepoKind kind);

/// Lists, counts by tag.
void add_list_routes(http::Router& router, Services& services);
/// Quick search, trending, tasks, downloads by day.
void add_discover_routes(http::Router& router, Services& services);

}  // namespace cairn::api::hub
