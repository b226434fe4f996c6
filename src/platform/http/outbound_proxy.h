#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "platform/http/outbound.h"

namespace cairn::http {

/// A way out for a child program that resolves and connects by itself (git): a SOCKS5 proxy
/// (RFC 1928, 1929) on loopback that connects only where `Outbound` would. It has a thread of its
/// own, and a password that only who is told its URL knows.
///
/// Thread-safe. Ends, with every connection through it, when it is dropped.
class OutboundProxy {
 public:
  /// @param without_tls  the program will speak http://: only to addresses that are named.
  /// @return `unavailable`, word "ProxyFailed".
  [[nodiscard]] static Result<std::unique_ptr<OutboundProxy>> start(Outbound outbound,
                                                                    bool without_tls);
  ~OutboundProxy();
  OutboundProxy(const OutboundProxy&) = delete;
  OutboundProxy& operator=(const OutboundProxy&) = delete;

  /// "socks5h://user:password@127.0.0.1:port": a secret, for the program's environment.
  [[nodiscard]] const std::string& url() const;
  /// A connection was asked for that the rules refuse.
  [[nodiscard]] bool refused() const;
  /// Bytes that came from other servers.
  [[nodiscard]] std::uint64_t received_bytes() const;

 private:
  struct State;
  explicit OutboundProxy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cairn::http
