#include "platform/http/outbound.h"

#include <memory>

#include <boost/asio/ip/address.hpp>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/http/address.h"

namespace cairn::http {

namespace ip = boost::asio::ip;

struct Outbound::Parts {
  ProxyList allowed;
  /// Not the public internet: RFC 6890 and its registries. Of IPv6 only 2000::/3 is.
  ProxyList special;
  Duration timeout;
};

namespace {

const std::vector<std::string> special_blocks = {
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    // Addresses that stand for IPv4 ones (6to4, Teredo), and documentation.
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"};

struct Free {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void start_curl() {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;
}

bool is_public(const ip::address& address, const ProxyList& special) {
  if (address.is_v6() && (address.to_v6().to_bytes()[0] & 0xe0) != 0x20) return false;
  return !special.contains(address);
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string out = text;
  curl_free(text);
  return out;
}

struct Transfer {
  const ProxyList& allowed;
  const ProxyList& special;
  bool plain = false;  ///< No TLS: only to an address that the configuration names.
  std::size_t bytes_max = 0;
  std::string body = {};
  bool refused = false, too_large = false;
};

/// Where the connection really goes: what the name resolved to a moment ago does not count.
curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* to) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::optional<ip::address> address;
  if (to->family == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(&to->addr);
    address = ip::make_address_v4(ntohl(v4->sin_addr.s_addr));
  } else if (to->family == AF_INET6) {
    ip::address_v6::bytes_type bytes;
    auto* v6 = reinterpret_cast<const sockaddr_in6*>(&to->addr);
    std::copy_n(v6->sin6_addr.s6_addr, bytes.size(), bytes.begin());
    address = plain(ip::address_v6(bytes));
  }
  bool named = address && transfer.allowed.contains(*address);
  bool open = address && !transfer.plain && is_public(*address, transfer.special);
  if (!named && !open) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.body.size() + count > transfer.bytes_max) {
    transfer.too_large = true;
    return 0;
  }
  transfer.body.append(bytes, count);
  return count;
}

Failure invalid_url() {
  return fail(ErrorCode::invalid_argument, "InvalidUrl",
              "The URL must look like https://host/path, without a password.");
}

/// @return whether it goes without TLS.
Result<bool> is_plain(const std::string& text) {
  start_curl();
  std::unique_ptr<CURLU, Free> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return invalid_url();
  auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  bool bare =
      part_of(url.get(), CURLUPART_USER).empty() && part_of(url.get(), CURLUPART_PASSWORD).empty();
  if ((scheme != "https" && scheme != "http") || !bare) return invalid_url();
  return scheme == "http";
}

Failure failure_of(const Transfer& transfer, CURLcode code, long status) {
  if (transfer.refused)
    return fail(ErrorCode::forbidden, "AddressRefused",
                "The hub asks no server of a private network there. Whoever runs it can allow the "
                "address: outbound_allowed.");
  if (transfer.too_large)
    return fail(ErrorCode::too_large, "AnswerTooLarge", "The answer is too large.");
  return fail(ErrorCode::unavailable, "OutboundFailed",
              "The other server did not answer as it should. Try again later.")
      .with("curl", curl_easy_strerror(code))
      .with("status", std::to_string(status));
}

}  // namespace

Result<Outbound> Outbound::make(OutboundOptions options) {
  CAIRN_TRY(allowed, ProxyList::parse(options.private_allowed));
  CAIRN_TRY(special, ProxyList::parse(special_blocks));
  return Outbound(std::make_shared<const Parts>(
      Parts{std::move(allowed), std::move(special), options.timeout}));
}

Result<> Outbound::check(const std::string& url) const {
  CAIRN_CHECK(is_plain(url));
  return {};
}

Result<std::string> Outbound::get(const std::string& url, std::size_t bytes_max) const {
  CAIRN_TRY(plain_http, is_plain(url));
  std::unique_ptr<CURL, Free> curl(curl_easy_init());
  if (!curl) throw std::bad_alloc();
  Transfer transfer{parts_->allowed, parts_->special, plain_http, bytes_max};
  std::unique_ptr<curl_slist, Free> headers(curl_slist_append(nullptr, "Accept: application/json"));
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https,http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(parts_->timeout.us / 1000));
  // A proxy would resolve names itself, and hide where the connection goes.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(CURLOPT_OPENSOCKETDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_USERAGENT, "cairn");
  auto code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK && status == 200) return std::move(transfer.body);
  return failure_of(transfer, code, status);
}

}  // namespace cairn::http
