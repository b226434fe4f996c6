#pragma once
#include "pages/pages.h"

namespace cairn::pages {

/// `POST /api/-/v1/render`: Markdown that somebody is writing, as it will look.
void add_preview_route(http::Router& router, Services& services);

}  // namespace cairn::pages
