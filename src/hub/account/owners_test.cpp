#include <gtest/gtest.h>

#include "hub/account/account.h"
#include "hub/account/testing/world.h"

namespace cairn::account {
namespace {

using testing::World;

TEST(Users, AreFoundByNameInAnyCaseAndById) {
  World world;
  auto ada = world.user("Ada");
  auto find = [&](db::Tx& tx) -> Result<std::vector<User>> {
    std::vector<User> out;
    for (auto found : {find_user(tx, "ada"), find_user(tx, ada.id), find_user(tx, ada.public_id)})
      out.push_back(World::must(found));
    return out;
  };
  for (const auto& user : World::must(world.read(find))) {
    EXPECT_EQ(user.name, "Ada");
    EXPECT_EQ(user.full_name, "Ada");
    EXPECT_EQ(user.created_at, world.clock.now());
    EXPECT_FALSE(user.has_password);
  }
}

TEST(Users, ASecondOneOfTheSameFoldedNameIsAConflictAlsoWithAnOrganization) {
  World world;
  world.user("Ada");
  world.organization("acme");
  for (const char* name : {"ada", "ADA", "Acme"}) {
    auto create = [&](db::Tx& tx) { return create_user(tx, {.name = name}); };
    auto result = world.write(create);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code, ErrorCode::conflict);
    EXPECT_EQ(result.error().word, "NameTaken");
  }
}

TEST(Users, BadNamesEmailsAndFullNamesAreRefused) {
  World world;
  struct Case {
    NewUser user;
    const char* word;
  };
  Case cases[] = {
      {{.name = "settings"}, "InvalidName"},
      {{.name = "_ada"}, "InvalidName"},
      {{.name = "a/b"}, "InvalidName"},
      {{.name = "ada", .full_name = std::string(300, 'x')}, "InvalidFullName"},
      {{.name = "ada", .full_name = "Ada\nLovelace"}, "InvalidFullName"},
      {{.name = "ada", .full_name = "\xff"}, "InvalidFullName"},
      {{.name = "ada", .email = "ada"}, "InvalidEmail"},
      {{.name = "ada", .email = "a@b@c"}, "InvalidEmail"},
      {{.name = "ada", .email = "a@b\r\nBcc: x@y"}, "InvalidEmail"},
  };
  for (const auto& c : cases) {
    auto create = [&](db::Tx& tx) { return create_user(tx, c.user); };
    auto result = world.write(create);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(result.error().word, c.word);
  }
}

TEST(Users, ListPagesByName) {
  World world;
  for (const char* name : {"carol", "Ada", "bob"}) world.user(name);
  auto page = [&](db::Tx& tx) -> Result<std::vector<User>> {
    auto first = list_users(tx, {.limit = 2});
    auto rest = list_users(tx, {.limit = 2, .after_key = name_key(first.back().name)});
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
  };
  auto all = World::must(world.read(page));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "Ada");
  EXPECT_EQ(all[2].name, "carol");
}

TEST(FirstAccount, TakesTheFirstAllowedNameAndIsMadeOnce) {
  World world;
  auto ensure = [](db::Tx& tx) { return ensure_first_account(tx, {"settings", "ada"}); };
  auto first = World::must(world.write(ensure));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "ada");
  EXPECT_TRUE(first->is_admin);
  EXPECT_FALSE(first->has_password);
  EXPECT_FALSE(World::must(world.write(ensure)));
}

TEST(FirstAccount, FallsBackToKeeper) {
  World world;
  auto ensure = [](db::Tx& tx) { return ensure_first_account(tx, {"x"}); };
  EXPECT_EQ(World::must(world.write(ensure))->name, "keeper");
}

