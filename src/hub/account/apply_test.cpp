#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/account/account.h"
#include "hub/account/testing/world.h"

namespace cairn::account {
namespace {

using ::testing::HasSubstr;
using testing::World;

constexpr const char* world_json = R"({
  "users": [
    {"name": "ada", "fullname": "Ada Lovelace", "email": "ada@example.org",
     "id": "0123456789abcdef01234567", "password": "secret", "admin": true, "plan": "pro",
     "tokens": [
       {"name": "w", "value": "hf_ada_write", "role": "write"},
       {"name": "old", "value": "hf_ada_expired", "role": "read",
        "expires_at": "2020-01-01T00:00:00Z"},
       {"name": "fine", "value": "hf_ada_fine", "role": "fineGrained",
        "scopes": [{"entity": {"type": "org", "name": "acme"},
                    "permissions": ["repo.content.read"]}]}],
     "session_cookies": ["cookie-of-ada"]},
    {"name": "_bob", "fullname": "Bob", "email": "bob@example.org", "tokens": []}],
  "orgs": [{"name": "acme", "fullname": "Acme", "default_visibility": "private",
            "plan": "enterprise", "members": {"ada": "admin", "_bob": "read"}}],
  "aliases": [{"type": "model", "from": "gpt2", "to": "acme/gpt2"}]
})";

Result<ApplySummary> apply(World& world, std::string text) {
  return world.run(world.accounts->apply(std::move(text)));
}

OwnerCounts counts(World& world) {
  auto count = [](db::Tx& tx) -> Result<OwnerCounts> { return count_owners(tx); };
  return World::must(world.read(count));
}

TEST(Apply, MakesTheWorldOfTheFile) {
  World world;
  auto summary = World::must(apply(world, world_json));
  EXPECT_EQ(summary.users, 2);
  EXPECT_EQ(summary.orgs, 1);
  EXPECT_EQ(summary.tokens, 3);
  EXPECT_EQ(summary.members, 2);
  EXPECT_EQ(summary.created, 2 + 1 + 3 + 2 + 1 + 1);

  auto actor = World::must(world.authenticate("hf_ada_write"));
  EXPECT_EQ(actor.user_name, "ada");
  EXPECT_EQ(actor.user_public_id.hex, "0123456789abcdef01234567");
  EXPECT_TRUE(actor.is_admin);
  EXPECT_FALSE(world.authenticate("hf_ada_expired"));
  auto fine = World::must(world.authenticate("hf_ada_fine"));
  EXPECT_EQ(fine.token_role, TokenRole::fine_grained);
  EXPECT_EQ(fine.token_scopes->scoped.size(), 1u);
  auto session = World::must(world.run(world.accounts->authenticate_session("cookie-of-ada")));
  EXPECT_EQ(session.kind, ActorKind::user);
  EXPECT_EQ(session.user, actor.user);
  EXPECT_TRUE(world.run(world.accounts->sign_in("ada", "secret")));

  auto look = [&](db::Tx& tx) -> Result<> {
    CAIRN_TRY(acme, find_organization(tx, "acme"));
    EXPECT_EQ(acme.default_visibility, Visibility::private_);
    EXPECT_EQ(acme.plan, Plan::enterprise);
    EXPECT_EQ(role_in(tx, owner_of(acme.id), actor.user), Role::admin);
    EXPECT_EQ(find_alias(tx, RepoKind::model, "gpt2"), "acme/gpt2");
    return {};
  };
  EXPECT_TRUE(world.read(look));
}

TEST(Apply, ASecondTimeChangesNothing) {
  World world;
  World::must(apply(world, world_json));
  auto again = World::must(apply(world, world_json));
  EXPECT_EQ(again.created, 0);
  EXPECT_EQ(again.changed, 0);
  EXPECT_EQ(again.tokens, 3);
  EXPECT_TRUE(world.authenticate("hf_ada_write"));
}

