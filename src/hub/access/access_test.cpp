#include "hub/access/access.h"

#include <gtest/gtest.h>

#include "hub/account/testing/world.h"

namespace cairn::access {
namespace {

using account::CreatedToken;
using account::NewToken;
using account::Organization;
using account::TokenRole;
using account::User;
using account::testing::World;

struct Hub : World {
  explicit Hub(db::Engine engine = db::Engine::sqlite) : World(access_migrations(), engine) {
    ada = user("ada");
    bob = user("bob");
    acme = organization("acme");
    join(acme, ada, Role::admin);
    join(acme, bob, Role::contributor);
  }

  Actor as(const User& who, TokenRole role = TokenRole::write) {
    return must(authenticate(token(who, role).value));
  }
  Actor scoped(const User& who, std::string_view scopes) {
    NewToken in{.name = "fine", .role = TokenRole::fine_grained};
    in.scopes = must(account::read_scopes(boost::json::parse(scopes), "scopes"));
    return must(authenticate(token(who, in).value));
  }
  RepoFacts repo(OwnerId owner, OwnerKind kind, Visibility visibility) {
    RepoFacts facts;
    facts.id = RepoId{1};
    facts.name = "x/bert";
    facts.owner = owner;
    facts.owner_kind = kind;
    facts.visibility = visibility;
    return facts;
  }
  bool may(const Actor& actor, Action action, const RepoFacts& facts) {
    auto ask = [&](db::Tx& tx) { return check(tx, actor, action, facts); };
    return read(ask).has_value();
  }
  std::string creates(const Actor& actor, OwnerId id) {
    auto ask = [&](db::Tx& tx) -> Result<> {
      return check_create(tx, actor, must(account::find_owner(tx, id)));
    };
    auto result = read(ask);
    return result ? "" : result.error().word;
  }
  ListFilter filter(const Actor& actor) {
    auto ask = [&](db::Tx& tx) -> Result<ListFilter> { return list_filter(tx, actor); };
    return must(read(ask));
  }

