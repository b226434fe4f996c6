#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "platform/http/headers.h"

/// What the hub asks other servers, where people say which: nothing that they could not ask
/// themselves. Not one address of the hub's own network answers, unless the configuration names it.
namespace cairn::http {

struct OutboundOptions {
  /// Addresses and blocks of private networks that may be asked, also without TLS: "10.1.0.0/16".
  std::vector<std::string> private_allowed = {};
  Duration timeout = seconds(5);  ///< Of a whole request; somebody waits for it.
};

struct OutboundRequest {
  std::string url;
  Method method = Method::get;  ///< get or post.
  Headers headers = {};         ///< For the server of `url`; not sent on to another.
  std::string body = {};
  /// Followed to the same scheme alone, unless `plain_allowed`. All of them together take no longer
  /// than one request may.
  int redirects_max = 0;
  /// Without TLS to public addresses, too: for what may be read and changed on the way without
  /// harm.
  bool plain_allowed = false;
  std::size_t bytes_max = 1u << 20;  ///< Of the answer's body.
  /// Gets the body of a 2xx as it comes, instead of the answer, and neither `bytes_max` nor the
  /// timeout counts: a server that is silent for a minute has failed. False ends it there, which is
  /// no error.
  std::function<bool(int status, std::string_view bytes)> take = {};
  /// Looked at every second or so; given and true, the request ends with "Stopped".
  const std::atomic<bool>* stop = nullptr;
};

struct OutboundAnswer {
  int status = 0;
  std::string url;  ///< Where it came from, after redirects.
  Headers headers;
  std::string body;
};

/// May be used by several threads.
class Outbound {
 public:
  /// @return `invalid_argument`, word "InvalidProxy", naming the address.
  [[nodiscard]] static Result<Outbound> make(OutboundOptions options);

  /// Whether `get` would try: https, a host, no password. Asks no server.
  /// @return `invalid_argument`, word "InvalidUrl".
  [[nodiscard]] Result<> check(const std::string& url) const;

  /// The body of a 200. Blocks. Follows no redirect, uses no proxy; the address is checked after
  /// the name was resolved, on the connection itself.
  /// @return `invalid_argument` "InvalidUrl"; `forbidden` "AddressRefused"; `too_large`
  ///         "AnswerTooLarge"; `unavailable` "OutboundFailed" for all else.
  [[nodiscard]] Result<std::string> get(const std::string& url, std::size_t bytes_max) const;

  /// Whatever the other server answers. Blocks; the same rules for addresses, at each redirect.
  /// @return as `get`, "OutboundFailed" only when there was no answer; `unavailable`, word
  ///         "Stopped".
  [[nodiscard]] Result<OutboundAnswer> ask(const OutboundRequest& request) const;

  /// Whether a connection may go to this address. @param without_tls  as http:// does.
  [[nodiscard]] bool allows(const boost::asio::ip::address& address, bool without_tls) const;

 private:
  struct Parts;
  explicit Outbound(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace cairn::http
