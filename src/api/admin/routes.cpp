#include "api/admin/handler.h"

namespace cairn::api::admin {

http::Handler admin_only(Who who, AdminHandler handler) {
  http::Handler out(
      [who, handler = std::move(handler)](http::Request& request) -> Task<Result<http::Response>> {
        auto* known = request.context<account::Actor>();
        account::Actor actor = known ? *known : account::Actor::anonymous();
        if (!actor.is_system()) {
          if (who == Who::system)
            co_return fail(ErrorCode::forbidden, "Forbidden",
                           "This is done at the hub's own machine: cairn admin …");
          CAIRN_CO_CHECK(access::check_admin(actor));
        }
        CAIRN_CO_TRY(answer, co_await handler(request, actor));
        co_return http::json(200, answer);
      });
  out.access = who == Who::system ? "operator" : "administrator";
  return out;
}

json::value page(json::array items, const std::string& last) {
  json::object out;
  bool full = items.size() == static_cast<std::size_t>(page_max);
  out["items"] = std::move(items);
  if (full) out["next"] = last;
  return out;
}

void add_routes(http::Router& router, Services& services) {
  add_account_routes(router, services);
  add_people_routes(router, services);
  add_repo_routes(router, services);
  add_check_routes(router, services);
  add_work_routes(router, services);
  add_import_routes(router, services);
  add_example_routes(router, services);
}

}  // namespace cairn::api::admin
