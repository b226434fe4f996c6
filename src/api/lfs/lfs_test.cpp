#include "api/lfs/lfs.h"

#include <gtest/gtest.h>

#include "hub/lfs/testing.h"
#include "platform/http/testing.h"

namespace cairn::api::lfs {
namespace {

using cairn::lfs::testing::bytes_of;
using cairn::lfs::testing::World;
using http::Method;

constexpr std::string_view batch_path = "/ada/model.git/info/lfs/objects/batch";

/// One repository, "ada/model", and what its asker may do there.
class FakeGate final : public RepoGate {
 public:
  Task<Result<Opened>> open(http::Request&, RepoKind kind, std::string name,
                            access::Action action) override {
    asked = kind;
    if (name == "ada/old") co_return Opened{World::ada_model, World::owner, {}, "ada/model"};
    if (name != "ada/model") co_return fail(access::hidden(actor));
    if (action == access::Action::create_pr && !may_propose)
      co_return fail(ErrorCode::forbidden, "Forbidden", "You may not write to ada/model.");
    co_return Opened{World::ada_model, World::owner, World::user, {}};
  }
  access::Actor actor = access::Actor::anonymous();
  bool may_propose = true;
  RepoKind asked = RepoKind::model;
};

class LfsApi : public ::testing::Test, public World {
 protected:
  LfsApi() {
    options.multipart_bytes_min = 2'000'000;
    options.part_bytes = 1 << 20;
    restart();
    add_routes(router, *lfs, gate);
  }

  http::Response send(Method method, std::string_view target, std::string body = {},
                      http::Headers headers = {}) {
    return http::testing::send(router, method, std::string(target), std::move(headers),
                               std::move(body));
  }
  http::Response batch(json::object body, std::string_view path = batch_path,
                       http::Headers headers = {}) {
    return send(Method::post, path, json::serialize(body), std::move(headers));
  }
  static json::object object_of(const std::string& bytes) {
    return {{"oid", sha256(bytes).hex()}, {"size", bytes.size()}};
  }
  static json::object upload_of(const std::string& bytes) {
    return {{"operation", "upload"},
            {"transfers", {"basic", "multipart"}},
            {"objects", json::array{object_of(bytes)}}};
  }
  json::object answer(const http::Response& response) {
    EXPECT_EQ(response.status, 200) << response.text();
    EXPECT_EQ(response.headers.get("Content-Type"), "application/vnd.git-lfs+json");
    return parse_json(response.text()).value().as_object();
  }
  json::object first(const http::Response& response) {
    return answer(response).at("objects").at(0).as_object();
  }
  static std::string target_of(const json::value& action) {
    std::string href(action.at("href").as_string());
    return href.substr(std::string_view("https://hub.example").size());
  }
  void expect_error(const http::Response& response, int status, std::string_view word) {
    EXPECT_EQ(response.status, status) << response.text();
    EXPECT_EQ(response.headers.get("X-Error-Code"), word);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/vnd.git-lfs+json");
    auto body = parse_json(response.text()).value().as_object();
    EXPECT_FALSE(body.at("message").as_string().empty());
    EXPECT_TRUE(body.at("request_id").is_string());
  }

