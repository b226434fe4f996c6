#include "api/admin/handler.h"
#include "base/log.h"
#include "hub/settings/acts.h"

namespace cairn::api::admin {
namespace {

/// After the act: it happened, even when its record cannot be written, which the log then tells.
Task<> record(Services& services, http::Request& request, account::Actor actor) {
  if (request.method() == http::Method::get) co_return;
  settings::Act act;
  act.who = actor.is_system() ? "operator" : actor.user_name;
  act.operation = request.route()->operation;
  act.target = std::string(request.path().substr(prefix.size()));
  act.address = actor.address;
  act.request_id = actor.request_id;
  auto write = [act](db::Tx& tx) -> Result<> {
    settings::record_act(tx, act);
    return {};
  };
  auto written = co_await services.database.write(write);
  if (!written) log::error("admin.record.failed", written.error());
}

}  // namespace

http::Handler admin_only(Services& services, Who who, AdminHandler handler) {
  http::Handler out([&services, who, handler = std::move(handler)](
                        http::Request& request) -> Task<Result<http::Response>> {
    auto* known = request.context<account::Actor>();
    account::Actor actor = known ? *known : account::Actor::anonymous();
    if (!actor.is_system()) {
      if (who == Who::system)
        co_return fail(ErrorCode::forbidden, "Forbidden",
                       "This is done at the hub's own machine: cairn admin …");
      CAIRN_CO_CHECK(access::check_admin(actor));
    }
    CAIRN_CO_TRY(answer, co_await handler(request, actor));
    co_await record(services, request, actor);
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
  add_look_routes(router, services);
}

void AdminRoutes::operator()(http::Method method, std::string_view path, std::string_view operation,
                             std::string summary, AdminHandler handler, std::optional<Who> who,
                             std::uint64_t body_bytes_max) const {
  router_.add({.method = method,
               .pattern = std::string(prefix) + std::string(path),
               .operation = "admin." + std::string(operation),
               .summary = std::move(summary),
               .scope = "admin",
               .body_bytes_max = body_bytes_max,
               .handler = admin_only(services_, who.value_or(who_), std::move(handler))});
}

}  // namespace cairn::api::admin
