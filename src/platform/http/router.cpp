#include "platform/http/router.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.h"
#include "base/text.h"
#include "platform/http/pattern.h"

namespace cairn::http {
namespace {

constexpr std::size_t methods_count = static_cast<std::size_t>(Method::other);
using Table = std::array<const Route*, methods_count>;

// hub-api.md, section 1.6: what browsers' code may read.
constexpr std::string_view exposed_headers =
    "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, "
    "X-Linked-ETag, X-Linked-Size, Link, Accept-Ranges, Content-Range, Content-Disposition, "
    "X-Xet-Hash, X-Xet-Access-Token, X-Xet-Token-Expiration, X-Xet-Refresh-Route, "
    "X-Xet-Cas-Url, RateLimit, RateLimit-Policy, Retry-After, X-HF-Warning";

std::string allow_text(const std::vector<Method>& methods) {
  std::string out;
  for (Method method : methods) {
    if (!out.empty()) out += ", ";
    out += to_string(method);
  }
  return out + ", OPTIONS";
}

Response default_error(const Error& error, const Request& request) {
  auto out = json(http_status(error.code), json::object{{"error", error.message}});
  if (!request.id().empty()) out.headers.add("X-Request-Id", request.id());
  if (error.retry_after_s > 0) out.headers.add("Retry-After", std::to_string(error.retry_after_s));
  return out;
}

/// Any origin may read, and no origin ever with the browser's cookies.
void add_cors(const Request& request, Response& response) {
  response.headers.add_token("Vary", "Origin");
  if (!request.headers().has("Origin")) return;
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Access-Control-Expose-Headers", std::string(exposed_headers));
}

/// What a browser asks before it sends a request with headers of its own.
Response preflight(const Request& request) {
  auto out = empty(204);
  out.headers.add("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  auto wanted = request.header("Access-Control-Request-Headers");
  // `*` would not cover Authorization, so the names come back as asked.
  if (!wanted.empty()) out.headers.add("Access-Control-Allow-Headers", std::string(wanted));
  out.headers.add("Access-Control-Max-Age", "86400");
  out.headers.add_token("Vary", "Access-Control-Request-Headers");
  return out;
}

}  // namespace

/// A tree by segments. Captures of one place share a branch whatever they are called; the names
/// are the route's.
struct Router::Node {
  struct Affixed {
    std::string before, after;
    std::unique_ptr<Node> node;
  };
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> fixed;  // Sorted.
  std::vector<Affixed> affixed;
  std::unique_ptr<Node> any;
  Table here{};
  Table rest{};

  Node& fixed_child(const std::string& text) {
    auto at = std::ranges::lower_bound(fixed, text, {}, [](auto& f) -> auto& { return f.first; });
    if (at == fixed.end() || at->first != text)
      at = fixed.emplace(at, text, std::make_unique<Node>());
    return *at->second;
  }
  Node& affixed_child(const PatternSegment& segment) {
    for (auto& a : affixed)
      if (a.before == segment.before && a.after == segment.after) return *a.node;
    affixed.push_back({segment.before, segment.after, std::make_unique<Node>()});
    // The longest fixed text first: "{x}.git" must not be hidden by "{x}t".
    std::ranges::sort(affixed, [](const Affixed& a, const Affixed& b) {
      auto size = [](const Affixed& x) { return x.before.size() + x.after.size(); };
      return std::tuple(size(b), a.before) < std::tuple(size(a), b.before);
    });
    for (auto& a : affixed)
      if (a.before == segment.before && a.after == segment.after) return *a.node;
    std::unreachable();
  }
};

/// One walk: finds the first table, in order of preference, that has what `wanted` looks for.
struct Router::Match {
  const std::vector<std::string>& segments;
  std::size_t count;  // Without the empty segment of a trailing slash.
  std::function<bool(const Table&, bool catch_all)> accept;
  std::vector<Request::Capture> captures = {};

