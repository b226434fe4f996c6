#include "platform/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http/testing.h"

namespace cairn::http {
namespace {

using testing::send;

Handler says(std::string words) {
  return [words](Request& request) {
    return [](std::string w, Request& r) -> Task<Response> {
      for (std::string_view name : {"ns", "name", "rev"})
        if (!r.param(name).empty()) w += "|" + std::string(r.param(name));
      for (std::string_view name : {"rest", "path"})
        if (auto rest = r.rest_path(name); !rest.empty()) w += "|" + rest;
      co_return text(200, w);
    }(words, request);
  };
}

Route route(Method method, std::string pattern, std::string operation) {
  return Route{
      .method = method, .pattern = pattern, .operation = operation, .handler = says(operation)};
}

Router hub() {
  Router out;
  out.add({route(Method::get, "/", "home"),
           route(Method::get, "/api/models/{ns}/{name}", "model.info"),
           route(Method::delete_, "/api/models/{ns}/{name}", "model.delete"),
           route(Method::get, "/api/models/{ns}/{name}/tree/{rev}/{path...}", "tree"),
           route(Method::get, "/api/models/trending", "trending"),
           route(Method::get, "/datasets/{ns}/{name}/resolve/{rev}/{path...}", "dataset.resolve"),
           route(Method::get, "/{ns}/{name}/resolve/{rev}/{path...}", "model.resolve"),
           route(Method::post, "/{ns}/{name}.git/info/lfs/objects/batch", "lfs.batch"),
           route(Method::get, "/{ns}/{name}", "page")});
  return out;
}

std::string get(const Router& router, std::string target) {
  auto response = send(router, Method::get, std::move(target));
  return response.status == 200 ? std::string(response.text()) : std::to_string(response.status);
}

TEST(Router, FixedSegmentsWinOverCaptures) {
  auto router = hub();
  EXPECT_EQ(get(router, "/api/models/trending"), "trending");
  EXPECT_EQ(get(router, "/"), "home");
  EXPECT_EQ(get(router, "/ada/bert"), "page|ada|bert");
}

TEST(Router, GivesBackWhatItTookWhenTheRestDoesNotFit) {
  auto router = hub();
  // "datasets" is a fixed segment of another route and the owner of this one.
  EXPECT_EQ(get(router, "/datasets/squad/resolve/main/a"), "model.resolve|datasets|squad|main|a");
  EXPECT_EQ(get(router, "/datasets/ada/squad/resolve/main/a"), "dataset.resolve|ada|squad|main|a");
}

TEST(Router, EncodedSlashStaysInsideItsSegment) {
  auto router = hub();
  EXPECT_EQ(get(router, "/api/models/ada/bert/tree/refs%2Fpr%2F1/a%2Fb/c"),
            "tree|ada|bert|refs/pr/1|a/b/c");
  auto request = Request::make(Method::get, "/api/models/ada/bert/tree/main/a%2Fb/c");
  ASSERT_TRUE(request && router.find(*request));
  EXPECT_THAT(request->rest("path"), ::testing::ElementsAre("a/b", "c"));
}

TEST(Router, RestCaptureTakesNothingAndIgnoresATrailingSlash) {
  auto router = hub();
  EXPECT_EQ(get(router, "/api/models/ada/bert/tree/main"), "tree|ada|bert|main");
  EXPECT_EQ(get(router, "/api/models/ada/bert/tree/main/"), "tree|ada|bert|main");
  EXPECT_EQ(get(router, "/api/models/ada/bert/tree/main/dir/"), "tree|ada|bert|main|dir");
}

TEST(Router, CaptureMayHaveFixedTextAroundIt) {
  auto router = hub();
  auto response = send(router, Method::post, "/ada/bert.git/info/lfs/objects/batch");
  EXPECT_EQ(response.text(), "lfs.batch|ada|bert");
  EXPECT_EQ(send(router, Method::post, "/ada/.git/info/lfs/objects/batch").status, 404);
}

TEST(Router, EmptySegmentIsNoCapture) {
  auto router = hub();
  EXPECT_EQ(get(router, "/api/models//bert"), "404");
  EXPECT_EQ(get(router, "//"), "404");
}

TEST(Router, HeadFallsToGet) {
  EXPECT_EQ(send(hub(), Method::head, "/ada/bert").text(), "page|ada|bert");
}

TEST(Router, WrongMethodNamesTheRightOnes) {
  auto response = send(hub(), Method::put, "/api/models/ada/bert");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(send(hub(), Method::post, "/api/nothing/at/all/here").status, 404);
}

TEST(Router, CatchAllPageDoesNotTurnUnknownPathsInto405) {
  Router router;
  router.add(route(Method::get, "/{path...}", "shell"));
  EXPECT_EQ(send(router, Method::post, "/api/unknown").status, 404);
  EXPECT_EQ(get(router, "/any/where"), "shell|any/where");
}

TEST(Router, PreflightIsAnsweredForEveryPath) {
  auto response = send(hub(), Method::options, "/api/models/ada/bert",
                       {{"Origin", "https://example.org"},
                        {"Access-Control-Request-Method", "DELETE"},
                        {"Access-Control-Request-Headers", "authorization"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Headers"), "authorization");
  EXPECT_FALSE(response.headers.has("Access-Control-Allow-Credentials"));
}

TEST(Router, OtherOriginsMayReadTheHubsHeaders) {
  auto response = send(hub(), Method::get, "/ada/bert", {{"Origin", "https://example.org"}});
  EXPECT_TRUE(has_token(response.headers.get("Access-Control-Expose-Headers"), "x-repo-commit"));
  EXPECT_TRUE(has_token(response.headers.get("Vary"), "origin"));
}

TEST(Router, BeforeHookMayAnswerAndAfterHookSeesEverything) {
  auto router = hub();
  router.before([](Request& request) -> Task<Result<std::optional<Response>>> {
    if (request.header("Authorization").empty())
      co_return fail(ErrorCode::unauthenticated, "SignIn", "Sign in first.");
    request.set_context(std::string("ada"));
    co_return std::nullopt;
  });
  router.after([](const Request& request, Response& response) {
    response.headers.add("X-Actor", request.context<std::string>() ? "known" : "unknown");
  });
  auto refused = send(router, Method::get, "/ada/bert");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.text(), R"({"error":"Sign in first."})");
  EXPECT_EQ(refused.headers.get("X-Actor"), "unknown");
  auto passed = send(router, Method::get, "/ada/bert", {{"Authorization", "Bearer x"}});
  EXPECT_EQ(passed.status, 200);
  EXPECT_EQ(passed.headers.get("X-Actor"), "known");
}

TEST(Router, ErrorsGoThroughTheRoutesOwnEncoder) {
  Router router;
  auto failing = [](Request&) -> Task<Result<Response>> {
    co_return fail(ErrorCode::conflict, "Taken", "The name is taken.");
  };
  router.add(Route{.pattern = "/hub", .operation = "hub", .handler = failing});
  router.add(Route{.pattern = "/lfs",
                   .operation = "lfs",
                   .handler = failing,
                   .encode_error = [](const Error& error, const Request&) {
                     return json(422, json::object{{"message", error.message}});
                   }});
  EXPECT_EQ(send(router, Method::get, "/hub").status, 409);
  auto lfs = send(router, Method::get, "/lfs");
  EXPECT_EQ(lfs.status, 422);
  EXPECT_EQ(lfs.text(), R"({"message":"The name is taken."})");
}

TEST(Router, ExceptionIsA500ThatNamesTheRequest) {
  Router router;
  router.add(Route{.pattern = "/", .operation = "boom", .handler = [](Request&) -> Task<Response> {
                     throw std::runtime_error("secret detail");
                     co_return empty(200);
                   }});
  auto response = send(router, Method::get, "/", {});
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(std::string(response.text()), ::testing::HasSubstr("request id"));
  EXPECT_THAT(std::string(response.text()), ::testing::Not(::testing::HasSubstr("secret")));
}

TEST(Router, BodyLimitIsTheRoutes) {
  Router router;
  router.add(Route{.method = Method::post,
                   .pattern = "/",
                   .operation = "read",
                   .body_bytes_max = 4,
                   .handler = [](Request& request) -> Task<Result<Response>> {
                     CAIRN_CO_TRY(body, co_await request.read_all());
                     co_return text(200, body);
                   }});
  EXPECT_EQ(send(router, Method::post, "/", {}, "1234").text(), "1234");
  EXPECT_EQ(send(router, Method::post, "/", {}, "12345").status, 413);
}

TEST(Router, ALastResortIsAskedWhenNothingElseFits) {
  Router router;
  auto alias = route(Method::get, "/{name}/tree/{rest...}", "alias");
  alias.last_resort = true;
  router.add(std::move(alias));
  router.add(route(Method::get, "/{ns}/{name}/tree/{rest...}", "tree"));
  router.add(route(Method::post, "/{ns}/{name}/main", "post"));
  auto asked = [&](Method method, std::string_view target) {
    auto request = Request::make(method, std::string(target)).value();
    return router.find(request) ? request.route()->operation : std::string();
  };
  EXPECT_EQ(asked(Method::get, "/gpt2/tree/main"), "alias");
  // Its fixed word would win among equals: a repository may be called like that.
  EXPECT_EQ(asked(Method::get, "/ada/tree/tree/main"), "tree");
  EXPECT_EQ(asked(Method::post, "/gpt2/tree/main"), "post");
  EXPECT_EQ(asked(Method::put, "/gpt2/tree/main"), "");
}

TEST(Router, MalformedPatternsStopTheProgram) {
  Router router;
  for (auto pattern : {"", "x", "/a//b", "/{x...}/b", "/{}", "/{x}{y}", "/a{b", "/a}b", "/v{x...}"})
    EXPECT_THROW(router.add(route(Method::get, pattern, "x")), std::logic_error) << pattern;
  router.add(route(Method::get, "/{a}", "x"));
  EXPECT_THROW(router.add(route(Method::get, "/{b}", "y")), std::logic_error);
}

TEST(Router, DescribesItselfAsOpenApi) {
  Router router;
  auto described = route(Method::post, "/api/models/{ns}/{path...}", "model.create");
  described.scope = "write";
  described.request_schema = json::object{{"type", "object"}};
  described.query = {{"limit", "At most so many.", json::object{{"type", "integer"}}}};
  router.add(std::move(described));
  auto document = router.openapi("Cairn", "1.0");
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  const auto& operation = document.at("paths").at("/api/models/{ns}/{path}").at("post");
  EXPECT_EQ(operation.at("operationId"), "model.create");
  EXPECT_EQ(operation.at("parameters").as_array().size(), 3u);
  EXPECT_EQ(operation.at("x-scope"), "write");
}

}  // namespace
}  // namespace cairn::http
