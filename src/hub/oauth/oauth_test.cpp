#include "hub/oauth/oauth.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "hub/account/testing/world.h"
#include "hub/oauth/jwt.h"
#include "hub/oauth/redirect.h"
#include "hub/oauth/store.h"

namespace cairn::oauth {
namespace {

using account::testing::World;

constexpr const char* callback = "https://app.example/callback";
const std::string verifier(43, 'v');

class OAuth : public ::testing::TestWithParam<db::Engine> {
 protected:
  World world{oauth_migrations(), GetParam()};
  Provider provider{
      *world.database, world.blocking, world.keyring, *world.accounts, {"https://hub.example"}};
  account::User ada = world.user("ada"), bob = world.user("bob");
  account::Organization acme = world.organization("acme");

  void SetUp() override { world.join(acme, ada, account::Role::write); }

  account::Actor session(const account::User& user) {
    account::Actor actor;
    actor.kind = account::ActorKind::user;
    actor.user = user.id;
    actor.user_name = user.name;
    return actor;
  }

  RegisteredClient client(bool confidential = false,
                          std::vector<std::string> scopes = {"openid", "profile", "read-repos"}) {
    NewClient in{"Notebook", "", {callback, "http://localhost/back"}, scopes, confidential};
    auto make = [&](db::Tx& tx) { return provider.register_client(tx, session(bob), in); };
    return World::must(world.write(make));
  }

  AuthorizeRequest request(const Client& client, std::string scope = "openid profile read-repos") {
    AuthorizeRequest out;
    out.client_id = client.client_id;
    out.redirect_uri = callback;
    out.response_type = "code";
    out.scope = std::move(scope);
    out.state = R"({"a": "b"})";
    out.code_challenge = base64url_encode(sha256(verifier).view());
    out.code_challenge_method = "S256";
    out.nonce = "n1";
    return out;
  }

  std::string code(const AuthorizeRequest& in, std::vector<std::string> organizations = {}) {
    auto approve = [&](db::Tx& tx) {
      return provider.approve(tx, session(ada), in, organizations);
    };
    auto url = World::must(world.write(approve));
    EXPECT_TRUE(url.ends_with("&state=%7B%22a%22%3A%20%22b%22%7D&iss=https%3A%2F%2Fhub.example"))
        << url;
    auto start = url.find("?code=") + 6;
    return url.substr(start, url.find('&') - start);
  }

