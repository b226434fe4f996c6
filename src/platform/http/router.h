#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "platform/http/request.h"
#include "platform/http/response.h"

namespace cairn::http {

/// What answers a request. Takes a function of `Request&` that gives Task<Response> or
/// Task<Result<Response>>; an error is encoded by the route's or the router's encoder. The function
/// lives as long as the router, so here a lambda with captures may itself be a coroutine.
class Handler {
 public:
  Handler() = default;
  template <class Function>
    requires std::is_invocable_v<Function&, Request&>
  Handler(Function function) {  // NOLINT: converting on purpose
    using Answer = std::invoke_result_t<Function&, Request&>;
    if constexpr (std::is_same_v<Answer, Task<Result<Response>>>) {
      call_ = std::move(function);
    } else {
      static_assert(std::is_same_v<Answer, Task<Response>>);
      call_ = [wrapped = std::move(function)](Request& request) mutable {
        return adapt(wrapped(request));
      };
    }
  }
  explicit operator bool() const { return static_cast<bool>(call_); }
  Task<Result<Response>> operator()(Request& request) const { return call_(request); }

  /// What the function checks before all else, in the words of Route::access.
  std::string access = {};

 private:
  static Task<Result<Response>> adapt(Task<Response> answer) {
    co_return co_await std::move(answer);
  }
  std::function<Task<Result<Response>>(Request&)> call_;
};

using ErrorEncoder = std::function<Response(const Error&, const Request&)>;

struct QueryParameter {
  std::string name;
  std::string description;
  json::value schema = json::object{{"type", "string"}};
};

constexpr std::uint64_t body_unlimited = UINT64_MAX;

/// One route, as data: the router, the limits, the metrics and the OpenAPI document read it.
struct Route {
  Method method = Method::get;
  /// Segments are fixed ("models"), `{x}` (one non-empty segment), `{x...}` (the rest, none or
  /// more; last only), or a capture with fixed text around it ("{name}.git").
  std::string pattern;
  std::string operation;     ///< Stable name, "repo.create": metrics, log, OpenAPI.
  std::string summary = {};  ///< One sentence for the API document.
  /// none | read | write | admin; middleware reads it. "client": the handler itself reads the
  /// Authorization header, which holds a program's credentials and not a person's.
  std::string scope = "none";
  /// Who may, in a word of docs/access.md ("signed_in", "repo.write"). What checks it is the
  /// handler; a test holds this against what the handler does. Empty: the handler's own.
  std::string access = {};
  std::uint64_t body_bytes_max = 1u << 20;  ///< 413 beyond; body_unlimited for streams.
  Handler handler;
  std::optional<json::value> request_schema = {};
  std::optional<json::value> response_schema = {};
  std::vector<QueryParameter> query = {};
  /// The path itself is a secret (signed URL): the access log shows the pattern instead.
  bool secret_path = false;
  /// Asked only when no other route fits the request, whatever its pattern.
  bool last_resort = false;
  ErrorEncoder encode_error = {};  ///< Instead of the router's, for another protocol.
  /// Answers people who are not signed in also on a hub that shows them nothing: sign-in, health,
  /// static files, and routes whose path or header carries its own proof.
  bool open_to_strangers = false;
  /// A browser's session must have given its password a short while ago.
  bool asks_password = false;
};

/// What the program itself asks.
struct InnerQuestion {
  Method method = Method::get;
  std::string target;
  std::string accept = "application/json";
  std::string body = {};  ///< JSON.
  std::uint64_t answer_bytes_max = 1u << 20;
};
/// What the router answered it, read to its end; never compressed.
struct InnerAnswer {
  int status = 0;
  Headers headers;
  std::string body;
};

/// Finds the route of a request and runs it with the hooks around it. Filled before the server
/// starts, then constant: any thread may call the const members.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Fixed segments win over captures with fixed text, those over `{x}`, those over `{x...}`, from
  /// left to right; what was taken is given back when the rest does not fit. A trailing `/` of the
  /// request is ignored. HEAD falls to GET.
  /// @throws std::logic_error for a malformed pattern, a missing handler or a doubled route: a
  ///         mistake of the programmer, found when the program starts.
  void add(Route route);
  void add(std::vector<Route> routes);

  /// Runs before the handler, in the order added, on every request that found a route: may answer
  /// itself (or fail), which skips the handler. Sets the actor, for example.
  void before(std::function<Task<Result<std::optional<Response>>>(Request&)> hook);
  /// Runs on every response, in the order added, also on errors and not found.
  void after(std::function<void(const Request&, Response&)> hook);
  /// Answers what no route matches; the default is a not_found error. The before hooks do not run.
  void not_found(Handler handler);
  /// The default answers {"error": message} with http_status(code).
  void encode_errors(ErrorEncoder encoder);

  /// Answers a request: route, hooks, handler, errors encoded. Exceptions become `internal`, except
  /// cancellation. A path that exists with other methods is 405 with Allow, unless only a pattern
  /// that begins with a rest capture matches it; OPTIONS is answered here.
  [[nodiscard]] Task<Response> handle(Request& request) const;
  /// Asks within the answer to `outer`: for the same person, from the same address and with what
  /// the layers attached to it (so nobody is recognized or counted twice), but without a
  /// connection.
  /// @return `too_large`, word "AnswerTooLarge", for a longer body; `invalid_argument` for a bad
  ///         target. What the route refuses is an answer.
  [[nodiscard]] Task<Result<InnerAnswer>> ask(const Request& outer, InnerQuestion question) const;
  /// The encoded error, with the after hooks.
  [[nodiscard]] Response error(const Error& error, const Request& request) const;

  /// Sets the request's route and captures. False when there is none of its method.
  bool find(Request& request) const;
  /// The methods that the request's path has, GET implying HEAD; sorted, empty when unknown.
  [[nodiscard]] std::vector<Method> methods(const Request& request) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

  /// OpenAPI 3.1 of all routes.
  [[nodiscard]] json::value openapi(std::string_view title, std::string_view version) const;

 private:
  struct Node;
  struct Match;
  Task<Result<Response>> run(Request& request) const;
  Result<Response> no_route(const Request& request) const;

  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Node> root_;
  std::unique_ptr<Node> last_resort_;  ///< Of routes with `last_resort`.
  std::vector<std::function<Task<Result<std::optional<Response>>>(Request&)>> before_;
  std::vector<std::function<void(const Request&, Response&)>> after_;
  Handler not_found_;
  ErrorEncoder encode_error_;
};

}  // namespace cairn::http
