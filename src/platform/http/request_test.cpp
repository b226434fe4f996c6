#include "platform/http/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http/address.h"
#include "platform/http/server.h"

namespace cairn::http {
namespace {

using ::testing::ElementsAre;

Request parsed(std::string target, Headers headers = {}) {
  auto request = Request::make(Method::get, std::move(target), std::move(headers));
  EXPECT_TRUE(request);
  return std::move(*request);
}

TEST(RequestTarget, SegmentsAreSplitBeforeTheyAreDecoded) {
  auto request = parsed("/a%2Fb/c%20d/%C3%A9?x=1");
  EXPECT_THAT(request.segments(), ElementsAre("a/b", "c d", "é"));
  EXPECT_EQ(request.path(), "/a%2Fb/c%20d/%C3%A9");
  EXPECT_EQ(request.query_string(), "x=1");
  EXPECT_TRUE(parsed("/").segments().empty());
  EXPECT_THAT(parsed("/a/").segments(), ElementsAre("a", ""));
  EXPECT_THAT(parsed("//a").segments(), ElementsAre("", "a"));
}

TEST(RequestTarget, DecodesOnlyOnce) {
  EXPECT_THAT(parsed("/%252F").segments(), ElementsAre("%2F"));
}

TEST(RequestTarget, AbsoluteFormIsTakenForItsPath) {
  EXPECT_EQ(parsed("http://hub.example/a?b=c").target(), "/a?b=c");
  EXPECT_EQ(parsed("HTTP://hub.example").target(), "/");
  EXPECT_EQ(parsed("http://hub.example?b").target(), "/?b");
}

TEST(RequestTarget, RefusesWhatDoesNotDecode) {
  for (auto target :
       {"", "a", "*", "/%", "/%4", "/%zz", "/%00", "/%ff", "/%C0%AF", "/?a=%", "/?%ff", "/a#b"})
    EXPECT_FALSE(Request::make(Method::get, target)) << target;
}

TEST(RequestQuery, RepeatsAndBracketsAreOneParameter) {
  auto request = parsed("/?expand=a&expand[]=b&expand%5B%5D=c+d&x=%26&bare&=e&&");
  EXPECT_THAT(request.query_all("expand"), ElementsAre("a", "b", "c d"));
  EXPECT_EQ(request.query("x"), "&");
  EXPECT_EQ(request.query("bare"), "");
  EXPECT_FALSE(request.query("absent"));
}

TEST(RequestQuery, FlagsTakeTheClientsWords) {
  auto request = parsed("/?a=1&b=true&c=True&d&e=0&f=false");
  for (auto name : {"a", "b", "c", "d"}) EXPECT_TRUE(request.query_flag(name)) << name;
  for (auto name : {"e", "f", "g"}) EXPECT_FALSE(request.query_flag(name)) << name;
}

TEST(RequestHeaders, NamesCompareWithoutCase) {
  Headers headers{{"X-One", "1"}, {"x-one", "2"}};
  EXPECT_EQ(headers.get("X-ONE"), "1");
  EXPECT_EQ(headers.joined("x-One"), "1, 2");
  headers.set("x-one", "3");
  EXPECT_EQ(headers.size(), 1u);
  headers.add_token("Vary", "Origin");
  headers.add_token("vary", "Accept-Encoding");
  headers.add_token("Vary", "origin");
  EXPECT_EQ(headers.get("Vary"), "Origin, Accept-Encoding");
}

TEST(RequestHeaders, CookiesAreFoundByName) {
  auto request = parsed("/", {{"Cookie", "a=1; session=\"x=y\"; b="}});
  EXPECT_EQ(request.cookie("session"), "x=y");
  EXPECT_EQ(request.cookie("b"), "");
  EXPECT_FALSE(request.cookie("c"));
}

TEST(RequestContext, HoldsOneValuePerType) {
  auto request = parsed("/");
  EXPECT_EQ(request.context<int>(), nullptr);
  request.set_context(1);
  request.set_context(2);
  request.set_context(std::string("ada"));
  EXPECT_EQ(*request.context<int>(), 2);
  EXPECT_EQ(*request.context<std::string>(), "ada");
}

TEST(Forwarded, ClientIsTheLastAddressThatIsNoProxy) {
  auto proxies = ProxyList::parse({"10.0.0.0/8", "::1"});
  ASSERT_TRUE(proxies);
  // The first entry was written by the client itself.
  Headers headers{{"X-Forwarded-For", "6.6.6.6, 192.0.2.7"},
                  {"X-Forwarded-For", "10.1.2.3"},
                  {"X-Forwarded-Proto", "https"}};
  auto told = forwarded(headers, *proxies);
  EXPECT_EQ(told.address, "192.0.2.7");
  EXPECT_EQ(told.secure, true);
  EXPECT_EQ(forwarded(Headers{{"X-Forwarded-For", "[2001:db8::1]:80"}}, *proxies).address,
            "2001:db8::1");
  EXPECT_FALSE(forwarded(Headers{{"X-Forwarded-For", "nonsense"}}, *proxies).address);
}

TEST(Forwarded, ProxyBlocksMatchByBits) {
  auto proxies = ProxyList::parse({"192.168.4.0/22", "2001:db8::/33"});
  ASSERT_TRUE(proxies);
  auto has = [&](const char* text) {
    return proxies->contains(boost::asio::ip::make_address(text));
  };
  EXPECT_TRUE(has("192.168.7.255") && has("::ffff:192.168.4.1") && has("2001:db8:7fff::1"));
  EXPECT_FALSE(has("192.168.8.0") || has("2001:db8:8000::1"));
  for (auto wrong : {"", "x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x"})
    EXPECT_FALSE(ProxyList::parse({wrong})) << wrong;
}

TEST(Listen, ReadsTheUsualForms) {
  EXPECT_EQ(parse_listen("127.0.0.1:2247")->port, 2247);
  EXPECT_EQ(parse_listen("[::1]:80")->address, "::1");
  EXPECT_EQ(parse_listen(":80")->address, "0.0.0.0");
  EXPECT_EQ(parse_listen("localhost:80")->address, "127.0.0.1");
  for (auto wrong : {"", "2247", "::1:80", "a.b:80", "127.0.0.1:", "127.0.0.1:70000"})
    EXPECT_FALSE(parse_listen(wrong)) << wrong;
}

}  // namespace
}  // namespace cairn::http