  bool walk(const Node& node, std::size_t at) {
    if (at == count) {
      if (accept(node.here, false)) return true;
    } else {
      const std::string& segment = segments[at];
      auto fixed = std::ranges::lower_bound(node.fixed, segment, {},
                                            [](auto& f) -> auto& { return f.first; });
      if (fixed != node.fixed.end() && fixed->first == segment && walk(*fixed->second, at + 1))
        return true;
      for (const auto& a : node.affixed) {
        // Strictly longer: a capture is never empty.
        if (segment.size() > a.before.size() + a.after.size() && segment.starts_with(a.before) &&
            segment.ends_with(a.after) &&
            step(*a.node, {{}, at, 1, a.before.size(), a.after.size(), false}))
          return true;
      }
      if (node.any && !segment.empty() && step(*node.any, {{}, at, 1, 0, 0, false})) return true;
    }
    captures.push_back({{}, at, count - at, 0, 0, true});
    if (accept(node.rest, at == 0)) return true;
    captures.pop_back();
    return false;
  }
  bool step(const Node& node, Request::Capture capture) {
    captures.push_back(capture);
    if (walk(node, capture.first + 1)) return true;
    captures.pop_back();
    return false;
  }
};

Router::Router()
    : root_(std::make_unique<Node>()),
      last_resort_(std::make_unique<Node>()),
      encode_error_(default_error) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Route route) {
  auto segments = parse_pattern(route.pattern);
  if (!route.handler) throw std::logic_error("route without a handler: " + route.pattern);
  if (route.method == Method::other || route.method == Method::options)
    throw std::logic_error("no route can have this method: " + route.pattern);
  if (route.access.empty()) route.access = route.handler.access;
  Node* node = route.last_resort ? last_resort_.get() : root_.get();
  bool rest = false;
  for (const auto& segment : segments) {
    if (segment.kind == PatternSegment::Kind::fixed)
      node = &node->fixed_child(segment.before);
    else if (segment.kind == PatternSegment::Kind::rest)
      rest = true;
    else if (segment.before.empty() && segment.after.empty())
      node = (node->any ? node->any : node->any = std::make_unique<Node>()).get();
    else
      node = &node->affixed_child(segment);
  }
  auto& slot = (rest ? node->rest : node->here)[static_cast<std::size_t>(route.method)];
  if (slot) throw std::logic_error("two routes for one path: " + route.pattern);
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  slot = routes_.back().get();
}

void Router::add(std::vector<Route> routes) {
  for (auto& route : routes) add(std::move(route));
}

void Router::before(std::function<Task<Result<std::optional<Response>>>(Request&)> hook) {
  before_.push_back(std::move(hook));
}
void Router::after(std::function<void(const Request&, Response&)> hook) {
  after_.push_back(std::move(hook));
}
void Router::not_found(Handler handler) {
  not_found_ = std::move(handler);
}
void Router::encode_errors(ErrorEncoder encoder) {
  encode_error_ = std::move(encoder);
}

namespace {

std::size_t match_count(const std::vector<std::string>& segments) {
  return segments.size() - (!segments.empty() && segments.back().empty() ? 1 : 0);
}

}  // namespace

bool Router::find(Request& request) const {
  if (request.method_ == Method::other) return false;
  const Route* found = nullptr;
  auto accept = [&](const Table& table, bool) {
    found = table[static_cast<std::size_t>(request.method_)];
    if (!found && request.method_ == Method::head)
      found = table[static_cast<std::size_t>(Method::get)];
    return found != nullptr;
  };
  Match match{request.segments_, match_count(request.segments_), accept};
  if (!match.walk(*root_, 0) && !match.walk(*last_resort_, 0)) return false;
  request.route_ = found;
  request.captures_ = std::move(match.captures);
  // The walk knows places, the pattern knows names, both from left to right.
  std::size_t next = 0;
  for_each_capture(found->pattern,
                   [&](std::string_view name) { request.captures_[next++].name = name; });
  return true;
}

std::vector<Method> Router::methods(const Request& request) const {
  std::vector<bool> has(methods_count);
  auto collect = [&](const Table& table, bool catch_all) {
    if (!catch_all)
      for (std::size_t i = 0; i < methods_count; ++i) has[i] = has[i] || table[i];
    return false;
  };
  Match match{request.segments_, match_count(request.segments_), collect};
  match.walk(*root_, 0);
  if (has[static_cast<std::size_t>(Method::get)])
    has[static_cast<std::size_t>(Method::head)] = true;
  std::vector<Method> out;
  for (std::size_t i = 0; i < methods_count; ++i)
    if (has[i]) out.push_back(static_cast<Method>(i));
  return out;
}

Result<Response> Router::no_route(const Request& request) const {
  bool asterisk = request.target_ == "*";
  auto allowed = asterisk ? std::vector<Method>{Method::get, Method::head,  Method::post,
                                                Method::put, Method::patch, Method::delete_}
                          : methods(request);
  if (request.method_ == Method::options) {
    if (request.headers().has("Access-Control-Request-Method")) return preflight(request);
    if (!allowed.empty()) return empty(204).with("Allow", allow_text(allowed));
  }
  if (allowed.empty())
    return fail(ErrorCode::not_found, "NotFound",
                "Nothing is at this address. Check the spelling of the path.");
  auto out = error(Error{ErrorCode::method_not_allowed, "MethodNotAllowed",
                         std::string(request.method_name()) + " is not possible here. Use " +
                             allow_text(allowed) + "."},
                   request);
  out.headers.set("Allow", allow_text(allowed));
  return out;
}

Task<Result<Response>> Router::run(Request& request) const {
  if (!find(request)) {
    auto answer = no_route(request);
    if (!answer && not_found_ && request.method_ != Method::options)
      co_return co_await not_found_(request);
    co_return answer;
  }
  const Route& route = *request.route_;
  request.body_bytes_max_ = route.body_bytes_max;
  for (const auto& hook : before_) {
    CAIRN_CO_TRY(answered, co_await hook(request));
    if (answered) co_return std::move(*answered);
  }
  // After the hooks, so that who may not do it at all learns that first.
  if (request.content_length_ && *request.content_length_ > route.body_bytes_max)
    co_return fail(ErrorCode::too_large, "BodyTooLarge",
                   "The request body is larger than the " + human_bytes(route.body_bytes_max) +
                       " this route takes. Nothing was changed.");
  co_return co_await route.handler(request);
}

Task<Response> Router::handle(Request& request) const {
  std::optional<Error> failed;
  std::exception_ptr aborted;
  try {
    auto answer = co_await run(request);
    if (answer) {
      add_cors(request, *answer);
      for (const auto& hook : after_) hook(request, *answer);
      co_return std::move(*answer);
    }
    failed = std::move(answer).error();
  } catch (const boost::system::system_error& e) {
    if (e.code() == boost::asio::error::operation_aborted) aborted = std::current_exception();
    failed = Error{ErrorCode::internal, "InternalError", {}, {{"exception", e.what()}}};
  } catch (const std::exception& e) {
    failed = Error{ErrorCode::internal, "InternalError", {}, {{"exception", e.what()}}};
  }
  // The server cuts the connection: there is nobody to answer.
  if (aborted) {
    auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) std::rethrow_exception(aborted);
  }
  if (failed->message.empty())
    failed->message =
        "The hub failed at this request. Its operator finds it in the log by the "
        "request id " +
        request.id() + ".";
  auto out = error(*failed, request);
  add_cors(request, out);
  for (const auto& hook : after_) hook(request, out);
  co_return out;
}

Response Router::error(const Error& error, const Request& request) const {
  const auto& encode =
      request.route_ && request.route_->encode_error ? request.route_->encode_error : encode_error_;
  auto out = encode(error, request);
  if (out.status >= 500)
    log::error("http.failed", error,
               {{"request", request.id()},
                {"operation", request.route_ ? request.route_->operation : "none"}});
  return out;
}

}  // namespace cairn::http
