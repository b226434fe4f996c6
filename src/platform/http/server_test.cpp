#include "platform/http/server.h"

#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "platform/http/server_fixture.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Task<Response> hello(Request& request) {
  co_return text(200, "hello " + std::string(request.method_name()));
}

Task<Result<Response>> echo(Request& request) {
  CAIRN_CO_TRY(body, co_await request.read_all());
  co_return text(200, std::to_string(body.size()) + ":" + body);
}

/// Reads the body in pieces and answers its size: for large ones.
Task<Result<Response>> count(Request& request) {
  std::uint64_t sum = 0;
  for (;;) {
    CAIRN_CO_TRY(piece, co_await request.read_some());
    if (piece.empty()) break;
    sum += piece.size();
  }
  co_return text(200, std::to_string(sum));
}

class HttpServer : public ServerTest {
 protected:
  HttpServer() {
    add(Method::get, "/hello", hello);
    add(Method::post, "/echo", echo, 64);
    add(Method::post, "/count", count, body_unlimited);
    add(
        Method::post, "/ignore", [](Request&) -> Task<Response> { co_return text(200, "no"); },
        body_unlimited);
  }
};

TEST_F(HttpServer, AnswersWithTheFieldsEveryResponseHas) {
  start();
  auto answer = get("/hello");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body_of(answer), "hello GET");
  EXPECT_THAT(field_of(answer, "Date"), ::testing::EndsWith(" GMT"));
  EXPECT_EQ(field_of(answer, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(field_of(answer, "Referrer-Policy"), "strict-origin-when-cross-origin");
  EXPECT_EQ(field_of(answer, "X-Request-Id").size(), 24u);
  EXPECT_EQ(field_of(answer, "Vary"), "Origin");
}

TEST_F(HttpServer, TakesAPlainRequestIdAndNoOther) {
  start();
  EXPECT_EQ(field_of(get("/hello", "X-Request-Id: abc-1\r\n"), "X-Request-Id"), "abc-1");
  EXPECT_EQ(field_of(get("/hello", "X-Amzn-Trace-Id: Root=1-67\r\n"), "X-Request-Id"), "Root=1-67");
  EXPECT_EQ(field_of(get("/hello", "X-Request-Id: a b\r\n"), "X-Request-Id").size(), 24u);
}

TEST_F(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto c = client();
  c.send(
      "\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
      "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(c.answer()), "hello GET");
  EXPECT_EQ(body_of(c.answer()), "3:abc");
  EXPECT_EQ(body_of(c.answer()), "3:def");
  auto head = c.answer(true);
  EXPECT_EQ(field_of(head, "Content-Length"), "10");
  EXPECT_EQ(field_of(head, "Connection"), "close");
  EXPECT_EQ(c.rest(), "");
}

TEST_F(HttpServer, RequestsMayArriveByteByByte) {
  start();
  auto c = client();
  for (char byte :
       std::string("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n0\r\n\r\n"))
    c.send({&byte, 1});
  EXPECT_EQ(body_of(c.answer()), "3:abc");
}

TEST_F(HttpServer, OldClientsAreServed) {
  add(Method::get, "/stream", [](Request&) -> Task<Response> {
    auto left = std::make_shared<int>(2);
    co_return stream(200, "text/plain", [left] {
      return [](std::shared_ptr<int> n) -> Task<Result<std::string>> {
        co_return std::string((*n)-- > 0 ? "ab" : "");
      }(left);
    });
  });
  start();
  EXPECT_EQ(body_of(client().exchange("GET /hello HTTP/1.0\r\n\r\n")), "hello GET");
  auto c = client();
  c.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(field_of(c.answer(), "Connection"), "keep-alive");
  c.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto answer = c.rest();
  EXPECT_EQ(field_of(answer, "Transfer-Encoding"), "");
  EXPECT_EQ(body_of(answer), "abab");
  auto chunked = get("/stream");
  EXPECT_EQ(body_of(chunked), "2\r\nab\r\n2\r\nab\r\n0\r\n\r\n");
}

struct Malformed {
  const char* name;
  std::string bytes;
  int status;
};
class MalformedRequest : public HttpServer, public ::testing::WithParamInterface<Malformed> {};

TEST_P(MalformedRequest, IsAnsweredInJsonAndClosed) {
  start();
  auto c = client();
  c.send(GetParam().bytes);
  auto answer = c.rest();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(GetParam().status) + " "));
  EXPECT_THAT(body_of(answer), StartsWith("{\"error\":"));
  EXPECT_EQ(field_of(answer, "Connection"), "close");
  EXPECT_FALSE(field_of(answer, "X-Request-Id").empty());
  // Another client is served as before.
  EXPECT_EQ(body_of(get("/hello")), "hello GET");
}