TEST(Apply, ChangesWhatDiffersAndLeavesWhatItDoesNotName) {
  World world;
  World::must(apply(world, world_json));
  auto carol = world.user("carol");
  ASSERT_TRUE(world.authenticate("hf_ada_write"));
  auto summary = World::must(apply(world, R"({
    "users": [{"name": "Ada", "fullname": "Countess",
               "tokens": [{"name": "w", "value": "hf_ada_new", "role": "read"}]}],
    "orgs": [{"name": "acme", "members": {"ada": "write"}}]})"));
  EXPECT_EQ(summary.created, 1);  // The token.
  EXPECT_EQ(summary.changed, 4);  // The name, the role, _bob's membership, the old token.
  EXPECT_FALSE(world.authenticate("hf_ada_write"));
  EXPECT_TRUE(world.authenticate("hf_ada_fine"));
  auto look = [&](db::Tx& tx) -> Result<> {
    CAIRN_TRY(ada, find_user(tx, "ada"));
    EXPECT_EQ(ada.name, "Ada");
    EXPECT_EQ(ada.full_name, "Countess");
    EXPECT_EQ(ada.email, "ada@example.org");
    EXPECT_TRUE(ada.is_admin);
    EXPECT_TRUE(find_user(tx, "_bob"));
    EXPECT_TRUE(find_user(tx, carol.id));
    CAIRN_TRY(acme, find_organization(tx, "acme"));
    EXPECT_EQ(members(tx, acme.id, {}).size(), 1u);
    return {};
  };
  EXPECT_TRUE(world.read(look));
}

TEST(Apply, BringsBackWhatWasRevokedOrDeleted) {
  World world;
  world.user("keeper", true);
  World::must(apply(world, world_json));
  auto ada = World::must(world.authenticate("hf_ada_write"));
  auto undo = [&](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(world.accounts->revoke_token(tx, ada.user, *ada.token));
    return world.accounts->delete_owner(tx, owner_of(ada.user), {});
  };
  World::must(world.write(undo));
  EXPECT_FALSE(world.authenticate("hf_ada_fine"));
  World::must(apply(world, world_json));
  EXPECT_TRUE(world.authenticate("hf_ada_write"));
  EXPECT_EQ(World::must(world.authenticate("hf_ada_fine")).user, ada.user);
}

TEST(Apply, AWrongFileSaysWhereAndChangesNothing) {
  struct Case {
    const char* text;
    const char* where;
  };
  Case cases[] = {
      {"{", "file"},
      {"[]", "The body"},
      {R"({"user":[]})", "user"},
      {R"({"users":7})", "users"},
      {R"({"users":[{"fullname":"x"}]})", "users[0].name"},
      {R"({"users":[{"name":7}]})", "users[0].name"},
      {R"({"users":[{"name":"ok"},{"name":"settings"}]})", "users[1].name"},
      {R"({"users":[{"name":"ok"},{"name":"OK"}]})", "users[1].name"},
      {R"({"users":[{"name":"ok"}],"orgs":[{"name":"Ok"}]})", "orgs[0].name"},
      {R"({"users":[{"name":"ok","id":"xyz"}]})", "users[0].id"},
      {R"({"users":[{"name":"ok","email":"x"}]})", "users[0].email"},
      {R"({"users":[{"name":"ok","plan":"team"}]})", "users[0].plan"},
      {R"({"users":[{"name":"ok","admin":"yes"}]})", "users[0].admin"},
      {R"({"users":[{"name":"ok","password":""}]})", "users[0].password"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"hf_ok","role":"admin"}]}]})",
       "users[0].tokens[0].role"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"hf_ok","rol":"read"}]}]})",
       "users[0].tokens[0].rol"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"a b c d","role":"read"}]}]})",
       "users[0].tokens[0].value"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"hf_1","role":"read"},
         {"name":"u","value":"hf_1","role":"read"}]}]})",
       "users[0].tokens[1].value"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"hf_1","role":"read",
         "expires_at":"tomorrow"}]}]})",
       "users[0].tokens[0].expires_at"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"hf_1","role":"read",
         "scopes":[]}]}]})",
       "users[0].tokens[0].scopes"},
      {R"({"users":[{"name":"ok","tokens":[{"name":"t","value":"hf_1","role":"fineGrained",
         "scopes":[{"entity":{"type":"x"}}]}]}]})",
       "users[0].tokens[0].scopes[0].entity.type"},
      {R"({"users":[{"name":"ok","session_cookies":["a"]}]})", "users[0].session_cookies[0]"},
      {R"({"orgs":[{"name":"ok","plan":"pro"}]})", "orgs[0].plan"},
      {R"({"orgs":[{"name":"ok","default_visibility":"protected"}]})",
       "orgs[0].default_visibility"},
      {R"({"orgs":[{"name":"ok","members":{"ada":"owner"}}]})", "orgs[0].members.ada"},
      {R"({"aliases":[{"type":"x","from":"a","to":"b/c"}]})", "aliases[0].type"},
      {R"({"aliases":[{"type":"model","from":"a","to":"b"}]})", "aliases[0].to"},
      {R"({"aliases":[{"type":"model","from":"a/b/c","to":"bb/c"}]})", "aliases[0].from"},
  };
  World world;
  for (const auto& c : cases) {
    auto result = apply(world, c.text);
    ASSERT_FALSE(result) << c.text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << c.text;
    EXPECT_EQ(result.error().word, "InvalidApplyFile") << c.text;
    EXPECT_THAT(result.error().message, HasSubstr(c.where)) << c.text;
  }
  EXPECT_EQ(counts(world).users, 0);
}

