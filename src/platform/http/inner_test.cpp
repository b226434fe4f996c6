#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http/testing.h"

namespace cairn::http {
namespace {

struct Person {
  std::string name;
};

/// Two routes: a page that shows what "/api/…" answers, and that.
Router pages() {
  Router out;
  out.before([](Request& request) -> Task<Result<std::optional<Response>>> {
    if (!request.context<Person>()) request.set_context(Person{request.is_inner() ? "?" : "ada"});
    co_return std::optional<Response>{};
  });
  return out;
}

struct Asked {
  int status = 0;
  std::string body, error;
};

/// Asks `target` within a request to "/", on a router with the routes.
Asked ask(Router& router, InnerQuestion question) {
  Asked out;
  router.add({.method = Method::get,
              .pattern = "/",
              .operation = "page",
              .handler = [&](Request& request) -> Task<Response> {
                auto answer = co_await router.ask(request, question);
                if (answer)
                  out = {answer->status, answer->body, ""};
                else
                  out.error = answer.error().word;
                co_return text(200, "");
              }});
  auto outer = testing::send(router, Method::get, "/", {{"Cookie", "a=b"}});
  EXPECT_EQ(outer.status, 200);
  return out;
}

TEST(RouterAsk, IsThePersonOfTheOuterRequest) {
  auto router = pages();
  router.add({.method = Method::get,
              .pattern = "/api/me",
              .operation = "me",
              .handler = [](Request& request) -> Task<Response> {
                co_return text(200, request.context<Person>()->name + " " +
                                        std::string(request.header("Cookie")));
              }});
  EXPECT_EQ(ask(router, {.target = "/api/me"}).body, "ada a=b");
}

TEST(RouterAsk, ARefusalIsAnAnswer) {
  auto router = pages();
  EXPECT_EQ(ask(router, {.target = "/api/none"}).status, 404);
}

TEST(RouterAsk, ReadsStreamsAndBodies) {
  auto router = pages();
  router.add({.method = Method::post,
              .pattern = "/api/echo",
              .operation = "echo",
              .handler = [](Request& request) -> Task<Result<Response>> {
                CAIRN_CO_TRY(body, co_await request.read_all());
                auto left = std::make_shared<int>(3);
                co_return stream(200, "text/plain", [left, body]() -> Task<Result<std::string>> {
                  co_return (*left)-- > 0 ? body : std::string();
                });
              }});
  EXPECT_EQ(ask(router, {.method = Method::post, .target = "/api/echo", .body = "ab"}).body,
            "ababab");
}

TEST(RouterAsk, ALongAnswerIsAnError) {
  auto router = pages();
  router.add(
      {.method = Method::get,
       .pattern = "/api/long",
       .operation = "long",
       .handler = [](Request&) -> Task<Response> { co_return text(200, std::string(1001, 'a')); }});
  EXPECT_EQ(ask(router, {.target = "/api/long", .answer_bytes_max = 1000}).error, "AnswerTooLarge");
}

TEST(RouterAsk, ABadTargetIsAnError) {
  auto router = pages();
  EXPECT_EQ(ask(router, {.target = "/api/%zz"}).error, "InvalidTarget");
}

}  // namespace
}  // namespace cairn::http
