#include <cctype>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/account/account.h"
#include "hub/account/testing/world.h"

namespace cairn::account {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::World;

Scopes scopes_of(std::string_view text) {
  return World::must(read_scopes(boost::json::parse(text), "scopes"));
}

TEST(Tokens, HaveTheShapeThatClientsKnowAndAreNotStored) {
  World world;
  auto created = world.token(world.user("ada"));
  EXPECT_THAT(created.value, StartsWith("hf_"));
  EXPECT_EQ(created.value.size(), 37u);
  for (char c : created.value.substr(3)) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
  EXPECT_EQ(created.token.hint, "hf_…" + created.value.substr(33));
}

TEST(Tokens, NameTheirUserAndRole) {
  World world;
  auto ada = world.user("ada", true);
  auto created = world.token(ada, TokenRole::read);
  auto actor = World::must(world.authenticate(created.value));
  EXPECT_EQ(actor.kind, ActorKind::token);
  EXPECT_EQ(actor.user, ada.id);
  EXPECT_EQ(actor.user_name, "ada");
  EXPECT_EQ(actor.token, created.token.id);
  EXPECT_EQ(actor.token_role, TokenRole::read);
  EXPECT_TRUE(actor.is_admin);
}

TEST(Tokens, BadOnesGetOneAnswer) {
  World world;
  for (const std::string& value :
       {std::string(), std::string("hf_unknown"), std::string(5000, 'a'), std::string("hf_\0x", 5),
        std::string("hf_ä"), std::string("two words")}) {
    auto result = world.authenticate(value);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::bad_credentials);
    EXPECT_EQ(result.error().message, "Invalid credentials in Authorization header");
  }
}

TEST(Tokens, ExpireWhileTheyAreCached) {
  World world;
  NewToken in{.name = "ci", .role = TokenRole::write};
  in.expires_at = world.clock.now() + hours(1);
  auto created = world.token(world.user("ada"), in);
  EXPECT_TRUE(world.authenticate(created.value));
  EXPECT_TRUE(world.authenticate(created.value));
  world.clock.advance(hours(1));
  EXPECT_FALSE(world.authenticate(created.value));
}

TEST(Tokens, RevocationIsInForceWhenItIsAnswered) {
  World world;
  auto ada = world.user("ada");
  auto bob = world.user("bob");
  auto created = world.token(ada);
  ASSERT_TRUE(world.authenticate(created.value));
  auto revoke = [&](UserId user) {
    return world.write(
        [&](db::Tx& tx) { return world.accounts->revoke_token(tx, user, created.token.id); });
  };
  EXPECT_EQ(revoke(bob.id).error().word, "TokenNotFound");
  EXPECT_TRUE(world.authenticate(created.value));
  EXPECT_TRUE(revoke(ada.id));
  EXPECT_FALSE(world.authenticate(created.value));
  EXPECT_EQ(revoke(ada.id).error().word, "TokenNotFound");
}

TEST(Tokens, ARevocationThatRollsBackRevokesNothing) {
  World world;
  auto ada = world.user("ada");
  auto created = world.token(ada);
  auto revoke = [&](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(world.accounts->revoke_token(tx, ada.id, created.token.id));
    return fail(ErrorCode::conflict, "Test", "Rolls back.");
  };
  EXPECT_FALSE(world.write(revoke));
  EXPECT_TRUE(world.authenticate(created.value));
}

TEST(Tokens, OfADisabledUserRestUntilSheIsEnabled) {
  World world;
  auto ada = world.user("ada");
  auto created = world.token(ada);
  ASSERT_TRUE(world.authenticate(created.value));
  auto disable = [&](db::Tx& tx) { return world.accounts->disable_user(tx, ada.id); };
  auto enable = [&](db::Tx& tx) { return world.accounts->enable_user(tx, ada.id); };
  World::must(world.write(disable));
  EXPECT_FALSE(world.authenticate(created.value));
  World::must(world.write(enable));
  EXPECT_TRUE(world.authenticate(created.value));
}

TEST(Tokens, LeakedOnesAreRevokedByValue) {
  World world;
  auto created = world.token(world.user("ada"));
  auto revoke = [&](db::Tx& tx) { return world.accounts->revoke_token_value(tx, created.value); };
  EXPECT_TRUE(World::must(world.write(revoke)));
  EXPECT_FALSE(World::must(world.write(revoke)));
  EXPECT_FALSE(world.authenticate(created.value));
}

TEST(Tokens, LastUseIsWrittenByFlush) {
  World world;
  auto ada = world.user("ada");
  auto created = world.token(ada);
  World::must(world.authenticate(created.value));
  world.clock.advance(minutes(5));
  World::must(world.authenticate(created.value));
  auto used = world.clock.now();
  world.clock.advance(minutes(5));
  auto look = [&](db::Tx& tx) { return find_token(tx, created.token.id); };
  EXPECT_FALSE(World::must(world.read(look)).last_used_at);
  World::must(world.run(world.accounts->flush()));
  EXPECT_EQ(World::must(world.read(look)).last_used_at, used);
}

TEST(Tokens, LastUseSurvivesThatTheCacheIsCleared) {
  World world;
  auto ada = world.user("ada");
  auto created = world.token(ada);
  World::must(world.authenticate(created.value));
  auto rename = [&](db::Tx& tx) {
    return world.accounts->rename_owner(tx, owner_of(ada.id), "lovelace");
  };
  World::must(world.write(rename));
  World::must(world.run(world.accounts->flush()));
  auto look = [&](db::Tx& tx) { return find_token(tx, created.token.id); };
  EXPECT_EQ(World::must(world.read(look)).last_used_at, world.clock.now());
  EXPECT_EQ(World::must(world.authenticate(created.value)).user_name, "lovelace");
}

