#pragma once
#include "pages/pages.h"

namespace cairn::pages {

/// Where cards find pictures of other hosts, while the hub's setting `external_images` is `proxy`.
void add_picture_route(http::Router& router, Services& services);

}  // namespace cairn::pages