  User ada, bob;
  Organization acme;
};

TEST(Access, ReadsRolesFromTheDatabase) {
  Hub hub;
  auto of_acme = hub.repo(owner_of(hub.acme.id), OwnerKind::organization, Visibility::private_);
  auto of_ada = hub.repo(owner_of(hub.ada.id), OwnerKind::user, Visibility::private_);
  auto ada = hub.as(hub.ada), bob = hub.as(hub.bob);
  EXPECT_TRUE(hub.may(ada, Action::administer, of_acme));
  EXPECT_TRUE(hub.may(bob, Action::read_content, of_acme));
  EXPECT_FALSE(hub.may(bob, Action::write, of_acme));
  of_acme.creator = hub.bob.id;
  EXPECT_TRUE(hub.may(bob, Action::write, of_acme));
  EXPECT_TRUE(hub.may(ada, Action::administer, of_ada));
  EXPECT_FALSE(hub.may(bob, Action::see, of_ada));

  auto leave = [&](db::Tx& tx) { return account::remove_member(tx, hub.acme.id, hub.bob.id); };
  hub.must(hub.write(leave));
  EXPECT_FALSE(hub.may(bob, Action::see, of_acme));
}

class OnEachEngine : public ::testing::TestWithParam<db::Engine> {};

INSTANTIATE_TEST_SUITE_P(Access, OnEachEngine, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(OnEachEngine, AGrantOpensAGatedRepositoryUntilItIsForgotten) {
  Hub hub(GetParam());
  auto gated = hub.repo(owner_of(hub.ada.id), OwnerKind::user, Visibility::public_);
  gated.gating = Gating::manual;
  auto bob = hub.as(hub.bob);
  EXPECT_FALSE(hub.may(bob, Action::read_content, gated));
  auto set = [&](GrantState state) {
    auto change = [&](db::Tx& tx) -> Result<> {
      set_grant(tx, gated.id, hub.bob.id, state, hub.ada.id);
      return {};
    };
    hub.must(hub.write(change));
  };
  set(GrantState::pending);
  EXPECT_FALSE(hub.may(bob, Action::read_content, gated));
  set(GrantState::accepted);
  EXPECT_TRUE(hub.may(bob, Action::read_content, gated));
  EXPECT_TRUE(hub.may(bob, Action::create_pr, gated));
  set(GrantState::rejected);
  EXPECT_FALSE(hub.may(bob, Action::read_content, gated));
  set(GrantState::accepted);
  auto forget = [&](db::Tx& tx) -> Result<> {
    forget_repo(tx, gated.id);
    return {};
  };
  hub.must(hub.write(forget));
  EXPECT_FALSE(hub.may(bob, Action::read_content, gated));
}

TEST(Access, CreatingNeedsARoleThatCreatesAndACredentialThatWrites) {
  Hub hub;
  auto at_acme = owner_of(hub.acme.id), at_ada = owner_of(hub.ada.id),
       at_bob = owner_of(hub.bob.id);
  EXPECT_EQ(hub.creates(hub.as(hub.ada), at_ada), "");
  EXPECT_EQ(hub.creates(hub.as(hub.ada), at_acme), "");
  EXPECT_EQ(hub.creates(hub.as(hub.bob), at_acme), "");
  EXPECT_EQ(hub.creates(hub.as(hub.bob), at_ada), "Forbidden");
  EXPECT_EQ(hub.creates(hub.as(hub.ada, TokenRole::read), at_ada), "Forbidden");
  EXPECT_EQ(hub.creates(Actor::anonymous(), at_ada), "Unauthenticated");
  EXPECT_EQ(hub.creates(Actor::system(), at_ada), "");
  hub.join(hub.acme, hub.bob, Role::read);
  EXPECT_EQ(hub.creates(hub.as(hub.bob), at_acme), "Forbidden");

  auto fine =
      hub.scoped(hub.ada, R"([{"entity":{"type":"org","name":"acme"},"permissions":["repo.write"]},
                   {"entity":{"type":"model","name":"ada/bert"},"permissions":["repo.write"]}])");
  EXPECT_EQ(hub.creates(fine, at_acme), "");
  EXPECT_EQ(hub.creates(fine, at_ada), "Forbidden");
  EXPECT_EQ(hub.creates(fine, at_bob), "Forbidden");
}

TEST(Access, ManagingAnOrganizationIsForItsAdmins) {
  Hub hub;
  auto manages = [&](const Actor& actor) {
    auto ask = [&](db::Tx& tx) -> Result<> {
      return check_manage(tx, actor, hub.must(account::find_owner(tx, owner_of(hub.acme.id))));
    };
    return hub.read(ask).has_value();
  };
  EXPECT_TRUE(manages(hub.as(hub.ada)));
  EXPECT_FALSE(manages(hub.as(hub.ada, TokenRole::read)));
  EXPECT_FALSE(manages(hub.as(hub.bob)));
  EXPECT_FALSE(manages(Actor::anonymous()));
}

TEST(ListFilters, HoldThoseWhosePrivateRepositoriesAreSeen) {
  Hub hub;
  EXPECT_TRUE(hub.filter(Actor::system()).everything);
  auto nobody = hub.filter(Actor::anonymous());
  EXPECT_FALSE(nobody.everything);
  EXPECT_EQ(nobody.owners_json(), "[]");
  auto ada = hub.filter(hub.as(hub.ada, TokenRole::read));
  EXPECT_EQ(ada.owners, (std::vector<OwnerId>{owner_of(hub.ada.id), owner_of(hub.acme.id)}));
  EXPECT_EQ(ada.owners_json(),
            "[" + std::to_string(hub.ada.id.value) + "," + std::to_string(hub.acme.id.value) + "]");
}

TEST(ListFilters, AreNarrowedByScopes) {
  Hub hub;
  auto fine = hub.filter(hub.scoped(hub.ada, R"([
      {"entity":{"type":"org","name":"acme"},"permissions":["repo.content.read"]},
      {"entity":{"type":"user","name":"bob"},"permissions":["repo.content.read"]},
      {"entity":{"type":"user","name":"ada"},"permissions":["discussion.write"]},
      {"entity":{"type":"model","name":"ada/bert"},"permissions":["repo.write"]}])"));
  EXPECT_EQ(fine.owners, std::vector<OwnerId>{owner_of(hub.acme.id)});
  ASSERT_EQ(fine.repos.size(), 1u);
  EXPECT_EQ(fine.repos[0].name, "ada/bert");
  auto global = hub.filter(hub.scoped(hub.ada, R"({"global":["repo.content.read"]})"));
  EXPECT_EQ(global.owners.size(), 2u);
}

}  // namespace
}  // namespace cairn::access