TEST(Members, HaveOneRoleThatCanChangeAndEnd) {
  World world;
  auto ada = world.user("ada");
  auto acme = world.organization("acme");
  world.join(acme, ada, Role::read);
  world.join(acme, ada, Role::write);
  auto look = [&](db::Tx& tx) -> Result<std::vector<Membership>> {
    EXPECT_EQ(role_in(tx, owner_of(acme.id), ada.id), Role::write);
    EXPECT_EQ(members(tx, acme.id, {}).size(), 1u);
    return memberships(tx, ada.id);
  };
  auto found = World::must(world.read(look));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].organization.name, "acme");
  EXPECT_EQ(found[0].role, Role::write);

  auto remove = [&](db::Tx& tx) { return remove_member(tx, acme.id, ada.id); };
  EXPECT_TRUE(world.write(remove));
  EXPECT_EQ(world.write(remove).error().word, "MemberNotFound");
}

TEST(Members, MustBeUsers) {
  World world;
  auto acme = world.organization("acme");
  auto other = world.organization("other");
  auto set = [&](db::Tx& tx) {
    return set_member(tx, acme.id, UserId{other.id.value}, Role::read);
  };
  EXPECT_EQ(world.write(set).error().word, "UserNotFound");
}

TEST(Deleting, HidesAtOnceKeepsTheNameRestoresAndPurges) {
  World world;
  world.user("root-admin", true);
  auto ada = world.user("ada");
  auto token = world.token(ada);
  auto& accounts = *world.accounts;
  auto remove = [&](db::Tx& tx) { return accounts.delete_owner(tx, owner_of(ada.id), {}); };
  auto find = [](db::Tx& tx) { return find_user(tx, "ada"); };
  auto create = [](db::Tx& tx) { return create_user(tx, {.name = "ada"}); };
  auto restore = [&](db::Tx& tx) { return accounts.restore_owner(tx, "Ada"); };
  auto purge = [&](db::Tx& tx) { return accounts.purge_owners(tx, 100); };

  ASSERT_TRUE(world.authenticate(token.value));
  World::must(world.write(remove));
  EXPECT_EQ(world.read(find).error().word, "UserNotFound");
  EXPECT_EQ(world.write(create).error().word, "NameTaken");
  EXPECT_FALSE(world.authenticate(token.value));

  World::must(world.write(restore));
  EXPECT_TRUE(world.read(find));
  EXPECT_TRUE(world.authenticate(token.value));

  World::must(world.write(remove));
  EXPECT_EQ(World::must(world.write(purge)), 0);
  world.clock.advance(kept_after_delete);
  EXPECT_EQ(World::must(world.write(purge)), 1);
  EXPECT_EQ(World::must(world.write(purge)), 0);
  EXPECT_EQ(world.write(restore).error().word, "OwnerNotFound");
  EXPECT_TRUE(world.write(create));
  EXPECT_FALSE(world.authenticate(token.value));
  EXPECT_TRUE(world.database->check());
}

TEST(Renaming, TheOldNameLeadsToTheNewOneAndIsNobodyElsesForAWhile) {
  World world;
  auto ada = world.user("ada");
  auto rename = [&](db::Tx& tx) {
    return world.accounts->rename_owner(tx, owner_of(ada.id), "lovelace");
  };
  EXPECT_EQ(World::must(world.write(rename)).name, "lovelace");
  auto old = [](db::Tx& tx) -> Result<std::optional<Owner>> {
    return find_renamed_owner(tx, "ADA");
  };
  auto found = World::must(world.read(old));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "lovelace");
  auto take = [](db::Tx& tx) { return create_user(tx, {.name = "Ada"}); };
  EXPECT_EQ(world.write(take).error().word, "NameTaken");
  world.clock.advance(days(89));
  EXPECT_EQ(world.write(take).error().word, "NameTaken");
  world.clock.advance(days(2));
  World::must(world.write(take));
  EXPECT_FALSE(World::must(world.read(old)));
}

