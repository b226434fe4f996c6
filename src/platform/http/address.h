#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/result.h"
#include "platform/http/headers.h"

/// Inside the module: who is at the other end.
namespace cairn::http {

/// IPv4 in IPv6 clothes (::ffff:1.2.3.4) becomes IPv4, so that one client has one name.
[[nodiscard]] boost::asio::ip::address plain(const boost::asio::ip::address& address);

/// The other end of a connection.
struct Peer {
  std::optional<boost::asio::ip::address> address;  ///< Empty for a Unix socket.
  std::optional<std::uint32_t> uid;                 ///< Of a Unix socket's process.
  std::string text;                                 ///< "192.0.2.1", "unix".
  std::string key;  ///< What connections are counted by: an IPv6 site (/64) is one client.
};
[[nodiscard]] Peer peer_of(int descriptor);

/// Addresses and blocks whose forwarding headers are believed.
class ProxyList {
 public:
  /// "10.0.0.0/8", "::1". @return `invalid_argument`, naming the entry.
  [[nodiscard]] static Result<ProxyList> parse(const std::vector<std::string>& entries);
  [[nodiscard]] bool contains(const boost::asio::ip::address& address) const;

 private:
  struct Block {
    boost::asio::ip::address_v6::bytes_type bytes;
    int bits;
  };
  std::vector<Block> blocks_;
};

struct Forwarded {
  std::optional<std::string> address;
  std::optional<bool> secure;
};
/// What trusted proxies say about the client. X-Forwarded-For is read from its end: each proxy
/// appends whom it saw, so the first address that is no proxy is the client; what stands before was
/// written by the client and is worth nothing.
[[nodiscard]] Forwarded forwarded(const Headers& headers, const ProxyList& proxies);

}  // namespace cairn::http
