#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/result.h"
#include "platform/http/metrics.h"
#include "platform/http/router.h"

namespace cairn::http {

/// An address to listen on.
struct Listen {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 in numbers.
  std::uint16_t port = 0;             ///< 0: any free one, see Server::port.
};
/// Reads "127.0.0.1:2247", "[::1]:2247", ":2247" (all IPv4 addresses), "localhost:2247".
[[nodiscard]] Result<Listen> parse_listen(std::string_view text);

/// Limits and times that any client meets. Times are milliseconds.
struct ServerLimits {
  std::size_t header_bytes_max = 16u
                                 << 10;  ///< Request line and all fields; 431 (414 for the line).
  std::size_t header_count_max = 100;
  int header_timeout_ms = 15'000;      ///< From the first byte of a request to its last header.
  int keep_alive_timeout_ms = 75'000;  ///< Between requests.
  /// In every such stretch of waiting for a body, `body_bytes_per_window_min` bytes arrive or the
  /// request fails with `timeout`: slow links pass, a byte a minute does not.
  int body_window_ms = 20'000;
  std::size_t body_bytes_per_window_min = 4096;
  int write_timeout_ms = 60'000;  ///< A client that takes no byte for so long is cut off.
  std::size_t connections_max = 8192;
  /// Trusted proxies and Unix sockets are exempt: they carry many people.
  std::size_t connections_per_address_max = 512;
  int drain_timeout_ms = 30'000;   ///< How long stop() lets running requests finish.
  int linger_timeout_ms = 10'000;  ///< Reading on after a refusal, so that the client sees it.
};

struct TlsFiles {
  std::string certificate_chain;  ///< PEM, leaf first.
  std::string private_key;        ///< PEM.
};

struct ServerOptions {
  std::vector<Listen> listen = {{}};
  /// Also serve plain HTTP on this Unix socket (mode 0600); a dead one in the way is replaced.
  std::string unix_socket = {};
  std::optional<TlsFiles> tls = {};  ///< For all of `listen`.
  unsigned threads = 0;              ///< 0: one per core.
  ServerLimits limits = {};
  /// Addresses or CIDR blocks whose X-Forwarded-For and X-Forwarded-Proto are believed.
  std::vector<std::string> trusted_proxies = {};
  bool access_log = true;
  bool compress = true;
  /// Added where the response has no header of the name.
  std::vector<std::pair<std::string, std::string>> security_headers = {
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "strict-origin-when-cross-origin"},
      {"X-Frame-Options", "SAMEORIGIN"}};
};

/// HTTP/1.1 (and 1.0) with a coroutine per connection and an io_context, thread and SO_REUSEPORT
/// acceptor per core.
class Server {
 public:
  /// @param metrics  outlives the server; gets cairn_http_* of each route.
  Server(ServerOptions options, Router router, Metrics& metrics);
  /// Stops, if still running.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and starts the threads. @return `conflict`, word "AddressInUse", for a taken port (named
  /// in the message); `invalid_argument` for a bad address, certificate or proxy list.
  [[nodiscard]] Result<> start();
  /// The port of the first address, once started.
  [[nodiscard]] std::uint16_t port() const;

  /// Stops accepting, closes idle connections, lets running requests finish until the drain
  /// timeout, then cancels them; returns when all threads have ended. Work that others spawned on
  /// executor() has to end as well. Any thread but the server's own.
  void stop();

  /// Reads the certificate files again; connections from now on use them. On an error the old ones
  /// stay. Any thread. @return `invalid_argument` when they do not load or do not fit together.
  [[nodiscard]] Result<> reload_tls();

  /// Of the first thread, for background coroutines; runs between start() and stop().
  [[nodiscard]] boost::asio::any_io_executor executor();
  [[nodiscard]] const Router& router() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cairn::http
