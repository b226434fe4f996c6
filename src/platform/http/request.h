#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "platform/http/headers.h"

namespace cairn::http {

struct Route;

/// Where the bytes of a request's body come from: a connection, or a text in tests.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next bytes, empty at the end; see Request::read_some.
  virtual Task<Result<std::string>> read_some() = 0;
};

/// One request. Belongs to its connection and lives until the response has been sent, so handlers
/// and the response's stream may keep a reference. Used by one thread at a time.
///
/// The server refuses, before a Request exists: malformed HTTP, bad percent-encoding in path or
/// query, headers or targets over the limits.
class Request {
 public:
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  Request(Request&&) = default;
  Request& operator=(Request&&) = default;

  /// A request that no connection brought, for tests and for calls within the program.
  /// @return `invalid_argument`, word "InvalidTarget", when the target does not decode.
  [[nodiscard]] static Result<Request> make(Method method, std::string target, Headers headers = {},
                                            std::string body = {});

  [[nodiscard]] Method method() const { return method_; }
  /// "GET", or what the client sent for Method::other.
  [[nodiscard]] std::string_view method_name() const;
  /// As on the request line, with its query string: may hold secrets, never log it.
  [[nodiscard]] const std::string& target() const { return target_; }
  /// The target without the query string, still percent-encoded.
  [[nodiscard]] std::string_view path() const;
  /// The target after `?`, still encoded; empty without one.
  [[nodiscard]] std::string_view query_string() const;
  /// The path split at `/`, then each segment percent-decoded once: `%2F` is a slash *inside* a
  /// segment. "/" has none; "/a/" has "a" and an empty one.
  [[nodiscard]] const std::vector<std::string>& segments() const { return segments_; }

  /// What the route's pattern captured as `{name}`, decoded. Empty when the pattern has no such
  /// capture. Valid as long as the request.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  /// What `{name...}` captured: the decoded segments, none or more (a trailing `/` adds none).
  [[nodiscard]] std::vector<std::string> rest(std::string_view name) const;
  /// The same joined by `/`.
  [[nodiscard]] std::string rest_path(std::string_view name) const;

  /// The first value of a query parameter, decoded (`+` is a space). `name[]` counts as `name`.
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const;
  /// Every value, in order.
  [[nodiscard]] std::vector<std::string_view> query_all(std::string_view name) const;
  /// True for `1`, `true`, `True`, and for the bare name.
  [[nodiscard]] bool query_flag(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& query_pairs() const {
    return query_;
  }

  [[nodiscard]] const Headers& headers() const { return headers_; }
  /// The first value of a header; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const { return headers_.get(name); }
  [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;

  /// The client's address as text: the peer, or what trusted proxies say in X-Forwarded-For.
  /// "unix" for a Unix socket.
  [[nodiscard]] const std::string& remote_address() const { return remote_address_; }
  /// "http" or "https", by the connection or a trusted proxy's X-Forwarded-Proto.
  [[nodiscard]] std::string_view scheme() const { return secure_ ? "https" : "http"; }
  /// The Host header. Chosen by the client: fit for display, not for decisions.
  [[nodiscard]] std::string_view host() const { return headers_.get("Host"); }
  /// Made by Router::ask, within the answer to another request.
  [[nodiscard]] bool is_inner() const { return inner_; }
  /// The uid of the peer process on a Unix socket.
  [[nodiscard]] std::optional<std::uint32_t> peer_uid() const { return peer_uid_; }
  /// The client's X-Request-Id or X-Amzn-Trace-Id when that is short and plain, else random.
  [[nodiscard]] const std::string& id() const { return id_; }

  /// The route that was found; null while none was (errors, not found).
  [[nodiscard]] const Route* route() const { return route_; }

  // ---- body ----

  /// The Content-Length; empty for a chunked body. 0 without a body.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const { return content_length_; }
  /// The next bytes of the body (1 byte to 256 KiB), empty at its end. Nothing is read from the
  /// client before this is called, so a slow handler slows its client down. The first call answers
  /// `Expect: 100-continue`.
  /// @return `too_large` beyond the route's body_bytes_max (at once, if Content-Length says so),
  ///         `timeout` when the client is too slow, `invalid_argument` (word "BodyIncomplete" or
  ///         "InvalidBody") when the connection ends early or the chunks are malformed. After an
  ///         error the connection closes with the response.
  [[nodiscard]] Task<Result<std::string>> read_some();
  /// The whole body. @return as read_some; `too_large` also beyond `bytes_max`.
  [[nodiscard]] Task<Result<std::string>> read_all(std::uint64_t bytes_max = 1u << 20);
  /// The whole body as JSON of type T. @return also `invalid_argument`, see base/json.h.
  template <class T>
  [[nodiscard]] Task<Result<T>> read_json(std::uint64_t bytes_max = 1u << 20) {
    CAIRN_CO_TRY(text, co_await read_all(bytes_max));
    co_return parse_json_as<T>(text);
  }

  // ---- what the layers above attach ----

  /// Attaches a value of any type, one per type (the actor, for example).
  template <class T>
  T& set_context(T value) {
    auto slot = std::make_shared<T>(std::move(value));
    for (auto& entry : context_)
      if (entry.first == key_of<T>()) return entry.second = slot, *slot;
    context_.emplace_back(key_of<T>(), slot);
    return *slot;
  }
  /// The attached value; null when there is none.
  template <class T>
  [[nodiscard]] T* context() const {
    for (const auto& entry : context_)
      if (entry.first == key_of<T>()) return static_cast<T*>(entry.second.get());
    return nullptr;
  }

  /// Who asks, for the access log: "user:ada", never a token.
  void set_actor_label(std::string label) { actor_label_ = std::move(label); }
  [[nodiscard]] const std::string& actor_label() const { return actor_label_; }

 private:
  friend class Router;
  friend class RequestReader;

  struct Capture {
    std::string_view name;  // Points into the router's pattern.
    std::size_t first;      // Index into segments_.
    std::size_t count;      // 1 for `{x}`.
    std::size_t skip = 0;   // Length of literal text before and
    std::size_t drop = 0;   // after the capture in its segment.
    bool rest = false;
  };

  template <class T>
  static const void* key_of() {
    static const char key = 0;
    return &key;
  }
  /// Splits and decodes target_ into segments_ and query_.
  Result<> parse_target();

  Method method_ = Method::get;
  std::string method_text_;
  std::string target_;
  std::size_t path_size_ = 0;
  std::vector<std::string> segments_;
  std::vector<std::pair<std::string, std::string>> query_;
  Headers headers_;
  std::string remote_address_;
  bool secure_ = false;
  std::optional<std::uint32_t> peer_uid_;
  std::string id_;
  const Route* route_ = nullptr;
  std::vector<Capture> captures_;
  std::optional<std::uint64_t> content_length_ = 0;
  std::uint64_t body_bytes_max_ = UINT64_MAX;
  std::uint64_t body_bytes_read_ = 0;
  std::shared_ptr<BodySource> body_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> context_;
  std::string actor_label_;
  bool inner_ = false;
};

}  // namespace cairn::http
