#include "api/cas/cas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/cas/wire.h"
#include "hub/xet/testing.h"
#include "platform/http/testing.h"

// Numbers are those of the protocol reference's checklist.
namespace cairn::api::cas {
namespace {

using http::Method;
using http::testing::send;
using xet::testing::bytes_of;
using xet::testing::prepare;
using xet::testing::Prepared;
using xet::testing::run;

class CasRoutes : public ::testing::Test, public xet::testing::World {
 protected:
  CasRoutes() { add_routes(router, *xet); }

  http::Headers bearer(xet::Right right = xet::Right::write, RepoId repo = ada_model) {
    return {{"Authorization", "Bearer " + xet->issue_token(repo, user, right).text}};
  }
  http::Response ask(Method method, std::string target, http::Headers headers = {},
                     std::string body = {}) {
    return send(router, method, std::move(target), std::move(headers), std::move(body));
  }
  void put(const Prepared& file) {
    for (const auto& xorb : file.xorbs)
      ASSERT_EQ(ask(Method::post, "/xet/v1/xorbs/default/" + xorb.index.xorb().text(), bearer(),
                    xorb.body)
                    .status,
                200);
    ASSERT_EQ(ask(Method::post, "/xet/v1/shards", bearer(), file.shard()).status, 200);
  }
  static json::value parsed(const http::Response& response) { return json::parse(response.text()); }

