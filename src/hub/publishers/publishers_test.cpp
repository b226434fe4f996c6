#include "hub/publishers/publishers.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "hub/oauth/jwt.h"
#include "hub/publishers/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::publishers {
namespace {

constexpr const char* issuer = "https://ci.example";
constexpr const char* audience = "https://hub.example";

json::object claims_of(std::int64_t now, json::object more = {}) {
  json::object out{{"iss", issuer}, {"aud", audience}, {"iat", now}, {"exp", now + 300}};
  for (auto& [name, value] : more) {
    if (value.is_null())
      out.erase(name);
    else
      out[name] = value;
  }
  return out;
}

TEST(PublisherClaims, AreOfThisIssuerForThisHubAndNow) {
  Time now{1'767'322'800'000'000};
  auto s = now.seconds();
  auto good = [&](json::object more) {
    return check_claims(claims_of(s, std::move(more)), issuer, audience, now).has_value();
  };
  EXPECT_TRUE(good({}));
  EXPECT_TRUE(good({{"aud", json::array{"https://other.example", "https://hub.example/"}}}));
  EXPECT_TRUE(good({{"exp", s - 59}})) << "clocks differ";
  EXPECT_TRUE(good({{"nbf", s + 59}}));
  EXPECT_TRUE(good({{"exp", 1.0 * static_cast<double>(s) + 0.5}}));
  for (const json::object& wrong :
       {json::object{{"iss", "https://ci.example/"}}, json::object{{"iss", nullptr}},
        json::object{{"aud", "https://hub.example.evil"}}, json::object{{"aud", nullptr}},
        json::object{{"aud", json::array{}}}, json::object{{"aud", 1}},
        json::object{{"exp", s - 61}}, json::object{{"exp", nullptr}},
        json::object{{"exp", "tomorrow"}}, json::object{{"exp", -1}}, json::object{{"exp", 1e300}},
        json::object{{"nbf", s + 61}}, json::object{{"iat", s + 3600}}})
    EXPECT_FALSE(good(wrong)) << json::serialize(wrong);
}

TEST(PublisherClaims, MatchWholeOrFromTheBeginning) {
  json::object token{{"repository", "acme/train"},
                     {"id", 42},
                     {"fork", false},
                     {"ref", "acme/train/.github/workflows/a.yml@refs/heads/main"},
                     {"list", json::array{"acme/train"}}};
  EXPECT_TRUE(match({{"repository", "acme/train"}, {"id", "42"}, {"fork", "false"}}, token));
  EXPECT_TRUE(match({{"ref", "acme/train/.github/workflows/a.yml@*"}}, token));
  EXPECT_TRUE(match({{"repository", "acme/*"}}, token));
  for (const Claims& wrong : {Claims{},
                              {{"repository", "acme"}},
                              {{"repository", "acme/train2"}},
                              {{"none", "x"}},
                              {{"repository", "acme/train"}, {"id", "43"}},
                              {{"list", "acme/train"}},
                              {{"ref", "acme/train/.github/workflows/b.yml@*"}}})
    EXPECT_FALSE(match(wrong, token));
}

class PublishersTest : public testing::TestWithParam<db::Engine> {
 protected:
  PublishersTest() : hub(GetParam()) {
    std::vector<db::Migration> all = account::account_migrations();
    for (auto list : {repo::testing::Hub::migrations(), publishers_migrations()})
      all.insert(all.end(), list.begin(), list.end());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    repo::testing::Hub::must(hub.database->migrate(all, "test"));
    repo = hub.create(hub.ada, "bert", {.visibility = Visibility::private_});
  }
  Options options() {
    Options out;
    out.public_url = audience;
    out.check_url = [](const std::string&) { return Result<>{}; };
    out.fetch = [this](const std::string& url, std::size_t) -> Result<std::string> {
      ++asked;
      if (!answers)
        return fail(ErrorCode::unavailable, "OutboundFailed", "The other server is away.");
      if (url == std::string(issuer) + "/keys")
        return json::serialize(json::object{{"keys", json::array{key.public_json()}}});
      return json::serialize(
          json::object{{"issuer", issuer}, {"jwks_uri", std::string(issuer) + "/keys"}});
    };
    return out;
  }
  std::string token() {
    return key.sign(claims_of(hub.clock.now().seconds(), {{"repository", "acme/train"}}));
  }
  Publisher trust() {
    return hub.must(
        hub.run(publishers.add(hub.ada, repo, {issuer, {{"repository", "acme/train"}}})));
  }

  repo::testing::Hub hub;
  repo::RepoRef repo;
  oauth::Jwk key = oauth::Jwk::make_rsa("one");
  bool answers = true;
  int asked = 0;
  Publishers publishers{*hub.database, hub.blocking, hub.clock,
                        *hub.accounts, *hub.repos,   options()};
};
INSTANTIATE_TEST_SUITE_P(Engines, PublishersTest, testing::ValuesIn(db::testing::engines()));

TEST_P(PublishersTest, KeysAreAskedForOnceAndAgainWhenTheyAreOld) {
  trust();
  for (int i = 0; i < 3; ++i) hub.must(hub.run(publishers.exchange(token(), repo->name)));
  EXPECT_EQ(asked, 2);
  hub.clock.advance(minutes(11));
  hub.must(hub.run(publishers.exchange(token(), repo->name)));
  EXPECT_EQ(asked, 4);
  // An issuer that is away for a while: what was known goes on.
  answers = false;
  hub.clock.advance(minutes(11));
  hub.must(hub.run(publishers.exchange(token(), repo->name)));
  // A key that nobody knows makes the hub ask at most once a minute.
  auto before = asked;
  key = oauth::Jwk::make_rsa("two");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(hub.run(publishers.exchange(token(), repo->name)).error().word, "InvalidGrant");
  EXPECT_EQ(asked, before);
  answers = true;
  hub.clock.advance(minutes(2));
  hub.must(hub.run(publishers.exchange(token(), repo->name)));
}

TEST_P(PublishersTest, ATokenActsWithinOneRepositoryAndEndsWithItsPublisher) {
  auto made = trust();
  auto value = hub.must(hub.run(publishers.exchange(token(), repo->name))).access_token;
  auto actor = hub.must(hub.authenticate(value));
  auto may = [&](access::Action action, const repo::RepoRef& about) {
    auto check = [&](db::Tx& tx) { return access::check(tx, actor, action, *about); };
    return hub.read(check).has_value();
  };
  auto other = hub.create(hub.ada, "other", {.visibility = Visibility::private_});
  EXPECT_TRUE(may(access::Action::write, repo));
  EXPECT_FALSE(may(access::Action::administer, repo));
  EXPECT_FALSE(may(access::Action::see, other));
  hub.must(hub.run(publishers.remove(hub.ada, repo, made.public_id)));
  EXPECT_FALSE(hub.authenticate(value));
}

TEST_P(PublishersTest, GoWithPersonAndRepository) {
  trust();
  auto forget = [&](db::Tx& tx) -> Result<std::size_t> {
    publishers.owner_purged(tx, owner_of(hub.bob.user));
    auto before = store::of_repo(tx, repo->id).size();
    publishers.owner_purged(tx, owner_of(hub.ada.user));
    return before * 10 + store::of_repo(tx, repo->id).size();
  };
  EXPECT_EQ(hub.must(hub.write(forget)), 10u);
  trust();
  hub.must(hub.run(hub.repos->remove(hub.ada, repo->kind, repo->name)));
  hub.must(hub.run(hub.repos->purge(Actor::system(), repo->public_id)));
  auto left = [&](db::Tx& tx) -> Result<std::size_t> {
    return store::of_repo(tx, repo->id).size();
  };
  EXPECT_EQ(hub.must(hub.read(left)), 0u);
}

TEST_P(PublishersTest, NoStatementReadsATableFromEndToEnd) {
  for (const auto* statement : store::statements()) {
    auto plan = hub.database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << plan.error().message;
    EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
  }
}

}  // namespace
}  // namespace cairn::publishers
