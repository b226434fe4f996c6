#include "app/cli_client.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "app/admin_services.h"
#include "platform/http/http.h"
#include "platform/http/local_client.h"

namespace cairn::app::cli {
namespace {

constexpr std::string_view prefix = "/api/-/v1/admin";

// A hub that starts has the folder's lock before it listens, and one that stops has it after.
constexpr auto wait_max = std::chrono::seconds(10);
constexpr int greeting_timeout_ms = 10'000;
constexpr auto wait_step = std::chrono::milliseconds(100);

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::forbidden;
    case 404:
      return ErrorCode::not_found;
    case 410:
      return ErrorCode::gone;
    case 400:
      return ErrorCode::invalid_argument;
    case 409:
      return ErrorCode::conflict;
    default:
      return ErrorCode::unavailable;
  }
}

/// Both kinds of client read the same answers.
Result<json::value> read_answer(int status, std::string_view word, std::string_view body) {
  auto value = parse_json(body);
  if (status >= 200 && status < 300) return value;
  std::string message = "The hub answered " + std::to_string(status) + ".";
  if (auto* object = value ? value->if_object() : nullptr)
    if (auto* said = object->if_contains("error"); said && said->is_string())
      message = std::string(said->get_string());
  return fail(code_of(status), word.empty() ? "HubError" : std::string(word), message);
}

/// A hub that runs, at its socket.
class SocketClient final : public Client {
 public:
  SocketClient(std::string socket, std::string key)
      : socket_(std::move(socket)), key_(std::move(key)) {}

  Result<json::value> ask(http::Method method, const std::string& path, std::string body) override {
    http::Headers headers{{"Authorization", "Local " + key_}, {"Content-Type", "application/json"}};
    CAIRN_TRY(answer, http::ask_local(socket_, method, std::string(prefix) + path, headers,
                                      std::move(body)));
    return read_answer(answer.status, answer.headers.get("X-Error-Code"), answer.body);
  }

  [[nodiscard]] Result<> greet() {
    CAIRN_CHECK(
        http::ask_local(socket_, http::Method::get, "/healthz", {}, {}, greeting_timeout_ms));
    return {};
  }

 private:
  std::string socket_;
  std::string key_;
};

http::Response encode_error(const Error& error, const http::Request&) {
  auto out = http::json(http::http_status(error.code),
                        json::value(json::object{{"error", error.message}}));
  out.headers.set("X-Error-Code", error.word);
  return out;
}

/// The hub within this process, with the routes alone.
class OwnHub final : public Client {
 public:
  explicit OwnHub(std::unique_ptr<Hub> hub)
      : hub_(std::move(hub)), services_(admin_services(*hub_)) {
    api::admin::add_routes(router_, services_);
    router_.encode_errors(encode_error);
  }

  Result<json::value> ask(http::Method method, const std::string& path, std::string body) override {
    CAIRN_TRY(request,
              http::Request::make(method, std::string(prefix) + path,
                                  {{"Content-Type", "application/json"}}, std::move(body)));
    request.set_context(account::Actor::system());
    std::optional<http::Response> answer;
    auto run = [](OwnHub& self, http::Request& asked, std::optional<http::Response>& to) -> Task<> {
      to = co_await self.router_.handle(asked);
    };
    boost::asio::io_context io(1);
    std::exception_ptr thrown;
    boost::asio::co_spawn(io, run(*this, request, answer),
                          [&](std::exception_ptr e) { thrown = e; });
    io.run();
    if (thrown) std::rethrow_exception(thrown);
    return read_answer(answer->status, answer->headers.get("X-Error-Code"), answer->text());
  }

 private:
  std::unique_ptr<Hub> hub_;
  api::admin::Services services_;
  http::Router router_;
};

Failure not_the_hubs_user(const std::string& folder) {
  return fail(ErrorCode::forbidden, "NotTheHubsUser",
              "The data folder " + folder +
                  " belongs to another user. Run this as the user that runs the hub.");
}

/// @return `forbidden` when the folder does not let us look.
Result<bool> exists(const std::string& folder, const std::string& name) {
  std::error_code failed;
  bool there = std::filesystem::exists(folder + "/" + name, failed);
  if (failed == std::errc::permission_denied) return not_the_hubs_user(folder);
  return there;
}

/// Null when no hub listens in the folder.
Result<std::unique_ptr<Client>> find_running(const std::string& folder) {
  CAIRN_TRY(has_socket, exists(folder, "admin.sock"));
  CAIRN_TRY(has_key, exists(folder, "admin.key"));
  if (!has_socket || !has_key) return nullptr;
  auto key = read_small_file(folder + "/admin.key");
  if (!key) return not_the_hubs_user(folder);
  auto client = std::make_unique<SocketClient>(folder + "/admin.sock", *key);
  if (auto greeted = client->greet(); !greeted) {
    if (greeted.error().word == "SocketUnreachable") return nullptr;
    return fail(greeted.error());
  }
  return client;
}

Result<> check_there(const Config& config) {
  bool there = !config.is_sqlite();
  if (config.database == "sqlite:") {
    CAIRN_TRY(has_database, exists(config.data, "cairn.db"));
    there = has_database;
  } else if (config.is_sqlite()) {
    CAIRN_TRY(has_folder, exists(config.data, ""));
    there = has_folder;
  }
  if (there) return {};
  return fail(ErrorCode::not_found, "NoHub",
              "There is no hub in " +
                  std::filesystem::absolute(config.data).lexically_normal().string() +
                  ". Name its folder with --data, or start one: cairn serve.");
}

}  // namespace

Result<std::unique_ptr<Client>> Client::connect(const Config& config, Missing missing) {
  if (missing == Missing::refuse) CAIRN_CHECK(check_there(config));
  auto deadline = std::chrono::steady_clock::now() + wait_max;
  for (;;) {
    CAIRN_TRY(running, find_running(config.data));
    if (running) return std::move(running);
    auto hub = Hub::open(config);
    if (hub) return std::make_unique<OwnHub>(std::move(*hub));
    if (hub.error().word != "DataFolderInUse") return fail(hub.error());
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorCode::unavailable, "HubSilent",
                  "A process has the data folder " + config.data +
                      " and does not answer at its socket admin.sock: it may be starting, or be a "
                      "command that runs long. Wait for it or look at its log.");
    std::this_thread::sleep_for(wait_step);
  }
}

}  // namespace cairn::app::cli
