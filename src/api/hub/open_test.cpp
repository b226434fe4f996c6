#include "api/hub/open.h"

#include <gtest/gtest.h>

namespace cairn::api::hub {
namespace {

std::string moved(std::string target, RepoKind kind, std::string from, std::string to) {
  auto request = http::Request::make(http::Method::get, std::move(target));
  return moved_location(*request, kind, from, to);
}

TEST(MovedLocation, KeepsWhatFollowsTheNameAndTheQuery) {
  EXPECT_EQ(moved("/api/models/ada/old", RepoKind::model, "ada/old", "bob/new"),
            "/api/models/bob/new");
  EXPECT_EQ(moved("/api/datasets/ada/old/tree/refs%2Fpr%2F1/a%2Fb?recursive=true",
                  RepoKind::dataset, "ada/old", "bob/new"),
            "/api/datasets/bob/new/tree/refs%2Fpr%2F1/a%2Fb?recursive=true");
  EXPECT_EQ(moved("/ada/old/resolve/main/a.txt", RepoKind::model, "ada/old", "bob/new"),
            "/bob/new/resolve/main/a.txt");
  EXPECT_EQ(moved("/datasets/ada/old/resolve/main/a.txt?download=true", RepoKind::dataset,
                  "ada/old", "bob/new"),
            "/datasets/bob/new/resolve/main/a.txt?download=true");
}

TEST(MovedLocation, SingleSegmentNamesBecomeTwo) {
  EXPECT_EQ(moved("/api/models/gpt2", RepoKind::model, "gpt2", "openai/gpt2"),
            "/api/models/openai/gpt2");
  EXPECT_EQ(moved("/gpt2/resolve/main/config.json", RepoKind::model, "gpt2", "openai/gpt2"),
            "/openai/gpt2/resolve/main/config.json");
}

TEST(EncodeError, TellsClientsByHeaderAndNeverBreaksOne) {
  auto request = http::Request::make(http::Method::get, "/");
  Error error{ErrorCode::not_found,
              "EntryNotFound",
              "No \"ä\r\nX: y\" here.",
              {{"commit", "abc"}, {"secret", "not for clients"}}};
  auto response = encode_error(error, *request);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("X-Error-Code"), "EntryNotFound");
  EXPECT_EQ(response.headers.get("X-Repo-Commit"), "abc");
  EXPECT_EQ(response.headers.get("X-Error-Message").find_first_of("\r\n"), std::string::npos);
  EXPECT_EQ(std::string(response.text()).find("secret"), std::string::npos);
}

TEST(EncodeError, BadTokensHaveTheMessageClientsLookForAndNoCode) {
  auto request = http::Request::make(http::Method::get, "/");
  auto response = encode_error(account::bad_credentials(), *request);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers.get("X-Error-Message"), "Invalid credentials in Authorization header");
  EXPECT_FALSE(response.headers.has("X-Error-Code"));
}

TEST(Limit, IsAWholeNumberAndCapped) {
  auto limit = [](std::string target) {
    auto request = http::Request::make(http::Method::get, std::move(target));
    return limit_of(*request, 100, 1000);
  };
  EXPECT_EQ(*limit("/x"), 100);
  EXPECT_EQ(*limit("/x?limit=7"), 7);
  EXPECT_EQ(*limit("/x?limit=99999"), 1000);
  for (const char* bad : {"/x?limit=0", "/x?limit=-1", "/x?limit=ten", "/x?limit=1.5"})
    EXPECT_EQ(limit(bad).error().code, ErrorCode::invalid_argument) << bad;
}

}  // namespace
}  // namespace cairn::api::hub
