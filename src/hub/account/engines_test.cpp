#include <gtest/gtest.h>

#include "hub/account/account.h"
#include "hub/account/store.h"
#include "hub/account/testing/world.h"

// Every statement of this module on every engine there is.
namespace cairn::account {
namespace {

using testing::World;

class OnEachEngine : public ::testing::TestWithParam<db::Engine> {};

INSTANTIATE_TEST_SUITE_P(Accounts, OnEachEngine, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

constexpr const char* file = R"({
  "users": [{"name": "ada", "password": "secret", "admin": true,
             "tokens": [{"name": "w", "value": "hf_ada_write", "role": "write"}],
             "session_cookies": ["cookie-of-ada"]},
            {"name": "bob", "tokens": [{"name": "w", "value": "hf_bob", "role": "fineGrained",
              "scopes": [{"entity": {"type": "org", "name": "acme"},
                          "permissions": ["repo.write"]}]}]}],
  "orgs": [{"name": "acme", "members": {"ada": "admin", "bob": "read"}}],
  "aliases": [{"type": "model", "from": "gpt2", "to": "acme/gpt2"}]})";

TEST_P(OnEachEngine, AWorldIsMadeChangedAndTakenAway) {
  World world({}, GetParam());
  auto& accounts = *world.accounts;
  auto apply = [&] { return World::must(world.run(accounts.apply(file))); };
  EXPECT_EQ(apply().created, 9);
  auto again = apply();
  EXPECT_EQ(again.created + again.changed, 0);

  auto ada = World::must(world.authenticate("hf_ada_write"));
  auto bob = World::must(world.authenticate("hf_bob"));
  World::must(world.run(accounts.authenticate_session("cookie-of-ada")));
  World::must(world.run(accounts.sign_in("ada", "secret")));
  World::must(world.run(accounts.flush()));

  auto look = [&](db::Tx& tx) -> Result<> {
    CAIRN_TRY(answer, whoami(tx, bob));
    EXPECT_EQ(answer.token->last_used_at, world.clock.now());
    EXPECT_EQ(answer.token->scopes.scoped.size(), 1u);
    EXPECT_EQ(answer.organizations.size(), 1u);
    EXPECT_EQ(members(tx, answer.organizations[0].organization.id, {}).size(), 2u);
    EXPECT_EQ(organization_ids(tx, bob.user).size(), 1u);
    EXPECT_EQ(list_users(tx, {}).size(), 2u);
    EXPECT_EQ(list_organizations(tx, {}).size(), 1u);
    EXPECT_EQ(count_owners(tx).tokens, 2);
    EXPECT_EQ(find_alias(tx, RepoKind::model, "gpt2"), "acme/gpt2");
    EXPECT_TRUE(find_token(tx, bob.user, answer.token->public_id));
    EXPECT_TRUE(find_token_named(tx, bob.user, "w"));
    return {};
  };
  World::must(world.read(look));

  auto change = [&](db::Tx& tx) -> Result<> {
    CAIRN_CHECK(accounts.rename_owner(tx, owner_of(bob.user), "robert"));
    CAIRN_CHECK(accounts.change_profile(tx, owner_of(bob.user), {.email = "bob@example.org"}));
    CAIRN_CHECK(accounts.revoke_token(tx, ada.user, *ada.token));
    CAIRN_CHECK(accounts.set_admin(tx, bob.user, true));
    CAIRN_CHECK(accounts.disable_user(tx, ada.user));
    return accounts.delete_owner(tx, owner_of(ada.user), bob.user);
  };
  World::must(world.write(change));
  EXPECT_FALSE(world.authenticate("hf_ada_write"));
  EXPECT_EQ(World::must(world.authenticate("hf_bob")).user_name, "robert");

  auto restore = [&](db::Tx& tx) { return accounts.restore_owner(tx, "ada"); };
  World::must(world.write(restore));
  auto purge = [&](db::Tx& tx) -> Result<int> {
    store::purge(tx, owner_of(ada.user), ada.user_public_id);
    return accounts.purge_owners(tx, 10);
  };
  World::must(world.write(purge));
  EXPECT_TRUE(world.database->check());
}

TEST_P(OnEachEngine, NoStatementReadsAWholeTable) {
  World world({}, GetParam());
  for (auto statements : {store::statements(), store::credential_statements()})
    for (const db::Statement* statement : statements) {
      if (statement->name == "account.counts") continue;  // What it is for; `stats` alone asks.
      auto plan = world.database->explain(*statement);
      ASSERT_TRUE(plan) << statement->name << ": " << plan.error().message;
      EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
    }
}

}  // namespace
}  // namespace cairn::account