  Outcome exchange(const std::string& value, ClientProof proof = {},
                   std::string redirect = callback, std::string with = verifier) {
    auto run = [&](db::Tx& tx) { return provider.exchange_code(tx, proof, value, redirect, with); };
    return World::must(world.write(run));
  }
  Outcome poll(const NewDevice& device) {
    auto run = [&](db::Tx& tx) {
      return provider.poll_device(tx, {std::string(command_line_client), {}}, device.device_code);
    };
    return World::must(world.write(run));
  }
  Outcome refresh(const std::string& token) {
    auto run = [&](db::Tx& tx) { return provider.refresh(tx, {}, token); };
    return World::must(world.write(run));
  }
  NewDevice device() {
    auto start = [&](db::Tx& tx) {
      return provider.start_device(tx, command_line_client, "", "127.0.0.1", "hf/2.4");
    };
    return World::must(world.write(start));
  }
  std::string word_of(const Outcome& outcome) { return outcome ? "" : outcome.error().word; }
};

INSTANTIATE_TEST_SUITE_P(Engines, OAuth, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(OAuth, ACodeBecomesATokenThatMayWhatWasConsentedTo) {
  auto made = client();
  auto issued = exchange(code(request(made.client), {acme.public_id.hex}));
  ASSERT_TRUE(issued) << issued.error().message;
  EXPECT_EQ(issued->scopes, (std::vector<std::string>{"openid", "profile", "read-repos"}));
  EXPECT_EQ(issued->expires_in_s, 8 * 3600);
  auto actor = World::must(world.authenticate(issued->access_token));
  EXPECT_EQ(actor.user_name, "ada");
  ASSERT_TRUE(actor.token_scopes);
  EXPECT_TRUE(actor.token_scopes->global.empty());
  ASSERT_EQ(actor.token_scopes->scoped.size(), 2u);
  EXPECT_EQ(actor.token_scopes->scoped[0].entity.name, "ada");
  EXPECT_EQ(actor.token_scopes->scoped[1].entity.name, "acme");
  EXPECT_FALSE(account::contains(actor.token_scopes->scoped[0].permissions, "repo.write"));
  // It is not among the tokens that ada made.
  auto own = [&](db::Tx& tx) -> Result<std::size_t> {
    return account::list_tokens(tx, ada.id).size();
  };
  EXPECT_EQ(World::must(world.read(own)), 0u);
  ASSERT_TRUE(issued->id_claims);
  EXPECT_EQ(issued->id_claims->at("nonce").as_string(), "n1");
  EXPECT_EQ(issued->id_claims->at("sub").as_string(), ada.public_id.hex);
  EXPECT_EQ(issued->id_claims->at("aud").as_string(), made.client.client_id);
  EXPECT_FALSE(issued->id_claims->contains("email"));
}

TEST_P(OAuth, ACodeWorksOnceAndASecondUseEndsItsTokens) {
  auto made = client();
  auto value = code(request(made.client));
  auto issued = exchange(value);
  ASSERT_TRUE(issued);
  EXPECT_EQ(word_of(exchange(value)), "InvalidGrant");
  EXPECT_FALSE(world.authenticate(issued->access_token));
  EXPECT_EQ(word_of(refresh(issued->refresh_token)), "InvalidGrant");
}

TEST_P(OAuth, ACodeIsTiedToItsClientRedirectAndVerifier) {
  auto made = client(), other = client();
  auto value = code(request(made.client));
  EXPECT_EQ(word_of(exchange(value, {other.client.client_id, {}})), "InvalidClient");
  EXPECT_EQ(word_of(exchange(value, {}, "http://localhost/back")), "InvalidGrant");
  EXPECT_EQ(word_of(exchange(value, {}, callback, "wrong")), "InvalidGrant");
  EXPECT_EQ(word_of(exchange("nonsense")), "InvalidGrant");
  EXPECT_TRUE(exchange(value)) << "refusals used the code up";
  if (GetParam() == db::Engine::sqlite) {  // Its clock is the test's.
    auto late = code(request(made.client));
    world.clock.advance(code_life);
    EXPECT_EQ(word_of(exchange(late)), "InvalidGrant");
  }
}

TEST_P(OAuth, AConfidentialClientShowsItsSecret) {
  auto made = client(true);
  auto without_pkce = request(made.client);
  without_pkce.code_challenge = without_pkce.code_challenge_method = "";
  auto value = code(without_pkce);
  const auto& id = made.client.client_id;
  EXPECT_EQ(word_of(exchange(value, {id, {}})), "InvalidClient");
  EXPECT_EQ(word_of(exchange(value, {id, "wrong"})), "InvalidClient");
  EXPECT_TRUE(exchange(value, {id, made.secret}));
}

TEST_P(OAuth, WhatAnApplicationAsksForIsChecked) {
  auto made = client();
  auto ask = [&](AuthorizeRequest in, account::Actor actor) {
    auto run = [&](db::Tx& tx) { return provider.ask(tx, actor, in); };
    auto answer = world.read(run);
    return answer ? std::string() : answer.error().word;
  };
  auto good = request(made.client, "openid read-repos manage-repos nonsense");
  auto consent =
      World::must(world.read([&](db::Tx& tx) { return provider.ask(tx, session(ada), good); }));
  EXPECT_EQ(consent.scopes, (std::vector<std::string>{"openid", "read-repos"}))
      << "more than the client registered, or unknown";
  EXPECT_EQ(consent.redirect_host, "app.example");
  ASSERT_EQ(consent.organizations.size(), 1u);
  EXPECT_FALSE(consent.approved_before);
  ASSERT_TRUE(exchange(code(good)));
  EXPECT_TRUE(World::must(world.read([&](db::Tx& tx) {
                return provider.ask(tx, session(ada), good);
              })).approved_before);

  auto bad = good;
  bad.client_id = "nobody";
  EXPECT_EQ(ask(bad, session(ada)), "InvalidClient");
  bad = good, bad.redirect_uri = "https://evil.example/callback";
  EXPECT_EQ(ask(bad, session(ada)), "InvalidRedirect");
  bad = good, bad.response_type = "token";
  EXPECT_EQ(ask(bad, session(ada)), "UnsupportedResponseType");
  bad = good, bad.code_challenge = "";
  EXPECT_EQ(ask(bad, session(ada)), "InvalidRequest");
  bad = good, bad.code_challenge_method = "plain";
  EXPECT_EQ(ask(bad, session(ada)), "InvalidRequest");
  EXPECT_EQ(ask(good, account::Actor::anonymous()), "Unauthenticated");
  auto by_token = World::must(world.authenticate(world.token(ada).value));
  EXPECT_EQ(ask(good, by_token), "SessionRequired") << "a token makes tokens";
  auto foreign = [&](db::Tx& tx) {
    return provider.approve(tx, session(bob), good, {acme.public_id.hex});
  };
  EXPECT_EQ(world.write(foreign).error().word, "OrganizationNotFound");
}

TEST_P(OAuth, ADeviceWaitsIsApprovedAndSignsItsUserIn) {
  auto started = device();
  EXPECT_EQ(word_of(poll(started)), "AuthorizationPending");
  EXPECT_EQ(word_of(poll(started)), "SlowDown");
  // As a person types it.
  auto typed = started.user_code;
  for (char& c : typed) c = static_cast<char>(std::tolower(c));
  auto found = World::must(
      world.read([&](db::Tx& tx) { return provider.find_device(tx, session(ada), typed); }));
  EXPECT_TRUE(found.client.built_in);
  EXPECT_EQ(found.user_agent, "hf/2.4");
  auto approve = [&](db::Tx& tx) { return provider.decide_device(tx, session(ada), typed, true); };
  World::must(world.write(approve));
  auto issued = poll(started);
  ASSERT_TRUE(issued) << issued.error().message;
  EXPECT_TRUE(issued->whole_account);
  auto actor = World::must(world.authenticate(issued->access_token));
  EXPECT_EQ(actor.token_role, account::TokenRole::write);
  EXPECT_EQ(word_of(poll(started)), "InvalidGrant") << "one device, one token";
  EXPECT_FALSE(world.write(approve)) << "decided twice";
}

TEST_P(OAuth, ADeniedOrForgottenDeviceIsTold) {
  auto started = device();
  auto deny = [&](db::Tx& tx) {
    return provider.decide_device(tx, session(ada), started.user_code, false);
  };
  World::must(world.write(deny));
  EXPECT_EQ(word_of(poll(started)), "AccessDenied");
  EXPECT_EQ(word_of(poll({"nonsense", ""})), "ExpiredToken");
  auto unknown = [&](db::Tx& tx) { return provider.find_device(tx, session(ada), "BBBB-BBBB"); };
  EXPECT_EQ(world.read(unknown).error().word, "DeviceNotFound");
  if (GetParam() == db::Engine::sqlite) {
    auto late = device();
    world.clock.advance(device_life);
    EXPECT_EQ(word_of(poll(late)), "ExpiredToken");
  }
}

TEST_P(OAuth, ARefreshTokenIsReplacedAndItsLateReuseEndsEverything) {
  auto issued = exchange(code(request(client().client)));
  ASSERT_TRUE(issued);
  auto second = refresh(issued->refresh_token);
  ASSERT_TRUE(second);
  EXPECT_NE(second->access_token, issued->access_token);
  EXPECT_NE(second->refresh_token, issued->refresh_token);
  EXPECT_TRUE(refresh(issued->refresh_token)) << "two processes at once";
  if (GetParam() != db::Engine::sqlite) return;
  world.clock.advance(minutes(2));
  EXPECT_EQ(word_of(refresh(issued->refresh_token)), "InvalidGrant");
  EXPECT_FALSE(world.authenticate(second->access_token));
  EXPECT_EQ(word_of(refresh(second->refresh_token)), "InvalidGrant");
}

TEST_P(OAuth, ConsentCanBeWithdrawn) {
  auto made = client();
  auto issued = exchange(code(request(made.client)));
  ASSERT_TRUE(issued);
  ASSERT_TRUE(world.authenticate(issued->access_token));
  auto list = [&](db::Tx& tx) -> Result<std::vector<Grant>> {
    return provider.grants_of(tx, ada.id);
  };
  auto grants = World::must(world.read(list));
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(grants[0].client.name, "Notebook");
  auto by_bob = [&](db::Tx& tx) { return provider.revoke_grant(tx, bob.id, grants[0].public_id); };
  EXPECT_EQ(world.write(by_bob).error().word, "GrantNotFound");
  auto by_ada = [&](db::Tx& tx) { return provider.revoke_grant(tx, ada.id, grants[0].public_id); };
  World::must(world.write(by_ada));
  EXPECT_FALSE(world.authenticate(issued->access_token));
  EXPECT_TRUE(World::must(world.read(list)).empty());

  auto again = exchange(code(request(made.client)));
  ASSERT_TRUE(again);
  auto remove = [&](db::Tx& tx) {
    return provider.delete_client(tx, bob.id, made.client.client_id);
  };
  World::must(world.write(remove));
  EXPECT_FALSE(world.authenticate(again->access_token)) << "the application is gone";

  auto third = exchange(code(request(client().client)));
  ASSERT_TRUE(third);
  auto revoke = [&](db::Tx& tx) { return provider.revoke(tx, third->refresh_token); };
  World::must(world.write(revoke));
  EXPECT_FALSE(world.authenticate(third->access_token));
}

TEST_P(OAuth, ADisabledPersonGetsNoMoreTokens) {
  auto issued = exchange(code(request(client().client)));
  ASSERT_TRUE(issued);
  auto disable = [&](db::Tx& tx) { return world.accounts->disable_user(tx, ada.id); };
  World::must(world.write(disable));
  EXPECT_FALSE(world.authenticate(issued->access_token));
  EXPECT_EQ(word_of(refresh(issued->refresh_token)), "InvalidGrant");
}

TEST_P(OAuth, UserinfoTellsWhatTheScopesAllow) {
  auto claims_of = [&](account::Actor actor) {
    return world.read([&](db::Tx& tx) { return provider.userinfo(tx, actor); });
  };
  auto change = [&](db::Tx& tx) {
    return world.accounts->change_profile(tx, owner_of(ada.id), {.email = "ada@hub.example"});
  };
  World::must(world.write(change));
  auto made = client(false, {"openid", "email"});
  auto issued = exchange(code(request(made.client, "openid email")));
  ASSERT_TRUE(issued);
  auto claims = World::must(claims_of(World::must(world.authenticate(issued->access_token))));
  EXPECT_EQ(claims.at("email").as_string(), "ada@hub.example");
  EXPECT_FALSE(claims.contains("name"));
  EXPECT_FALSE(claims.contains("orgs"));
  auto own = World::must(claims_of(session(ada)));
  EXPECT_EQ(own.at("preferred_username").as_string(), "ada");
  EXPECT_EQ(own.at("orgs").as_array().size(), 1u);
  EXPECT_EQ(claims_of(account::Actor::anonymous()).error().word, "Unauthenticated");
}

TEST_P(OAuth, IdTokensVerifyWithThePublishedKeys) {
  auto jwt = World::must(world.run(provider.sign({{"sub", "ada"}})));
  auto again = World::must(world.run(provider.sign({{"sub", "bob"}})));
  auto set = World::must(world.run(provider.key_set()));
  EXPECT_EQ(set.at("keys").as_array().size(), 1u) << "a key per signature";
  auto keys = World::must(parse_key_set(json::serialize(set)));
  EXPECT_TRUE(verify_jwt(jwt, keys));
  EXPECT_TRUE(verify_jwt(again, keys));
  if (GetParam() != db::Engine::sqlite) return;
  // Old keys are replaced, and stay published while their tokens live.
  world.clock.advance(days(91));
  auto later = World::must(world.run(provider.sign({{"sub", "eve"}})));
  auto both =
      World::must(parse_key_set(json::serialize(World::must(world.run(provider.key_set())))));
  EXPECT_EQ(both.size(), 2u);
  EXPECT_TRUE(verify_jwt(jwt, both));
  EXPECT_TRUE(verify_jwt(later, both));
}

TEST_P(OAuth, WhatIsOverIsForgotten) {
  auto issued = exchange(code(request(client().client)));
  ASSERT_TRUE(issued);
  device();
  auto tidy = [&](db::Tx& tx) { return provider.tidy(tx); };
  World::must(world.write(tidy));
  EXPECT_TRUE(world.authenticate(issued->access_token));
  auto anonymous = [&](db::Tx& tx) {
    return provider.register_client(tx, account::Actor::anonymous(),
                                    {"Tool", "", {"http://127.0.0.1/cb"}, {"openid"}, false});
  };
  World::must(world.write(anonymous));
  if (GetParam() != db::Engine::sqlite) return;
  world.clock.advance(days(31));
  World::must(world.write(tidy));
  auto look = [&](db::Tx& tx) -> Result<> {
    EXPECT_EQ(store::count_anonymous_clients(tx), 0);
    EXPECT_EQ(store::count_waiting(tx), 0);
    return {};
  };
  World::must(world.read(look));
  EXPECT_FALSE(world.authenticate(issued->access_token));
  EXPECT_TRUE(refresh(issued->refresh_token)) << "refresh tokens live longer";
  EXPECT_TRUE(world.database->check());
}

TEST(OAuthRedirect, RegisteredUrisAreCheckedAndMatchedExactly) {
  for (const char* good : {"https://a.example/cb", "https://a.example", "http://localhost/cb",
                           "http://127.0.0.1:8000/cb", "http://[::1]/cb", "com.example.app:/cb"})
    EXPECT_TRUE(check_redirect_uri(good)) << good;
  for (const char* bad :
       {"", "http://a.example/cb", "https://", "javascript:alert(1)", "data:text/html,x",
        "https://a.example/#x", "https://user@a.example/", "https://a.example/ x", "/cb"})
    EXPECT_FALSE(check_redirect_uri(bad)) << bad;
  std::vector<std::string> known{"https://a.example/cb", "http://localhost/cb", "http://[::1]:1/x"};
  for (const char* good : {"https://a.example/cb", "http://localhost/cb",
                           "http://localhost:8123/cb", "http://[::1]:9/x"})
    EXPECT_TRUE(redirect_allowed(good, known)) << good;
  for (const char* bad : {"https://a.example/cb/", "https://a.example:443/cb", "http://localhost/c",
                          "https://localhost/cb", "http://localhost:1@evil.example/cb",
                          "http://localhost.evil.example/cb", "http://127.0.0.1/cb"})
    EXPECT_FALSE(redirect_allowed(bad, known)) << bad;
  EXPECT_EQ(with_parameters("https://a/?x=1", {{"code", "a b&c"}}),
            "https://a/?x=1&code=a%20b%26c");
}

TEST(OAuthScope, KnownWordsAreKeptInOrder) {
  EXPECT_EQ(join_scopes(*parse_scopes("write-repos  openid nonsense openid ")),
            "openid write-repos");
  EXPECT_TRUE(parse_scopes("")->empty());
  EXPECT_FALSE(parse_scopes(std::string(scope_text_bytes_max + 1, 'a')));
}

}  // namespace
}  // namespace cairn::oauth
