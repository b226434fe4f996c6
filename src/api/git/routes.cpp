#include "api/git/handler.h"

namespace cairn::api::git {

void add_routes(http::Router& router, Services& services) {
  add_info_refs(router, services);
  add_fetch(router, services);
  add_push(router, services);
}

}  // namespace cairn::api::git
