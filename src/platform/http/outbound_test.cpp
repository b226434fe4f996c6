#include "platform/http/outbound.h"

#include "platform/http/server_fixture.h"

namespace cairn::http {
namespace {

class OutboundTest : public ServerTest {
 protected:
  OutboundTest() {
    add(Method::get, "/small", [](Request&) -> Task<Response> { co_return text(200, "small"); });
    add(Method::get, "/inside",
        [](Request&) -> Task<Response> { co_return redirect(302, "http://127.0.0.2/elsewhere"); });
    add(Method::get, "/away",
        [](Request&) -> Task<Response> { co_return redirect(302, "http://127.0.0.1/elsewhere"); });
  }
  std::string url(const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(server->port()) + path;
  }
  static Outbound outbound(std::vector<std::string> allowed) {
    auto made = Outbound::make({.private_allowed = std::move(allowed)});
    EXPECT_TRUE(made);
    return *made;
  }
};

TEST_F(OutboundTest, AsksAPrivateAddressOnlyWhereItIsNamed) {
  start();
  auto named = outbound({"127.0.0.0/8"}).get(url("/small"), 100);
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(*named, "small");
  for (const char* target : {"/small", "/nothing"})
    EXPECT_EQ(outbound({}).get(url(target), 100).error().word, "AddressRefused");
  EXPECT_EQ(outbound({"10.0.0.0/8"}).get(url("/small"), 100).error().word, "AddressRefused");
}

TEST_F(OutboundTest, RefusesEveryPrivateNetworkWhateverItsName) {
  auto client = outbound({});
  for (const char* host :
       {"127.0.0.1", "localhost", "10.1.2.3", "172.31.255.1", "192.168.0.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "[::1]", "[fd00::1]", "[fe80::1]", "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433", "0x7f.1", "224.0.0.1", "[ff02::1]"})
    EXPECT_EQ(client.get("https://" + std::string(host) + "/", 100).error().word, "AddressRefused")
        << host;
}

TEST_F(OutboundTest, FollowsNoRedirectAndKeepsToItsLimits) {
  start();
  auto client = outbound({"127.0.0.1"});
  EXPECT_EQ(client.get(url("/away"), 100).error().word, "OutboundFailed");
  EXPECT_EQ(client.get(url("/nothing"), 100).error().word, "OutboundFailed");
  EXPECT_EQ(client.get(url("/small"), 4).error().word, "AnswerTooLarge");
}

TEST_F(OutboundTest, FollowsARedirectWhenAskedToAndKeepsHeadersAtHome) {
  std::vector<std::string> seen;
  auto note = [&seen](Request& request) -> Task<Response> {
    seen.emplace_back(request.header("Authorization"));
    co_return text(404, "nothing");
  };
  add(Method::get, "/home", [](Request&) -> Task<Response> { co_return redirect(307, "/here"); });
  std::string abroad;
  add(Method::get, "/leave",
      [&abroad](Request&) -> Task<Response> { co_return redirect(307, abroad); });
  add(Method::get, "/here", note);
  start();
  abroad = "http://localhost:" + std::to_string(server->port()) + "/here";
  auto client = outbound({"127.0.0.1", "::1"});
  OutboundRequest request{
      .url = url("/home"), .headers = {{"Authorization", "Basic x"}}, .redirects_max = 3};
  auto there = client.ask(request);
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_EQ(there->status, 404);
  EXPECT_EQ(there->url, url("/here"));
  EXPECT_EQ(there->body, "nothing");
  request.url = url("/leave");
  ASSERT_TRUE(client.ask(request));
  EXPECT_EQ(seen, (std::vector<std::string>{"Basic x", ""}));
  request.redirects_max = 0;
  EXPECT_EQ(client.ask(request)->status, 307);
}

TEST_F(OutboundTest, ChecksTheAddressOfEachRedirect) {
  start();
  auto refused = outbound({"127.0.0.1"}).ask({.url = url("/inside"), .redirects_max = 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().word, "AddressRefused");
}

TEST_F(OutboundTest, EndsWhereRedirectsGoRoundOrLeadNowhere) {
  add(Method::get, "/round", [](Request&) -> Task<Response> { co_return redirect(302, "/round"); });
  add(Method::get, "/file",
      [](Request&) -> Task<Response> { co_return redirect(302, "file:///etc/passwd"); });
  start();
  auto client = outbound({"127.0.0.1"});
  auto ask = [&](const std::string& path) {
    return client.ask({.url = url(path), .redirects_max = 3, .plain_allowed = true});
  };
  EXPECT_EQ(ask("/round")->status, 302);
  EXPECT_EQ(ask("/file").error().word, "InvalidUrl");
}

TEST_F(OutboundTest, PlainHttpNeverReachesAPrivateNetworkEither) {
  start();
  auto client = outbound({});
  auto refused = [&](const std::string& to) {
    return client.ask({.url = to, .plain_allowed = true}).error().word;
  };
  EXPECT_EQ(refused(url("/small")), "AddressRefused");
  for (const char* host : {"169.254.169.254", "10.1.2.3", "[::1]", "[::ffff:127.0.0.1]"})
    EXPECT_EQ(refused("http://" + std::string(host) + "/"), "AddressRefused") << host;
}

TEST_F(OutboundTest, GivesABodyAsItComesAndEndsWhenToldTo) {
  add(Method::get, "/much",
      [](Request&) -> Task<Response> { co_return text(200, std::string(3u << 20, 'x')); });
  start();
  auto client = outbound({"127.0.0.1"});
  std::size_t got = 0;
  OutboundRequest request{.url = url("/much"), .bytes_max = 10};
  request.take = [&](int status, std::string_view bytes) {
    EXPECT_EQ(status, 200);
    got += bytes.size();
    return true;
  };
  ASSERT_TRUE(client.ask(request));
  EXPECT_EQ(got, 3u << 20);
  request.take = [](int, std::string_view) { return false; };
  auto ended = client.ask(request);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, 200);
  std::atomic<bool> stop = true;
  request.stop = &stop;
  EXPECT_EQ(client.ask(request).error().word, "Stopped");
}

TEST_F(OutboundTest, KnowsWhatIsAUrl) {
  auto client = outbound({});
  EXPECT_TRUE(client.check("https://issuer.example/path"));
  for (const char* bad : {"", "issuer.example", "ftp://issuer.example", "file:///etc/passwd",
                          "https://user:secret@issuer.example", "https://"})
    EXPECT_EQ(client.check(bad).error().word, "InvalidUrl") << bad;
  EXPECT_FALSE(Outbound::make({.private_allowed = {"10.0.0.0/99"}}));
}

}  // namespace
}  // namespace cairn::http
