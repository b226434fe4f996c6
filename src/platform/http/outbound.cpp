#include "platform/http/outbound.h"

#include <chrono>
#include <memory>

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
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
  const Outbound& outbound;
  const OutboundRequest& request;
  CURL* curl = nullptr;
  bool named_only = false;  ///< No TLS: only to an address that the configuration names.
  OutboundAnswer answer = {};
  bool refused = false, too_large = false, ended = false, stopped = false;
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
    address = ip::address_v6(bytes);
  }
  if (!address || !transfer.outbound.allows(*address, transfer.named_only)) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

long status_of(CURL* curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& headers = static_cast<Transfer*>(user)->answer.headers;
  constexpr std::size_t fields_max = 200;  // The library bounds their length.
  std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) headers.clear();  // Of a 100 (Continue) before.
  auto colon = line.find(':');
  if (colon != line.npos && headers.size() < fields_max)
    headers.add(std::string(trim(line.substr(0, colon))),
                std::string(trim(line.substr(colon + 1))));
  return count;
}

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  auto status = static_cast<int>(status_of(transfer.curl));
  if (transfer.request.take && status / 100 == 2) {
    transfer.ended = !transfer.request.take(status, {bytes, count});
    return transfer.ended ? 0 : count;
  }
  auto& body = transfer.answer.body;
  if (body.size() + count > transfer.request.bytes_max) {
    transfer.too_large = true;
    return 0;
  }
  body.append(bytes, count);
  return count;
}

int look_for_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.stopped = transfer.request.stop && *transfer.request.stop;
  return transfer.stopped ? 1 : 0;
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

Failure failure_of(const Transfer& transfer, CURLcode code) {
  if (transfer.refused)
    return fail(ErrorCode::forbidden, "AddressRefused",
                "The hub asks no server of a private network there. Whoever runs it can allow the "
                "address: outbound_allowed.");
  if (transfer.too_large)
    return fail(ErrorCode::too_large, "AnswerTooLarge", "The answer is too large.");
  if (transfer.stopped)
    return fail(ErrorCode::unavailable, "Stopped", "The hub is stopping. Try again later.");
  return fail(ErrorCode::unavailable, "OutboundFailed",
              "The other server did not answer as it should. Try again later.")
      .with("curl", curl_easy_strerror(code))
      .with("status", std::to_string(transfer.answer.status));
}

/// Scheme, host and port: whose the headers are.
std::string origin_of(const std::string& text) {
  std::unique_ptr<CURLU, Free> url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return "";
  return part_of(url.get(), CURLUPART_SCHEME) + "://" + part_of(url.get(), CURLUPART_HOST) + ":" +
         part_of(url.get(), CURLUPART_PORT);
}

constexpr long silence_max_s = 60;

/// One request, one answer. @param next  where a redirect leads; else empty.
Result<OutboundAnswer> perform(const Outbound& outbound, const OutboundRequest& request,
                               const std::string& to, bool with_headers, Duration timeout,
                               std::string& next) {
  CAIRN_TRY(plain_http, is_plain(to));
  std::unique_ptr<CURL, Free> curl(curl_easy_init());
  if (!curl) throw std::bad_alloc();
  Transfer transfer{outbound, request, curl.get(), plain_http && !request.plain_allowed};
  std::unique_ptr<curl_slist, Free> headers;
  auto add = [&](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  if (!request.headers.has("Accept")) add("Accept: application/json");
  if (with_headers)
    for (const auto& [name, value] : request.headers) add(name + ": " + value);
  auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  set(CURLOPT_URL, to.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https,http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout.us / 1000));
  if (request.take) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, silence_max_s);
  } else {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.us / 1000));
  }
  // A proxy would resolve names itself, and hide where the connection goes.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(CURLOPT_OPENSOCKETDATA, &transfer);
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, look_for_stop);
  set(CURLOPT_XFERINFODATA, &transfer);
  if (request.method == Method::post) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_USERAGENT, "cairn");
  auto code = curl_easy_perform(curl.get());
  transfer.answer.status = static_cast<int>(status_of(curl.get()));
  transfer.answer.url = to;
  if (code != CURLE_OK && !transfer.ended) return failure_of(transfer, code);
  char* location = nullptr;
  if (transfer.answer.status / 100 == 3)
    curl_easy_getinfo(curl.get(), CURLINFO_REDIRECT_URL, &location);
  next = location ? location : "";
  return std::move(transfer.answer);
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
  CAIRN_TRY(answer, ask({.url = url, .bytes_max = bytes_max}));
  if (answer.status == 200) return std::move(answer.body);
  return fail(ErrorCode::unavailable, "OutboundFailed",
              "The other server did not answer as it should. Try again later.")
      .with("status", std::to_string(answer.status));
}

Result<OutboundAnswer> Outbound::ask(const OutboundRequest& request) const {
  using Monotonic = std::chrono::steady_clock;
  std::string to = request.url;
  const auto origin = origin_of(to);
  const auto begun = Monotonic::now();
  for (int redirects = 0;; ++redirects) {
    std::string next;
    bool with_headers = origin_of(to) == origin;
    // All of them together take no longer than one may. Zero would be no limit.
    auto spent = std::chrono::duration_cast<std::chrono::microseconds>(Monotonic::now() - begun);
    auto left = request.take
                    ? parts_->timeout
                    : Duration{std::max<std::int64_t>(parts_->timeout.us - spent.count(), 1000)};
    CAIRN_TRY(answer, perform(*this, request, to, with_headers, left, next));
    bool may_go =
        request.plain_allowed || next.substr(0, next.find(':')) == to.substr(0, to.find(':'));
    if (next.empty() || !may_go || redirects >= request.redirects_max) return std::move(answer);
    to = next;
  }
}

bool Outbound::allows(const ip::address& address, bool without_tls) const {
  auto bare = plain(address);
  return parts_->allowed.contains(bare) || (!without_tls && is_public(bare, parts_->special));
}

}  // namespace cairn::http