  FakeGate gate;
  http::Router router;
  const std::string bytes = bytes_of(5000);
};

TEST_F(LfsApi, AFileGoesUpAndIsVerifiedAndComesDown) {
  auto asked = first(batch(upload_of(bytes)));
  EXPECT_EQ(asked.at("oid").as_string(), sha256(bytes).hex());
  EXPECT_EQ(asked.at("size").as_int64(), 5000);
  EXPECT_TRUE(asked.at("authenticated").as_bool());
  const auto& actions = asked.at("actions").as_object();
  EXPECT_FALSE(actions.at("upload").as_object().contains("header"));
  EXPECT_EQ(actions.at("upload").at("expires_in").as_int64(), 3600);
  auto put = send(Method::put, target_of(actions.at("upload")), bytes);
  EXPECT_EQ(put.status, 200) << put.text();
  EXPECT_EQ(put.headers.get("ETag"), "\"" + sha256(bytes).hex() + "\"");
  auto verified =
      send(Method::post, target_of(actions.at("verify")), json::serialize(object_of(bytes)));
  EXPECT_EQ(verified.status, 200) << verified.text();

  auto down = first(batch({{"operation", "download"}, {"objects", json::array{object_of(bytes)}}}));
  auto get = send(Method::get, target_of(down.at("actions").at("download")), {},
                  {{"Range", "bytes=10-19"}});
  EXPECT_EQ(get.status, 206);
  EXPECT_EQ(get.text(), bytes.substr(10, 10));
  EXPECT_EQ(get.headers.get("X-Content-Type-Options"), "nosniff");
}

TEST_F(LfsApi, AFileThatIsThereHasNoActionsMember) {
  ASSERT_TRUE(upload(ada_model, bytes));
  auto asked = first(batch(upload_of(bytes)));
  EXPECT_FALSE(asked.contains("actions"));
  EXPECT_FALSE(asked.contains("error"));
}

TEST_F(LfsApi, NoMemberIsEverNull) {
  auto response =
      batch({{"operation", "upload"},
             {"objects", json::array{object_of(bytes), json::object{{"oid", "zz"}, {"size", 1}}}}});
  EXPECT_EQ(response.text().find("null"), std::string_view::npos) << response.text();
}

TEST_F(LfsApi, EverySpellingOfClientsIsTaken) {
  for (const char* more :
       {R"("hash_algo":"sha256")", R"("hash_algo":"sha_256")", R"("ref":{"name":"main"})",
        R"("ref":{"name":"refs/heads/main"})", R"("ref":null,"transfers":null)",
        R"("transfers":["xet","basic"])", R"("unknown":{"a":[1]})"}) {
    auto body = R"({"operation":"upload","objects":[],)" + std::string(more) + "}";
    EXPECT_EQ(send(Method::post, batch_path, body).status, 200) << more;
  }
}

TEST_F(LfsApi, EachKindHasItsPath) {
  for (auto [path, kind] : {std::pair{"/ada/model", RepoKind::model},
                            {"/datasets/ada/model", RepoKind::dataset},
                            {"/spaces/ada/model", RepoKind::space},
                            {"/kernels/ada/model", RepoKind::kernel}}) {
    auto response = batch(upload_of(bytes), std::string(path) + ".git/info/lfs/objects/batch");
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(gate.asked, kind);
  }
}

TEST_F(LfsApi, AWrongObjectIsAnErrorOfItsOwn) {
  auto response =
      batch({{"operation", "upload"},
             {"objects", json::array{json::object{{"oid", "ABC"}, {"size", 1}}, object_of(bytes),
                                     json::object{{"oid", sha256("x").hex()}, {"size", -1}}}}});
  auto objects = answer(response).at("objects").as_array();
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].at("error").at("code").as_int64(), 422);
  EXPECT_EQ(objects[0].at("oid").as_string(), "ABC");
  EXPECT_TRUE(objects[1].as_object().contains("actions"));
  EXPECT_EQ(objects[2].at("error").at("code").as_int64(), 422);
}

TEST_F(LfsApi, WhatIsNotThereIs404InADownload) {
  auto asked =
      first(batch({{"operation", "download"}, {"objects", json::array{object_of(bytes)}}}));
  EXPECT_EQ(asked.at("error").at("code").as_int64(), 404);
  EXPECT_FALSE(asked.contains("actions"));
}

TEST_F(LfsApi, LargeFilesGoInPartsToClientsThatCan) {
  auto large = bytes_of(2'500'000);
  auto response = batch(upload_of(large));
  EXPECT_EQ(answer(response).at("transfer").as_string(), "multipart");
  auto action = first(response).at("actions").at("upload");
  const auto& header = action.at("header").as_object();
  ASSERT_EQ(header.size(), 4u);  // chunk_size and three parts
  EXPECT_EQ(header.begin()->key(), "chunk_size");
  EXPECT_EQ(header.at("chunk_size").as_string(), "1048576");
  json::array parts;
  int number = 0;
  for (const auto& [key, url] : header) {
    if (key == "chunk_size") continue;
    EXPECT_EQ(std::stoi(std::string(key)), ++number);
    auto start = static_cast<std::size_t>(number - 1) << 20;
    auto put =
        send(Method::put, target_of(json::object{{"href", url}}), large.substr(start, 1 << 20));
    ASSERT_EQ(put.status, 200) << put.text();
    std::string etag(put.headers.get("ETag"));
    EXPECT_FALSE(etag.empty());
    parts.push_back(json::object{{"partNumber", number}, {"etag", etag}});
  }
  json::object body{{"oid", sha256(large).hex()}, {"parts", parts}};
  auto done = send(Method::post, target_of(action), json::serialize(body));
  EXPECT_EQ(done.status, 200) << done.text();
  EXPECT_EQ(content(ada_model, sha256(large)).value(), large);
}

TEST_F(LfsApi, OtherClientsSendTheWholeInOneBody) {
  auto large = bytes_of(2'500'000);
  auto basic = upload_of(large);
  basic["transfers"] = json::array{"basic"};
  EXPECT_FALSE(first(batch(basic)).at("actions").at("upload").as_object().contains("header"));
  // Even to the URL that would complete parts.
  auto action = first(batch(upload_of(large))).at("actions").at("upload");
  EXPECT_EQ(send(Method::put, target_of(action), large).status, 200);
}

