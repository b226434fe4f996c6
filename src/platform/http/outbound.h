#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// What the hub asks other servers, where people say which: nothing that they could not ask
/// themselves. Not one address of the hub's own network answers, unless the configuration names it.
namespace cairn::http {

struct OutboundOptions {
  /// Addresses and blocks of private networks that may be asked, also without TLS: "10.1.0.0/16".
  std::vector<std::string> private_allowed = {};
  Duration timeout = seconds(5);  ///< Of a whole request; somebody waits for it.
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

 private:
  struct Parts;
  explicit Outbound(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace cairn::http