TEST(Renaming, WhoRenamedMayGoBack) {
  World world;
  auto ada = world.user("ada");
  auto rename = [&](std::string name) {
    return world.write(
        [&](db::Tx& tx) { return world.accounts->rename_owner(tx, owner_of(ada.id), name); });
  };
  EXPECT_TRUE(rename("lovelace"));
  EXPECT_TRUE(rename("ada"));
  auto bob = [](db::Tx& tx) { return create_user(tx, {.name = "lovelace"}); };
  EXPECT_EQ(world.write(bob).error().word, "NameTaken");
}

TEST(Administrators, TheLastOneWhoCanActStays) {
  World world;
  auto& accounts = *world.accounts;
  auto ada = world.user("ada", true);
  auto bob = world.user("bob", true);
  auto disable = [&](UserId id) {
    return world.write([&](db::Tx& tx) { return accounts.disable_user(tx, id); });
  };
  EXPECT_TRUE(disable(bob.id));
  EXPECT_EQ(disable(ada.id).error().word, "LastAdministrator");
  auto demote = [&](db::Tx& tx) { return accounts.set_admin(tx, ada.id, false); };
  EXPECT_EQ(world.write(demote).error().word, "LastAdministrator");
  auto remove = [&](db::Tx& tx) { return accounts.delete_owner(tx, owner_of(ada.id), {}); };
  EXPECT_EQ(world.write(remove).error().word, "LastAdministrator");
  auto enable = [&](db::Tx& tx) { return accounts.enable_user(tx, bob.id); };
  EXPECT_TRUE(world.write(enable));
  EXPECT_TRUE(world.write(demote));
}

TEST(RootKey, AnotherOneIsRefusedAndARotationIsFollowed) {
  World world;
  std::string first(32, 'a'), second(32, 'b');
  auto check = [&](std::vector<std::string> roots) {
    Keyring keyring(std::move(roots));
    return world.write([&](db::Tx& tx) { return check_root_key(tx, keyring); });
  };
  EXPECT_TRUE(check({first}));
  EXPECT_EQ(check({second}).error().word, "WrongRootKey");
  EXPECT_TRUE(check({second, first}));
  EXPECT_TRUE(check({second}));
  EXPECT_FALSE(check({first}));
}

TEST(Aliases, AreFoundInAnyCaseAndMayChange) {
  World world;
  auto use = [](db::Tx& tx) -> Result<> {
    set_alias(tx, RepoKind::model, "gpt2", "openai/gpt2");
    EXPECT_EQ(find_alias(tx, RepoKind::model, "GPT2"), "openai/gpt2");
    EXPECT_FALSE(find_alias(tx, RepoKind::dataset, "gpt2"));
    set_alias(tx, RepoKind::model, "gpt2", "ada/gpt2");
    EXPECT_EQ(find_alias(tx, RepoKind::model, "gpt2"), "ada/gpt2");
    return {};
  };
  EXPECT_TRUE(world.write(use));
}

TEST(Owners, AreFoundByTheBeginningOfTheirNames) {
  World world;
  for (const auto* name : {"ada", "Adam", "adams", "bob", "ad"}) world.user(name);
  world.organization("adacorp");
  auto gone = world.user("adaline");
  auto disable = [&](db::Tx& tx) { return world.accounts->disable_user(tx, gone.id); };
  World::must(world.write(disable));
  auto names = [&](OwnerKind kind, std::string beginning, int limit) {
    auto read = [&](db::Tx& tx) -> Result<std::vector<std::string>> {
      std::vector<std::string> out;
      for (const auto& owner : owners_beginning_with(tx, kind, beginning, limit))
        out.push_back(owner.name);
      return out;
    };
    return World::must(world.read(read));
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(OwnerKind::user, "ADA", 10), (Names{"ada", "Adam", "adams"}));
  EXPECT_EQ(names(OwnerKind::user, "ada", 2), (Names{"ada", "Adam"}));
  EXPECT_EQ(names(OwnerKind::organization, "ada", 10), Names{"adacorp"});
  EXPECT_EQ(names(OwnerKind::user, "x", 10), Names{});
}

}  // namespace
}  // namespace cairn::account
