#include <filesystem>

#include "api/admin/handler.h"
#include "base/text.h"
#include "hub/settings/acts.h"
#include "hub/work/work.h"

// What administrators look at and cannot change here: the record, the configuration, how the hub
// is.

namespace cairn::api::admin {
namespace {

AdminHandler list_acts(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    auto before = parse_int(request.query("after").value_or("0")).value_or(0);
    constexpr int acts_page = 100;  // People read these; a page of them is a screen or two.
    auto read = [before](db::Tx& tx) -> Result<std::vector<settings::Act>> {
      return settings::acts(tx, before, acts_page + 1);
    };
    CAIRN_CO_TRY(found, co_await services.database.read(read));
    bool more = found.size() > static_cast<std::size_t>(acts_page);
    if (more) found.pop_back();
    json::array items;
    for (const auto& act : found)
      items.push_back(json::object{{"id", act.id},
                                   {"time", to_rfc3339(act.time)},
                                   {"by", act.who},
                                   {"operation", act.operation},
                                   {"target", act.target},
                                   {"address", act.address},
                                   {"requestId", act.request_id}});
    json::object out{{"items", std::move(items)}};
    if (more) out["next"] = std::to_string(found.back().id);
    co_return json::value(std::move(out));
  };
}

AdminHandler list_configuration(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    json::array items;
    for (const auto& line : services.configuration)
      items.push_back(json::object{
          {"key", line.key}, {"value", line.value}, {"source", line.source}, {"help", line.help}});
    co_return page(std::move(items), "");
  };
}

AdminHandler show_health(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    auto count = [](db::Tx& tx) -> Result<std::int64_t> {
      work::ListOptions failed{.state = work::parse_state("failed"), .limit = page_max};
      return static_cast<std::int64_t>(work::list_work(tx, failed).size());
    };
    CAIRN_CO_TRY(failed, co_await services.database.read(count));
    auto room = [folder = services.data_folder] {
      std::error_code error;
      return std::filesystem::space(folder, error);
    };
    auto disk = co_await services.blocking.run(room);
    bool known = disk.capacity != static_cast<std::uintmax_t>(-1);
    json::object out{
        {"version", services.version},
        {"publicUrl", services.public_url},
        {"database", services.database.engine() == db::Engine::sqlite ? "SQLite" : "PostgreSQL"},
        {"failedWork", failed},
        {"sendsMail", services.mail.configured()}};
    if (known) {
      out["diskFreeBytes"] = disk.available;
      out["diskBytes"] = disk.capacity;
    }
    co_return json::value(std::move(out));
  };
}

}  // namespace

void add_look_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services);
  using http::Method;
  add(Method::get, "/acts", "acts", "What administrators did, newest first.", list_acts(services));
  add(Method::get, "/configuration", "configuration",
      "The program's configuration as it is in force.", list_configuration(services));
  add(Method::get, "/health", "health", "How the hub is.", show_health(services));
}

}  // namespace cairn::api::admin
