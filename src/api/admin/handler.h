#pragma once
#include <functional>

#include "api/admin/admin.h"
#include "base/json.h"

namespace cairn::api::admin {

using AdminHandler = std::function<Task<Result<json::value>>(http::Request&, account::Actor)>;

enum class Who {
  administrator,  ///< Also over the network, with an administrator's token.
  system,         ///< Only at the machine itself.
};

/// A handler that answers 200 with JSON, after the actor was checked. What it changed is recorded
/// under the route's operation.
[[nodiscard]] http::Handler admin_only(Services& services, Who who, AdminHandler handler);

/// Adds routes below `prefix`, each with `admin_only` before its handler.
class AdminRoutes {
 public:
  AdminRoutes(http::Router& router, Services& services, Who who = Who::administrator)
      : router_(router), services_(services), who_(who) {}
  /// @param path       after `prefix`. @param operation  after "admin.".
  /// @param who        none: as the constructor was told.
  void operator()(http::Method method, std::string_view path, std::string_view operation,
                  std::string summary, AdminHandler handler, std::optional<Who> who = {},
                  std::uint64_t body_bytes_max = 1u << 20) const;

 private:
  http::Router& router_;
  Services& services_;
  Who who_;
};

/// Entries of one page of a list.
constexpr int page_max = 1000;
/// {"items": […], "next": "…"}: `next` is the `after` of the next page, absent on the last.
/// @param last  what `after` would be after the last item.
[[nodiscard]] json::value page(json::array items, const std::string& last);

constexpr std::string_view prefix = "/api/-/v1/admin";

void add_account_routes(http::Router& router, Services& services);
void add_repo_routes(http::Router& router, Services& services);
void add_check_routes(http::Router& router, Services& services);
void add_work_routes(http::Router& router, Services& services);
void add_import_routes(http::Router& router, Services& services);
void add_people_routes(http::Router& router, Services& services);
void add_example_routes(http::Router& router, Services& services);
void add_look_routes(http::Router& router, Services& services);

}  // namespace cairn::api::admin