TEST(Apply, WhatDoesNotFitTheDatabaseSaysWhereAndChangesNothing) {
  World world;
  world.user("taken");
  world.organization("acme");
  world.token(world.user("other"), {.name = "t", .value = "hf_others"});
  struct Case {
    const char* text;
    const char* where;
  };
  Case cases[] = {
      {R"({"users":[{"name":"fresh"},{"name":"acme"}]})", "users[1].name"},
      {R"({"users":[{"name":"fresh"}],"orgs":[{"name":"taken"}]})", "orgs[0].name"},
      {R"({"users":[{"name":"fresh"},{"name":"taken","id":"0123456789abcdef01234567"}]})",
       "users[1].id"},
      {R"({"users":[{"name":"fresh"}],"orgs":[{"name":"acme","members":{"nobody":"read"}}]})",
       "orgs[0].members.nobody"},
      {R"({"users":[{"name":"fresh","tokens":[{"name":"t","value":"hf_others","role":"read"}]}]})",
       "users[0].tokens[0].value"},
      {R"({"users":[{"name":"fresh","tokens":[{"name":"t","value":"hf_f","role":"fineGrained",
         "scopes":[{"entity":{"type":"org","name":"nowhere"}}]}]}]})",
       "users[0].tokens[0].scopes"},
  };
  for (const auto& c : cases) {
    auto result = apply(world, c.text);
    ASSERT_FALSE(result) << c.text;
    EXPECT_THAT(result.error().message, HasSubstr(c.where)) << c.text;
  }
  auto find = [](db::Tx& tx) { return find_user(tx, "fresh"); };
  EXPECT_FALSE(world.read(find));
}

TEST(Apply, DoesNotTakeTheLastAdministrator) {
  World world;
  World::must(apply(world, R"({"users":[{"name":"ada","admin":true}]})"));
  auto result = apply(world, R"({"users":[{"name":"ada","admin":false}]})");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().word, "LastAdministrator");
  EXPECT_TRUE(
      apply(world, R"({"users":[{"name":"ada","admin":false},{"name":"bob","admin":true}]})"));
}

TEST(Apply, TooManyEntriesAreRefusedBeforeAnythingIsRead) {
  World world;
  std::string text = R"({"users":[)";
  for (std::size_t i = 0; i <= apply_entries_max; ++i)
    text += (i ? "," : "") + (R"({"name":"user)" + std::to_string(i) + R"("})");
  auto result = apply(world, text + "]}");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace cairn::account