  http::Router router;
};

TEST_F(CasRoutes, Item3HashesOfAnotherShapeAreRefusedOnEveryRoute) {
  for (std::string bad :
       {std::string(63, 'a'), std::string(65, 'a'), std::string(63, 'a') + "g", std::string("x")}) {
    EXPECT_EQ(ask(Method::post, "/xet/v1/xorbs/default/" + bad, bearer(), "x").status, 400) << bad;
    for (std::string path : {"v1/reconstructions/", "v2/reconstructions/", "v1/files/",
                             "v1/chunks/default/", "v1/transfer/"})
      EXPECT_EQ(ask(Method::get, "/xet/" + path + bad, bearer()).status, 400) << path << bad;
  }
}

TEST_F(CasRoutes, Item3UpperCaseIsTheSameHash) {
  auto file = prepare(bytes_of(1000));
  put(file);
  auto text = file.file.file.text();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(ask(Method::get, "/xet/v2/reconstructions/" + text, bearer()).status, 200);
}

TEST_F(CasRoutes, WhoBringsWhichToken) {
  auto file = prepare(bytes_of(1000));
  put(file);
  std::string xorb = "/xet/v1/xorbs/default/" + file.xorbs[0].index.xorb().text();
  std::string made = "/xet/v1/reconstructions/" + file.file.file.text();
  EXPECT_EQ(ask(Method::post, xorb, {}, file.xorbs[0].body).status, 401);
  EXPECT_EQ(ask(Method::post, xorb, {{"Authorization", "Bearer x"}}, "").status, 401);
  EXPECT_EQ(ask(Method::post, xorb, {{"Authorization", "Basic eDp5"}}, "").status, 401);
  EXPECT_EQ(ask(Method::post, xorb, bearer(xet::Right::read), file.xorbs[0].body).status, 403);
  EXPECT_EQ(ask(Method::post, "/xet/v1/shards", bearer(xet::Right::read), file.shard()).status,
            403);
  for (auto right : {xet::Right::read, xet::Right::write, xet::Right::propose})
    EXPECT_EQ(ask(Method::get, made, bearer(right)).status, 200);
  EXPECT_EQ(ask(Method::get, made, bearer(xet::Right::read, bob_model)).status, 404);
  EXPECT_EQ(ask(Method::get, made).status, 401);
}

TEST_F(CasRoutes, WhetherAXorbWasThereIsNotTold) {
  auto file = prepare(bytes_of(1000));
  std::string xorb = "/xet/v1/xorbs/default/" + file.xorbs[0].index.xorb().text();
  auto first = ask(Method::post, xorb, bearer(), file.xorbs[0].body);
  auto second = ask(Method::post, xorb, bearer(), file.xorbs[0].body);
  EXPECT_EQ(first.text(), second.text());
  EXPECT_EQ(parsed(first).at("was_inserted"), true);
  EXPECT_EQ(ask(Method::head, xorb, bearer()).status, 404);
}

TEST_F(CasRoutes, Item12aWhatIsNoRouteIs404ForEveryMethodAndEverybody) {
  std::string grant = "/xet/v1/xorb-grants/default/" + std::string(64, 'a');
  for (auto method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_})
    for (std::string target : {grant, std::string("/xet/v3/reconstructions/x"), std::string("/xet"),
                               std::string("/xet/v1/shards/more")}) {
      EXPECT_EQ(ask(method, target).status, 404) << target;
      EXPECT_EQ(ask(method, target, bearer()).status, 404) << target;
    }
  // Of a route that exists with another method.
  EXPECT_EQ(ask(Method::get, "/xet/v1/shards", bearer()).status, 404);
  EXPECT_EQ(ask(Method::put, "/xet/v1/shards", bearer()).status, 404);
}

/// Section 7.5: the file of vector C, stored uncompressed, from byte 140 000 on.
TEST_F(CasRoutes, TheExampleOfTheReferenceComesOutAsItStandsThere) {
  std::string content(200'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(7 * i + 13);
  auto file = prepare(content);
  std::string body;
  xet::append_record(body, std::string_view(content).substr(0, 131'072), xet::Scheme::stored);
  xet::append_record(body, std::string_view(content).substr(131'072), xet::Scheme::stored);
  file.xorbs[0].body = body;
  put(file);
  std::string hash = "d88d9e0b760f32c90b7c6592b4cb85251c01bb797371e3c637087b96ac578723";
  std::string xorb = "f0755d96ee199d4f01e83da9fe2c38353de7fd38fb79a320a7d50be510026f74";
  auto headers = bearer();
  headers.add("Range", "bytes=140000-149999");
  auto v2 = parsed(ask(Method::get, "/xet/v2/reconstructions/" + hash, headers));
  EXPECT_EQ(v2.at("offset_into_first_range"), 8928);
  EXPECT_EQ(v2.at("terms"), json::parse(R"([{"hash":")" + xorb + R"(","unpacked_length":68928,
            "range":{"start":1,"end":2}}])"));
  const auto& entry = v2.at("xorbs").at(xorb).at(0);
  EXPECT_EQ(entry.at("ranges"), json::parse(R"([{"chunks":{"start":1,"end":2},
            "bytes":{"start":131080,"end":200015}}])"));
  auto v1 = parsed(ask(Method::get, "/xet/v1/reconstructions/" + hash, headers));
  EXPECT_EQ(v1.at("terms"), v2.at("terms"));
  const auto& fetch = v1.at("fetch_info").at(xorb).at(0);
  EXPECT_EQ(fetch.at("range"), json::parse(R"({"start":1,"end":2})"));
  EXPECT_EQ(fetch.at("url_range"), json::parse(R"({"start":131080,"end":200015})"));
  EXPECT_EQ(fetch.at("url"), entry.at("url"));
}

TEST_F(CasRoutes, Item23EdgesOfRanges) {
  auto file = prepare(bytes_of(10'000));
  put(file);
  std::string target = "/xet/v2/reconstructions/" + file.file.file.text();
  for (auto [range, status] : std::map<std::string, int>{{"bytes=0-18446744073709551614", 200},
                                                         {"bytes=9999-", 200},
                                                         {"bytes=-1", 200},
                                                         {"bytes=10000-", 416},
                                                         {"bytes=10000-10001", 416},
                                                         {"bytes=5-4", 400},
                                                         {"bytes=a-b", 400},
                                                         {"bytes=-", 400},
                                                         {"bytes=0-1,3-4", 400},
                                                         {"bytes=0-18446744073709551616", 400},
                                                         {"items=0-1", 400},
                                                         {"0-1", 400}}) {
    auto headers = bearer();
    headers.add("Range", range);
    EXPECT_EQ(ask(Method::get, target, headers).status, status) << range;
  }
}

TEST_F(CasRoutes, Item13ShardsGoToEveryRouteThatClientsKnow) {
  for (std::string path : {"/xet/v1/shards", "/xet/shards"}) {
    auto file = prepare(bytes_of(5000, static_cast<unsigned>(path.size())));
    ASSERT_TRUE(send_xorb(token(ada_model), file.xorbs[0].index.xorb(), file.xorbs[0].body));
    EXPECT_EQ(parsed(ask(Method::post, path, bearer(), file.shard())).at("result"), 1);
    EXPECT_EQ(parsed(ask(Method::post, path, bearer(), file.shard())).at("result"), 0);
  }
}

TEST_F(CasRoutes, Item20VersionTwoTellsInLinesHowFarItIs) {
  auto file = prepare(bytes_of(300'000));
  ASSERT_TRUE(send_xorb(token(ada_model), file.xorbs[0].index.xorb(), file.xorbs[0].body));
  auto answer = ask(Method::post, "/xet/v2/shards", bearer(), file.shard());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(answer.headers.get("Cache-Control"), "no-cache");
  std::vector<json::value> events;
  std::string_view rest = answer.text();
  for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    events.push_back(json::parse(rest.substr(0, end)));
    rest.remove_prefix(end + 1);
  }
  EXPECT_TRUE(rest.empty()) << "every line ends";
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events.back(), json::parse(R"({"type":"result","result":1})"));
  events.pop_back();
  for (const auto& event : events) {
    EXPECT_EQ(event.at("type"), "validating");
    EXPECT_LE(event.at("verified").as_int64(), event.at("total").as_int64());
  }
}

TEST_F(CasRoutes, Item20WhatTheSha256SaysIsAnEventOfTheStream) {
  auto file = prepare(bytes_of(300'000));
  file.file.sha256 = sha256("other");
  ASSERT_TRUE(send_xorb(token(ada_model), file.xorbs[0].index.xorb(), file.xorbs[0].body));
  auto answer = ask(Method::post, "/xet/v2/shards", bearer(), file.shard());
  EXPECT_EQ(answer.status, 200);
  auto last = json::parse(answer.text().substr(0, answer.text().find('\n')));
  EXPECT_EQ(last.at("type"), "error");
  EXPECT_EQ(last.at("retryable"), false);
  EXPECT_EQ(ask(Method::post, "/xet/v1/shards", bearer(), file.shard()).status, 400);
  // What the shard itself says is a status, before the first line.
  EXPECT_EQ(ask(Method::post, "/xet/v2/shards", bearer(), "nonsense").status, 400);
}

TEST_F(CasRoutes, Item37AMissIs404OnBothPrefixesAndAHitIsAShard) {
  auto file = prepare(bytes_of(500'000));
  put(file);
  for (std::string prefix : {"default", "default-merkledb"}) {
    std::string base = "/xet/v1/chunks/" + prefix + "/";
    EXPECT_EQ(ask(Method::get, base + std::string(64, 'a'), bearer()).status, 404);
    auto hit = ask(Method::get, base + file.chunks[0].text(), bearer());
    EXPECT_EQ(hit.status, 200);
    EXPECT_EQ(hit.headers.get("Content-Type"), "application/octet-stream");
    EXPECT_TRUE(xet::parse_shard(hit.text(), {.require_range_hashes = false}));
  }
  EXPECT_EQ(ask(Method::get, "/xet/v1/chunks/other/" + file.chunks[0].text(), bearer()).status,
            404);
}

TEST_F(CasRoutes, Item26ATransferIsExactlyItsRange) {
  auto file = prepare(bytes_of(500'000));
  put(file);
  auto made =
      parsed(ask(Method::get, "/xet/v2/reconstructions/" + file.file.file.text(), bearer()));
  const auto& entry = made.at("xorbs").as_object().begin()->value().at(0);
  std::string url(entry.at("url").as_string());
  std::string target = url.substr(url.find("/xet/"));
  auto end = entry.at("ranges").at(0).at("bytes").at("end").as_int64();
  auto whole = ask(Method::get, target, {{"Range", "bytes=0-" + std::to_string(end)}});
  EXPECT_EQ(whole.status, 206);
  EXPECT_EQ(ask(Method::get, target, {{"Range", "bytes=10-19"}}).status, 206);
  EXPECT_EQ(ask(Method::get, target).status, 403);
  EXPECT_EQ(ask(Method::get, target + "x", {{"Range", "bytes=0-1"}}).status, 403);
  clock.advance(hours(2));
  EXPECT_EQ(ask(Method::get, target, {{"Range", "bytes=0-1"}}).status, 403);
}

TEST_F(CasRoutes, Item26ADeletedXorbIs404Not403) {
  auto file = prepare(bytes_of(500'000));
  put(file);
  auto made =
      parsed(ask(Method::get, "/xet/v2/reconstructions/" + file.file.file.text(), bearer()));
  const auto& entry = made.at("xorbs").as_object().begin()->value().at(0);
  std::string url(entry.at("url").as_string());
  write([&](db::Tx& tx) {
    return lfs::unlink(tx, ada_model, sha256(file.content), lfs::Parting::at_once);
  });
  ASSERT_TRUE(run(xet->collect(hours(24), false)));
  // A client asks for another URL on 403, for ever.
  EXPECT_EQ(ask(Method::get, url.substr(url.find("/xet/")), {{"Range", "bytes=0-1"}}).status, 404);
}

TEST_F(CasRoutes, TheSizeOfAFileIsTold) {
  auto file = prepare(bytes_of(12'345));
  put(file);
  std::string target = "/xet/v1/files/" + file.file.file.text();
  auto head = ask(Method::head, target, bearer());
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.head_size, 12'345u);
  EXPECT_EQ(ask(Method::head, target, bearer(xet::Right::read, bob_model)).status, 404);
}

}  // namespace
}  // namespace cairn::api::cas
