#include "platform/http/outbound_proxy.h"

#include <curl/curl.h>

#include "platform/http/server_fixture.h"

namespace cairn::http {
namespace {

class OutboundProxyTest : public ServerTest {
 protected:
  OutboundProxyTest() {
    add(Method::get, "/large",
        [](Request&) -> Task<Response> { co_return text(200, std::string(3u << 20, 'x')); });
  }
  static std::unique_ptr<OutboundProxy> proxy(std::vector<std::string> allowed,
                                              bool without_tls = true) {
    auto outbound = Outbound::make({.private_allowed = std::move(allowed)});
    auto made = OutboundProxy::start(*outbound, without_tls);
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  /// What a program gets that goes through the proxy. @return bytes, or -1.
  [[nodiscard]] long get(const std::string& through, const std::string& host) const {
    CURL* curl = curl_easy_init();
    std::string url = "http://" + host + ":" + std::to_string(server->port()) + "/large";
    long bytes = 0;
    auto count = [](char*, std::size_t, std::size_t n, void* to) {
      *static_cast<long*>(to) += static_cast<long>(n);
      return n;
    };
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROXY, through.c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, +count);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
    auto code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ? bytes : -1;
  }
};

TEST_F(OutboundProxyTest, ConnectsWhereTheHubItselfMay) {
  start();
  auto open = proxy({"127.0.0.0/8", "::1"});
  EXPECT_EQ(get(open->url(), "127.0.0.1"), 3 << 20);
  EXPECT_EQ(get(open->url(), "localhost"), 3 << 20) << "the proxy resolves";
  EXPECT_FALSE(open->refused());
  EXPECT_GE(open->received_bytes(), 2u * (3u << 20));
}

TEST_F(OutboundProxyTest, RefusesEveryOtherAddressAfterItIsResolved) {
  start();
  for (auto allowed : {std::vector<std::string>{}, std::vector<std::string>{"10.0.0.0/8"}}) {
    auto closed = proxy(allowed);
    for (const char* host : {"127.0.0.1", "localhost", "[::1]", "2130706433"}) {
      EXPECT_EQ(get(closed->url(), host), -1) << host;
      EXPECT_TRUE(closed->refused()) << host;
    }
  }
}

TEST_F(OutboundProxyTest, AsksForItsPassword) {
  start();
  auto open = proxy({"127.0.0.0/8"});
  auto url = open->url();
  auto at = url.rfind('@');
  EXPECT_EQ(get("socks5h://cairn:wrong@" + url.substr(at + 1), "127.0.0.1"), -1);
  EXPECT_EQ(get("socks5h://" + url.substr(at + 1), "127.0.0.1"), -1);
}

}  // namespace
}  // namespace cairn::http
