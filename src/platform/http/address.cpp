#include "platform/http/address.h"

#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

#include "base/text.h"
#include "platform/http/server.h"

namespace cairn::http {

namespace ip = boost::asio::ip;

namespace {

ip::address_v6::bytes_type wide(const ip::address& address) {
  return (address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4()))
      .to_bytes();
}

}  // namespace

ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

Peer peer_of(int descriptor) {
  ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  Peer out;
  if (::getpeername(descriptor, endpoint.data(), &size) == 0 &&
      (endpoint.data()->sa_family == AF_INET || endpoint.data()->sa_family == AF_INET6)) {
    auto address = plain(endpoint.address());
    out.text = address.to_string();
    out.address = address;
    auto bytes = wide(address);
    if (address.is_v6()) std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    out.key.assign(bytes.begin(), bytes.end());
    return out;
  }
  out.text = "unix";
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
    out.uid = credentials.uid;
  return out;
}

Result<ProxyList> ProxyList::parse(const std::vector<std::string>& entries) {
  ProxyList out;
  for (const auto& entry : entries) {
    auto slash = entry.find('/');
    boost::system::error_code failed;
    auto address = ip::make_address(std::string(trim(entry.substr(0, slash))), failed);
    int most = !failed && address.is_v4() ? 32 : 128;
    std::int64_t bits = most;
    if (slash != std::string::npos) bits = parse_int(trim(entry.substr(slash + 1))).value_or(-1);
    if (failed || bits < 0 || bits > most)
      return fail(ErrorCode::invalid_argument, "InvalidProxy",
                  "\"" + entry +
                      "\" is no trusted proxy. Write an address, or a block such as "
                      "10.0.0.0/8.");
    out.blocks_.push_back({wide(address), static_cast<int>(bits) + (most == 32 ? 96 : 0)});
  }
  return out;
}

bool ProxyList::contains(const ip::address& address) const {
  if (blocks_.empty()) return false;
  auto bytes = wide(address);
  for (const auto& block : blocks_) {
    auto whole = static_cast<std::size_t>(block.bits / 8);
    int mask = 0xff00 >> (block.bits % 8) & 0xff;
    if (std::memcmp(bytes.data(), block.bytes.data(), whole) == 0 &&
        (mask == 0 || ((bytes[whole] ^ block.bytes[whole]) & mask) == 0))
      return true;
  }
  return false;
}

Forwarded forwarded(const Headers& headers, const ProxyList& proxies) {
  Forwarded out;
  std::string list = headers.joined("X-Forwarded-For");
  while (!list.empty()) {
    auto comma = list.rfind(',');
    auto entry = std::string(
        trim(std::string_view(list).substr(comma == std::string::npos ? 0 : comma + 1)));
    list.resize(comma == std::string::npos ? 0 : comma);
    // Some proxies add a port, "192.0.2.1:4711" or "[2001:db8::1]:4711".
    if (entry.starts_with('['))
      entry = entry.substr(1, entry.find(']') - 1);
    else if (std::ranges::count(entry, ':') == 1)
      entry.resize(entry.find(':'));
    boost::system::error_code failed;
    auto address = ip::make_address(entry, failed);
    if (failed) break;
    address = plain(address);
    out.address = address.to_string();
    if (!proxies.contains(address)) break;
  }
  auto scheme = trim(headers.get("X-Forwarded-Proto"));
  if (equal_names(scheme, "https")) out.secure = true;
  if (equal_names(scheme, "http")) out.secure = false;
  return out;
}

Result<Listen> parse_listen(std::string_view text) {
  auto wrong = [&] {
    return fail(ErrorCode::invalid_argument, "InvalidListen",
                "\"" + std::string(text) +
                    "\" is no address to listen on. Write ADDRESS:PORT, such as 127.0.0.1:2247.");
  };
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  auto host = text.substr(0, colon);
  auto port = parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return wrong();
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return wrong();
  if (host.empty() || host == "*") host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code failed;
  ip::make_address(std::string(host), failed);
  if (failed) return wrong();
  return Listen{std::string(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace cairn::http
