#include "hub/work/work.h"

#include "api/admin/handler.h"
#include "base/text.h"

namespace cairn::api::admin {
namespace {

json::object work_json(const work::Listed& item) {
  json::object out{{"id", item.id},
                   {"kind", item.kind},
                   {"key", item.key},
                   {"state", json::string_view(to_string(item.state))},
                   {"due", to_rfc3339(item.due_at)},
                   {"attempts", item.attempts},
                   {"attempts_max", item.attempts_max},
                   {"created", to_rfc3339(item.created_at)}};
  if (!item.leased_by.empty()) out["node"] = item.leased_by;
  if (!item.error_word.empty()) out["error"] = item.error_word + ": " + item.error_message;
  return out;
}

AdminHandler list_work(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    work::ListOptions options{.kind = std::string(request.query("kind").value_or("")),
                              .after = parse_int(request.query("after").value_or("0")).value_or(0),
                              .limit = page_max};
    if (auto state = request.query("state")) {
      options.state = work::parse_state(*state);
      if (!options.state)
        co_return fail(ErrorCode::invalid_argument, "InvalidQuery",
                       "A state is pending, running or failed.");
    }
    auto read = [options](db::Tx& tx) -> Result<std::vector<work::Listed>> {
      return work::list_work(tx, options);
    };
    CAIRN_CO_TRY(items, co_await services.database.read(read));
    json::array out;
    for (const auto& item : items) out.push_back(work_json(item));
    co_return page(std::move(out), items.empty() ? "" : std::to_string(items.back().id));
  };
}

AdminHandler retry_work(Services& services) {
  return [&services](http::Request& request, account::Actor) -> Task<Result<json::value>> {
    auto id = parse_int(request.param("id"));
    if (!id)
      co_return fail(ErrorCode::invalid_argument, "InvalidId", "The id of an item is a number.");
    auto retry = [id = *id](db::Tx& tx) { return work::retry_work(tx, id); };
    CAIRN_CO_CHECK(co_await services.database.write(retry));
    co_return json::value(json::object{{"id", *id}, {"retried", 1}});
  };
}

AdminHandler retry_failed(Services& services) {
  return [&services](http::Request&, account::Actor) -> Task<Result<json::value>> {
    auto retry = [](db::Tx& tx) -> Result<std::int64_t> { return work::retry_failed(tx); };
    CAIRN_CO_TRY(count, co_await services.database.write(retry));
    co_return json::value(json::object{{"retried", count}});
  };
}

}  // namespace

void add_work_routes(http::Router& router, Services& services) {
  const AdminRoutes add(router, services);
  using http::Method;
  add(Method::get, "/work", "work.list", "Background work.", list_work(services));
  add(Method::post, "/work/{id}/retry", "work.retry", "Run one item now.", retry_work(services));
  add(Method::post, "/work/retry", "work.retry_failed", "Run all that failed now.",
      retry_failed(services));
}

}  // namespace cairn::api::admin
