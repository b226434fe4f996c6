#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/task.h"
#include "platform/http/headers.h"

namespace cairn::http {

/// A part of an open file, sent with sendfile(2) on plain connections.
struct FileSlice {
  int descriptor = -1;
  std::uint64_t offset = 0;
  std::uint64_t count = 0;
  std::shared_ptr<const void> owner;  ///< Keeps the descriptor open; dropped when sent.
};

/// A body made while it is sent.
struct Stream {
  /// The next bytes; empty at the end. Called again only when what it gave before is with the
  /// system, so a slow client slows it down. An error (or exception) cuts the connection, so that
  /// the client sees that the body is incomplete. May be destroyed before its end. The function
  /// lives until the body is sent, so a lambda with captures may itself be a coroutine.
  std::function<Task<Result<std::string>>()> next;
  /// Sent as Content-Length when known, else the body is chunked. Giving another number of bytes
  /// than this is an error.
  std::optional<std::uint64_t> size = {};
};

/// Text shared with others (a cache, an inline object), sent without being copied.
using SharedText = std::shared_ptr<const std::string>;
/// Several pieces in a row, with one Content-Length.
using Pieces = std::vector<std::variant<std::string, SharedText, FileSlice, Stream>>;
using Body = std::variant<std::string, SharedText, FileSlice, Stream, Pieces>;

/// One response. The server adds Date, Content-Length, Connection, X-Request-Id, CORS and security
/// headers where they are not set, compresses text, and leaves the body out for HEAD, 204 and 304.
struct Response {
  int status = 200;
  Headers headers = {};
  Body body = {};

  Response& with(std::string name, std::string value) & {
    headers.add(std::move(name), std::move(value));
    return *this;
  }
  Response&& with(std::string name, std::string value) && {
    headers.add(std::move(name), std::move(value));
    return std::move(*this);
  }

  /// The body when it is text in memory; empty for the other kinds.
  [[nodiscard]] std::string_view text() const;
  /// The body's length; empty for a stream of unknown size.
  [[nodiscard]] std::optional<std::uint64_t> body_size() const;

  /// HEAD of a resource whose body was not made: sent as Content-Length with HEAD.
  std::optional<std::uint64_t> head_size = {};
  /// Forces the connection closed after this response.
  bool close = false;
};

[[nodiscard]] Response json(int status, const json::value& value);
/// A described struct (base/json.h) as JSON.
template <class T>
  requires(!std::is_convertible_v<const T&, json::value>)
[[nodiscard]] Response json(int status, const T& value) {
  return json(status, to_json(value));
}
[[nodiscard]] Response text(int status, std::string body,
                            std::string content_type = "text/plain; charset=utf-8");
/// No body.
[[nodiscard]] Response empty(int status);
/// @param status  307 or 308 on API routes: others turn a POST into a GET (hub-api.md 1.8).
[[nodiscard]] Response redirect(int status, std::string location);
[[nodiscard]] Response stream(int status, std::string content_type,
                              std::function<Task<Result<std::string>>()> next);

struct CookieOptions {
  std::string path = "/";
  std::optional<std::int64_t> max_age_s = {};  ///< Empty: until the browser closes; 0 deletes.
  bool secure = false;
  bool http_only = true;
  std::string same_site = "Lax";
};
/// Adds a Set-Cookie. @pre name and value are of the characters RFC 6265, section 4.1.1 allows.
void set_cookie(Response& response, std::string_view name, std::string_view value,
                const CookieOptions& options = {});

/// The usual status of a code; protocols may choose others in their own encoder.
[[nodiscard]] int http_status(ErrorCode code);

}  // namespace cairn::http