TEST_F(LfsApi, AnAgentOfGitLfsGetsEveryFileOfABatchInParts) {
  auto ask = [&](json::array objects) {
    auto body = upload_of(bytes);
    body["objects"] = std::move(objects);
    return batch(body, batch_path, {{"User-Agent", "git-lfs/3.3.0 (GitHub)"}});
  };
  auto small = bytes_of(1'000), large = bytes_of(2'500'000);
  EXPECT_EQ(answer(ask({object_of(small)})).at("transfer").as_string(), "basic");
  auto response = ask({object_of(small), object_of(large)});
  EXPECT_EQ(answer(response).at("transfer").as_string(), "multipart");
  const json::array objects = answer(response).at("objects").as_array();
  for (std::size_t n : {0u, 1u}) {
    const auto& header = objects[n].at("actions").at("upload").at("header").as_object();
    EXPECT_EQ(header.size(), n == 0 ? 2u : 4u);  // chunk_size and the parts
  }
  // A file without bytes has no parts: then all go in one stream each.
  EXPECT_EQ(answer(ask({object_of(""), object_of(large)})).at("transfer").as_string(), "basic");
}

TEST_F(LfsApi, CompletionRefusesOtherObjectsAndMissingParts) {
  auto large = bytes_of(2'500'000);
  auto target = target_of(first(batch(upload_of(large))).at("actions").at("upload"));
  auto complete = [&](std::string body) { return send(Method::post, target, std::move(body)); };
  expect_error(complete(R"({"oid":")" + sha256("x").hex() + R"(","parts":[]})"), 422,
               "LfsObjectMismatch");
  expect_error(complete(R"({"oid":")" + sha256(large).hex() + R"(","parts":[]})"), 422,
               "LfsPartMissing");
  expect_error(complete("{}"), 400, "InvalidRequest");
  expect_error(complete("nonsense"), 400, "InvalidJson");
}

TEST_F(LfsApi, ABadBatchIsRefusedAsAWhole) {
  expect_error(send(Method::post, batch_path, "{"), 400, "InvalidJson");
  expect_error(send(Method::post, batch_path, "[]"), 400, "InvalidRequest");
  expect_error(batch({{"operation", "upload"}, {"objects", "x"}}), 400, "InvalidRequest");
  expect_error(batch({{"operation", "delete"}, {"objects", json::array{}}}), 422, "InvalidBatch");
  expect_error(batch({{"operation", "upload"}, {"hash_algo", "sha1"}, {"objects", json::array{}}}),
               409, "HashAlgorithmUnsupported");
  json::array many(1001, json::value(object_of(bytes)));
  expect_error(batch({{"operation", "upload"}, {"objects", many}}), 413, "BatchTooLarge");
}

TEST_F(LfsApi, StrangersAreAskedWhoTheyAre) {
  auto response = batch(upload_of(bytes), "/eve/secret.git/info/lfs/objects/batch");
  expect_error(response, 401, "RepoNotFound");
  EXPECT_TRUE(response.headers.get("LFS-Authenticate").starts_with("Basic"));
  EXPECT_TRUE(response.headers.get("WWW-Authenticate").starts_with("Basic"));
  gate.actor.kind = access::ActorKind::user;
  expect_error(batch(upload_of(bytes), "/eve/secret.git/info/lfs/objects/batch"), 404,
               "RepoNotFound");
}

TEST_F(LfsApi, WhoMayNotProposeAChangeMayNotUpload) {
  gate.may_propose = false;
  expect_error(batch(upload_of(bytes)), 403, "Forbidden");
}

TEST_F(LfsApi, AnOldNameLeadsToTheNewOne) {
  auto response = batch(upload_of(bytes), "/datasets/ada/old.git/info/lfs/objects/batch");
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(response.headers.get("Location"), "/datasets/ada/model.git/info/lfs/objects/batch");
}

TEST_F(LfsApi, WrongBytesAre422AndFullDisks507) {
  auto target = target_of(first(batch(upload_of(bytes))).at("actions").at("upload"));
  expect_error(send(Method::put, target, bytes_of(5000, 2)), 422, "LfsHashMismatch");
  expect_error(send(Method::put, target, bytes + "x"), 422, "LfsSizeMismatch");
  files->set_capacity(100);
  expect_error(send(Method::put, target, bytes), 507, "StorageFull");
  EXPECT_TRUE(stored().empty());
}

TEST_F(LfsApi, SignedUrlsHoldForTheirUseAndTime) {
  auto actions = first(batch(upload_of(bytes))).at("actions").as_object();
  auto target = target_of(actions.at("upload"));
  auto ticket = target.substr(target.rfind('/') + 1);
  expect_error(send(Method::get, "/api/-/v1/lfs/download/" + ticket), 403, "InvalidSignature");
  expect_error(send(Method::post, "/api/-/v1/lfs/verify/" + ticket), 403, "InvalidSignature");
  expect_error(send(Method::put, target + "x", bytes), 403, "InvalidSignature");
  EXPECT_EQ(send(Method::put, target_of(actions.at("verify")), bytes).status, 405);
  clock.advance(hours(2));
  expect_error(send(Method::put, target, bytes), 403, "UrlExpired");
}

TEST_F(LfsApi, PathsOfSignedUrlsAreSecret) {
  for (const auto& route : router.routes())
    EXPECT_EQ(route->secret_path, route->pattern.find("{ticket}") != std::string::npos)
        << route->pattern;
}

}  // namespace
}  // namespace cairn::api::lfs