TEST(Tokens, WrongNewOnesAreRefused) {
  World world;
  auto ada = world.user("ada");
  world.token(ada, {.name = "given", .value = "hf_given"});
  struct Case {
    NewToken token;
    const char* word;
  };
  Case cases[] = {
      {{.name = ""}, "InvalidTokenName"},
      {{.name = "a\nb"}, "InvalidTokenName"},
      {{.name = std::string(101, 'x')}, "InvalidTokenName"},
      {{.name = "x", .expires_at = world.clock.now()}, "InvalidExpiry"},
      {{.name = "x", .value = "a b c d"}, "InvalidToken"},
      {{.name = "x", .value = "hf_given"}, "TokenTaken"},
      {{.name = "x",
        .role = TokenRole::fine_grained,
        .scopes = scopes_of(
            R"([{"entity":{"type":"org","name":"nobody"},"permissions":["repo.write"]}])")},
       "InvalidScopes"},
  };
  for (const auto& c : cases) {
    auto create = [&](db::Tx& tx) { return create_token(tx, ada.id, c.token); };
    auto result = world.write(create);
    ASSERT_FALSE(result) << c.word;
    EXPECT_EQ(result.error().word, c.word);
  }
}

TEST(Scopes, ArePinnedToTheOwnerTheyNamed) {
  World world;
  auto ada = world.user("ada");
  auto acme = world.organization("acme");
  NewToken in{.name = "ci", .role = TokenRole::fine_grained};
  in.scopes =
      scopes_of(R"([{"entity":{"type":"org","name":"Acme"},"permissions":["repo.write"]}])");
  auto created = world.token(ada, in);
  auto rename = [&](db::Tx& tx) {
    return world.accounts->rename_owner(tx, owner_of(acme.id), "acme-labs");
  };
  World::must(world.write(rename));
  world.clock.advance(days(91));  // Until then the old name is nobody else's.
  world.organization("acme");
  auto actor = World::must(world.authenticate(created.value));
  ASSERT_EQ(actor.token_scopes->scoped.size(), 1u);
  EXPECT_EQ(actor.token_scopes->scoped[0].entity.owner, owner_of(acme.id));
  EXPECT_EQ(actor.token_scopes->scoped[0].entity.name, "acme-labs");
}

TEST(Scopes, ReadBackAsTheyWereWritten) {
  auto text =
      R"({"global":["discussion.write"],"scoped":[{"entity":{"type":"dataset","name":"ada/cats"},)"
      R"("permissions":["repo.content.read"]},{"entity":{"_id":"0123456789abcdef01234567",)"
      R"("type":"user","name":"ada"},"permissions":["repo.write"]}]})";
  EXPECT_EQ(boost::json::serialize(scopes_json(scopes_of(text))), text);
}

TEST(Scopes, WrongOnesNameTheField) {
  struct Case {
    const char* text;
    const char* where;
  };
  Case cases[] = {
      {R"(7)", "\"s\""},
      {R"({"global":[7]})", "s.global[0]"},
      {R"({"global":["a b"]})", "s.global[0]"},
      {R"({"scoped":{}})", "s.scoped"},
      {R"({"scoped":[{}]})", "s.scoped[0]"},
      {R"({"scoped":[{"entity":{"type":"repo","name":"a/b"}}]})", "s.scoped[0].entity.type"},
      {R"({"scoped":[{"entity":{"type":"model","name":"bert"}}]})", "s.scoped[0].entity.name"},
      {R"({"scoped":[{"entity":{"type":"user"}}]})", "s.scoped[0].entity.name"},
      {R"({"scoped":[{"entity":{"type":"user","_id":"x"}}]})", "s.scoped[0].entity._id"},
  };
  for (const auto& c : cases) {
    auto result = read_scopes(boost::json::parse(c.text), "s");
    ASSERT_FALSE(result) << c.text;
    EXPECT_EQ(result.error().word, "InvalidScopes");
    EXPECT_THAT(result.error().message, HasSubstr(c.where));
  }
}

TEST(Passwords, LetTheRightOneInAndEndSessions) {
  World world;
  auto ada = world.user("ada");
  World::must(world.run(world.accounts->set_password(ada.id, "correct horse")));
  auto sign_in = [&](const char* name, const char* password) {
    return world.run(world.accounts->sign_in(name, password));
  };
  EXPECT_EQ(World::must(sign_in("Ada", "correct horse")).id, ada.id);
  EXPECT_EQ(sign_in("ada", "wrong horse").error().word, "InvalidPassword");
  EXPECT_EQ(sign_in("nobody", "correct horse").error().word, "InvalidPassword");
  EXPECT_EQ(world.run(world.accounts->set_password(ada.id, "short")).error().code,
            ErrorCode::invalid_argument);
}

TEST(Whoami, TellsUserOrganizationsAndToken) {
  World world;
  auto ada = world.user("ada");
  world.join(world.organization("acme"), ada, Role::admin);
  auto actor = World::must(world.authenticate(world.token(ada).value));
  auto ask = [&](db::Tx& tx) { return whoami(tx, actor); };
  auto answer = World::must(world.read(ask));
  EXPECT_EQ(answer.user.name, "ada");
  ASSERT_EQ(answer.organizations.size(), 1u);
  EXPECT_EQ(answer.organizations[0].role, Role::admin);
  ASSERT_TRUE(answer.token);
  EXPECT_EQ(answer.token->name, "laptop");
  auto nobody = [](db::Tx& tx) { return whoami(tx, Actor::anonymous()); };
  EXPECT_EQ(world.read(nobody).error().code, ErrorCode::unauthenticated);
}

}  // namespace
}  // namespace cairn::account