std::string fields(int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += "X-" + std::to_string(i) + ": 1\r\n";
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MalformedRequest,
    ::testing::Values(
        Malformed{"Noise", "\x16\x03\x01\x02\x01\x01\r\n\r\n", 400},
        Malformed{"NoVersion", "GET /hello\r\n\r\n", 400},
        Malformed{"Version2", "GET /hello HTTP/2.0\r\n\r\n", 400},
        Malformed{"BareNewline", "GET /hello HTTP/1.1\nHost: x\n\n", 400},
        Malformed{"NoHost", "GET /hello HTTP/1.1\r\n\r\n", 400},
        Malformed{"TwoHosts", "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Malformed{"SpaceBeforeColon", "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        Malformed{"ControlInTarget", "GET /he\x01llo HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Malformed{"BadPercent", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Malformed{"NegativeLength", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                  400},
        Malformed{
            "TwoLengths",
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400},
        Malformed{"LengthAndChunked",
                  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  400},
        Malformed{"UnknownCoding",
                  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                  501},
        Malformed{"UnknownExpectation", "GET /hello HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n",
                  417},
        Malformed{"LongHeaders",
                  "GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(17 << 10, 'x') + "\r\n\r\n",
                  431},
        Malformed{"EndlessHeaders",
                  "GET /hello HTTP/1.1\r\nHost: x\r\nX: " + std::string(40 << 10, 'x'), 431},
        Malformed{"ManyHeaders", "GET /hello HTTP/1.1\r\nHost: x\r\n" + fields(101) + "\r\n", 431},
        Malformed{"LongTarget", "GET /" + std::string(17 << 10, 'x') + " HTTP/1.1\r\n\r\n", 414},
        Malformed{"BadChunk",
                  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                  400},
        Malformed{"BodyOverLimit",
                  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" +
                      std::string(200000, 'x'),
                  413},
        Malformed{"ChunksOverLimit",
                  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n" +
                      std::string(0x41, 'x') + "\r\n",
                  413}),
    [](const auto& param) { return std::string(param.param.name); });

TEST_F(HttpServer, LastChunkInPiecesIsNoTrouble) {
  start();
  auto c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::string_view piece : {"0", "\r", "\n", "\r", "\n"}) c.send(piece);
  EXPECT_EQ(body_of(c.answer()), "0:");
}

TEST_F(HttpServer, ContinueComesOnlyWhenTheBodyIsWanted) {
  start();
  auto c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(c.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  c.send("abc");
  EXPECT_EQ(body_of(c.answer()), "3:abc");

  // Refused without reading: the final answer comes at once, and the connection ends.
  c.send("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  auto refused = c.answer();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(field_of(refused, "Connection"), "close");
}

TEST_F(HttpServer, UnreadShortBodyKeepsTheConnection) {
  start();
  auto c = client();
  c.send(
      "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(c.answer()), "no");
  EXPECT_EQ(body_of(c.answer()), "hello GET");
}

TEST_F(HttpServer, ClientThatStillSendsSeesTheRefusal) {
  start();
  auto c = client();
  c.send("POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
  std::string body(8'000'000, 'x');
  c.send(body);
  EXPECT_EQ(body_of(c.answer()), "no");
}

TEST_F(HttpServer, LargeBodiesOfBothKindsArriveWhole) {
  start();
  auto c = client();
  std::string megabyte(1 << 20, 'x');
  c.send("POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(8 << 20) +
         "\r\n\r\n");
  for (int i = 0; i < 8; ++i) c.send(megabyte);
  EXPECT_EQ(body_of(c.answer()), std::to_string(8 << 20));
  c.send("POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 8; ++i) c.send("100000\r\n" + megabyte + "\r\n");
  c.send("0\r\n\r\n");
  EXPECT_EQ(body_of(c.answer()), std::to_string(8 << 20));
}

TEST_F(HttpServer, BodyThatEndsEarlyIsAnError) {
  start();
  for (std::string framing :
       {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    auto c = client();
    c.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + framing);
    c.end_sending();
    auto answer = c.rest();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << framing;
    EXPECT_THAT(body_of(answer), HasSubstr("Nothing was changed"));
  }
}

TEST_F(HttpServer, SlowHeadersTimeOut) {
  options.limits.header_timeout_ms = 80;
  start();
  auto c = client();
  c.send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_THAT(c.rest(), StartsWith("HTTP/1.1 408"));
  // One that never says anything is closed without an answer.
  EXPECT_EQ(client().rest(), "");
}

TEST_F(HttpServer, SlowBodiesTimeOut) {
  options.limits.body_window_ms = 80;
  start();
  auto c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  auto answer = c.rest();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(field_of(answer, "Connection"), "close");
}

TEST_F(HttpServer, IdleConnectionsAreClosed) {
  options.limits.keep_alive_timeout_ms = 80;
  start();
  auto c = client();
  EXPECT_EQ(body_of(c.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")), "hello GET");
  EXPECT_EQ(c.rest(), "");
}

TEST_F(HttpServer, ClientThatReadsNothingIsCutOff) {
  options.limits.write_timeout_ms = 80;
  std::promise<void> ended;
  add(Method::get, "/endless", [&](Request&) -> Task<Response> {
    // Let go with the stream, when the server gives up.
    std::shared_ptr<void> guard(nullptr, [&](void*) { ended.set_value(); });
    co_return stream(200, "text/plain", [guard]() -> Task<Result<std::string>> {
      return []() -> Task<Result<std::string>> { co_return std::string(1 << 20, 'x'); }();
    });
  });
  start();
  auto c = client();
  c.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(HttpServer, ConnectionsPerAddressAreLimited) {
  options.limits.connections_per_address_max = 1;
  start();
  auto first = client();
  EXPECT_EQ(body_of(first.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")), "hello GET");
  auto refused = client().rest();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(std::to_string(body_of(refused).size()), field_of(refused, "Content-Length"));
}

TEST_F(HttpServer, StreamThatFailsCutsTheConnection) {
  add(Method::get, "/broken", [](Request&) -> Task<Response> {
    auto calls = std::make_shared<int>(0);
    co_return stream(200, "text/plain", [calls] {
      return [](std::shared_ptr<int> n) -> Task<Result<std::string>> {
        if ((*n)++ == 0) co_return std::string("part");
        co_return fail(ErrorCode::corrupt, "Broken", "The rest is missing.");
      }(calls);
    });
  });
  start();
  auto c = client();
  c.send("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n");
  auto answer = c.rest();
  EXPECT_THAT(answer, HasSubstr("4\r\npart\r\n"));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("\r\n0\r\n\r\n")));
}

TEST_F(HttpServer, CompressesJsonOnTheWire) {
  add(Method::get, "/json", [](Request&) -> Task<Response> {
    co_return json(200, json::object{{"text", std::string(4000, 'x')}});
  });
  start();
  auto answer = get("/json", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(field_of(answer, "Content-Encoding"), "gzip");
  EXPECT_EQ(field_of(answer, "Vary"), "Origin, Accept-Encoding");
  EXPECT_LT(body_of(answer).size(), 200u);
  EXPECT_GT(body_of(get("/json")).size(), 4000u);
}

TEST_F(HttpServer, HeaderValuesCannotBreakTheHead) {
  add(Method::get, "/inject", [](Request&) -> Task<Response> {
    co_return empty(200).with("Location", "/a\r\nSet-Cookie: x=1").with("Content-Length", "99");
  });
  start();
  auto answer = get("/inject");
  EXPECT_EQ(field_of(answer, "Set-Cookie"), "");
  EXPECT_EQ(field_of(answer, "Content-Length"), "0");
}

TEST_F(HttpServer, AccessLogHasOneLineAndNoSecrets) {
  options.access_log = true;
  router.add(Route{
      .pattern = "/signed/{token}", .operation = "signed", .handler = hello, .secret_path = true});
  router.before([](Request& request) -> Task<Result<std::optional<Response>>> {
    request.set_actor_label("user:ada");
    co_return std::nullopt;
  });
  start();
  ::testing::internal::CaptureStderr();
  get("/hello?signature=hush1", "X-Request-Id: r1\r\nAuthorization: Bearer hush2\r\n");
  get("/signed/hush3");
  server->stop();
  auto lines = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr("http.request request=r1 actor=user:ada operation=test/hello "
                               "method=GET path=/hello status=200"));
  EXPECT_THAT(lines, HasSubstr("path=/signed/{token}"));
  EXPECT_THAT(lines, ::testing::Not(HasSubstr("hush")));
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
}

TEST_F(HttpServer, CountsWhatItServes) {
  start();
  get("/hello");
  get("/nowhere");
  server->stop();
  auto text = metrics.prometheus_text();
  EXPECT_THAT(text,
              HasSubstr("cairn_http_requests_total{operation=\"test/hello\",class=\"2xx\"} 1"));
  EXPECT_THAT(text, HasSubstr("cairn_http_requests_total{operation=\"none\",class=\"4xx\"} 1"));
  EXPECT_THAT(text, HasSubstr("cairn_http_open_connections 0"));
}

TEST_F(HttpServer, StopLetsRunningRequestsFinish) {
  std::promise<void> entered;
  auto release = std::make_shared<std::promise<void>>();
  Blocking blocking(1);
  add(Method::get, "/slow", [&, wait = release->get_future().share()](Request&) -> Task<Response> {
    return
        [](Blocking& pool, std::promise<void>& in, std::shared_future<void> w) -> Task<Response> {
          auto work = [&in, w] {
            in.set_value();
            w.wait();
            return 0;
          };
          co_await pool.run(work);
          co_return text(200, "done");
        }(blocking, entered, wait);
  });
  start();
  auto idle = client();
  idle.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  auto c = client();
  c.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  auto stopping = std::async(std::launch::async, [&] { server->stop(); });
  EXPECT_EQ(idle.rest(), "");  // Closed, so stopping has begun.
  release->set_value();
  auto answer = c.rest();
  EXPECT_EQ(body_of(answer), "done");
  EXPECT_EQ(field_of(answer, "Connection"), "close");
  stopping.wait();
}

TEST_F(HttpServer, StopCutsWhatDoesNotFinishInTime) {
  options.limits.drain_timeout_ms = 50;
  std::promise<void> entered;
  add(Method::get, "/forever", [&](Request&) -> Task<Response> {
    return [](std::promise<void>& in) -> Task<Response> {
      boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                      std::chrono::hours(1));
      in.set_value();
      co_await never.async_wait(boost::asio::use_awaitable);
      co_return empty(200);
    }(entered);
  });
  start();
  auto c = client();
  c.send("GET /forever HTTP/1.1\r\nHost: x\r\n\r\n");
  entered.get_future().wait();
  server->stop();
  EXPECT_EQ(c.rest(), "");
}

TEST_F(HttpServer, TakenPortIsNamed) {
  start();
  ServerOptions again = options;
  again.listen[0].port = server->port();
  Server second(again, Router(), metrics);
  auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().word, "AddressInUse");
  EXPECT_THAT(started.error().message, HasSubstr(std::to_string(server->port())));
  EXPECT_THAT(started.error().message, HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
}

TEST_F(HttpServer, UnixSocketKnowsItsPeer) {
  char folder[] = "/tmp/cairn_http_XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  options.unix_socket = std::string(folder) + "/socket";
  add(Method::get, "/who", [](Request& request) -> Task<Response> {
    co_return text(
        200, std::to_string(request.peer_uid().value_or(77777)) + " " + request.remote_address());
  });
  start();
  RawClient c(options.unix_socket);
  EXPECT_EQ(body_of(c.exchange("GET /who HTTP/1.1\r\nHost: x\r\n\r\n")),
            std::to_string(::getuid()) + " unix");
  struct stat status{};
  ASSERT_EQ(::stat(options.unix_socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  server->stop();
  EXPECT_NE(::stat(options.unix_socket.c_str(), &status), 0);
  ::rmdir(folder);
}

TEST_F(HttpServer, TrustedProxyNamesTheClient) {
  add(Method::get, "/who", [](Request& request) -> Task<Response> {
    co_return text(200, std::string(request.scheme()) + " " + request.remote_address());
  });
  options.trusted_proxies = {"127.0.0.1"};
  start();
  EXPECT_EQ(body_of(get("/who", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n")),
            "https 192.0.2.7");
  EXPECT_EQ(body_of(get("/who")), "http 127.0.0.1");
}

}  // namespace
}  // namespace cairn::http
