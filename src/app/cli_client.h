#pragma once
#include <memory>
#include <string>

#include "app/config.h"
#include "base/json.h"
#include "platform/http/headers.h"

namespace cairn::app::cli {

/// Asks the operator's routes (api/admin) of the hub whose data folder is configured: through the
/// socket of the one that runs, else within this process.
class Client {
 public:
  virtual ~Client() = default;
  /// Whether a folder without a hub becomes one.
  enum class Missing { refuse, create };

  /// @return word "NoHub" when there is nothing to ask, `not_found`; "HubSilent" when a process has
  ///         the folder and does not answer; "DatabaseTooNew" and what opening a hub says.
  [[nodiscard]] static Result<std::unique_ptr<Client>> connect(const Config& config,
                                                               Missing missing = Missing::refuse);

  /// @param path  below the prefix of the routes, encoded, with its query: "/users?after=ada".
  /// @return what the route answered, or its error.
  [[nodiscard]] Result<json::value> get(const std::string& path) {
    return ask(http::Method::get, path, {});
  }
  [[nodiscard]] Result<json::value> post(const std::string& path, const json::value& body) {
    return ask(http::Method::post, path, json::serialize(body));
  }
  [[nodiscard]] Result<json::value> put(const std::string& path, const json::value& body) {
    return ask(http::Method::put, path, json::serialize(body));
  }
  [[nodiscard]] Result<json::value> remove(const std::string& path) {
    return ask(http::Method::delete_, path, {});
  }
  [[nodiscard]] virtual Result<json::value> ask(http::Method method, const std::string& path,
                                                std::string body) = 0;
};

}  // namespace cairn::app::cli
