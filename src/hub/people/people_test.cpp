#include "hub/people/people.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "hub/account/testing/world.h"
#include "hub/event/event.h"
#include "hub/people/store.h"
#include "hub/people/throttle.h"

namespace cairn::people {
namespace {

using account::testing::World;

std::vector<db::Migration> migrations() {
  std::vector<db::Migration> out;
  for (auto part : {access::access_migrations(), event::event_migrations(), work::work_migrations(),
                    settings::settings_migrations(), people_migrations()})
    out.insert(out.end(), part.begin(), part.end());
  std::ranges::sort(out, {}, &db::Migration::name);
  return out;
}

/// A hub with people in it; mail goes into the queue, where the tests read it.
class PeopleTest : public ::testing::TestWithParam<db::Engine> {
 protected:
  PeopleTest() : world(migrations(), GetParam()) {}

  void rules(settings::Texts texts) {
    auto change = [&](db::Tx& tx) { return settings.change(tx, "test", texts); };
    World::must(world.write(change));
  }
  Result<SignedUp> sign_up(std::string name, std::optional<std::string> email = {},
                           std::optional<std::string> invite = {}) {
    return world.run(people.sign_up({.name = std::move(name),
                                     .password = "correct horse",
                                     .email = std::move(email),
                                     .invite = std::move(invite)},
                                    seen));
  }
  User person(const std::string& name, bool admin = false) {
    auto user = world.user(name, admin);
    World::must(world.run(world.accounts->set_password(user.id, "correct horse")));
    return user;
  }
  Actor as(const User& user) {
    auto opened = World::must(world.run(people.sign_in(user.name, "correct horse", seen)));
    return World::must(world.run(world.accounts->authenticate_session(opened.cookie)));
  }
  /// Texts of the mails that wait.
  std::vector<std::string> mails() {
    auto read = [](db::Tx& tx) -> Result<std::vector<work::Listed>> {
      return work::list_work(tx, {.kind = std::string(mail::Mail::work_kind)});
    };
    std::vector<std::string> out;
    for (const auto& item : World::must(world.read(read))) out.push_back(item.kind);
    return out;
  }
  std::string code_of(const std::string& link) { return link.substr(link.find('#') + 1); }

  World world;
  settings::Settings settings{*world.database};
  mail::Mail mail{world.blocking,
                  world.clock,
                  world.keyring,
                  {.server = smtp::Server{"smtp://127.0.0.1:1"}, .from = "hub@example.org"}};
  std::vector<OwnerId> changed;
  People people{*world.database,
                world.blocking,
                world.clock,
                world.keyring,
                *world.accounts,
                settings,
                mail,
                {.public_url = "http://hub.example",
                 .owner_changed = [this](db::Tx&, OwnerId id) { changed.push_back(id); }}};
  Seen seen{"192.0.2.7", "test"};
};

INSTANTIATE_TEST_SUITE_P(Engines, PeopleTest, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(PeopleTest, RegistrationIsClosedUntilItIsOpened) {
  EXPECT_EQ(sign_up("ada").error().word, "RegistrationClosed");
  rules({{"registration", "invite"}});
  EXPECT_EQ(sign_up("ada").error().word, "InviteNeeded");
  rules({{"registration", "open"}});
  auto made = World::must(sign_up("ada"));
  ASSERT_TRUE(made.session);
  auto actor = World::must(world.run(world.accounts->authenticate_session(made.session->cookie)));
  EXPECT_EQ(actor.user_name, "ada");
  EXPECT_FALSE(actor.is_admin);
}

TEST_P(PeopleTest, AnErrorOfAFormNamesItsField) {
  rules({{"registration", "open"}});
  auto field = [](const auto& result) { return result.error().fields.back(); };
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(field(sign_up("a b")), (Pair{"field", "name"}));
  EXPECT_EQ(field(sign_up("ada", "nonsense")), (Pair{"field", "email"}));
  auto weak = world.run(people.sign_up({.name = "ada", .password = "short"}, seen));
  EXPECT_EQ(field(weak), (Pair{"field", "password"}));
}

TEST_P(PeopleTest, GuessingIsSlowedDownWhetherOrNotTheNameExists) {
  auto ada = person("ada");
  for (const char* name : {"ada", "nobody"}) {
    std::vector<ErrorCode> codes;
    for (int i = 0; i < 11; ++i)
      codes.push_back(world.run(people.sign_in(name, "wrong", seen)).error().code);
    EXPECT_EQ(codes[9], ErrorCode::bad_credentials);
    EXPECT_EQ(codes[10], ErrorCode::rate_limited);
  }
  // Not even the right password comes through, from there; from elsewhere it does.
  EXPECT_EQ(world.run(people.sign_in("ada", "correct horse", seen)).error().word,
            "TooManyAttempts");
  EXPECT_TRUE(world.run(people.sign_in("ada", "correct horse", {"198.51.100.1", ""})));
  world.clock.advance(minutes(16));
  EXPECT_TRUE(world.run(people.sign_in("ada", "correct horse", seen)));
}

TEST_P(PeopleTest, ASessionChangesItsCookieWhenThePasswordIsGiven) {
  auto ada = person("ada");
  auto opened = World::must(world.run(people.sign_in("ada", "correct horse", seen)));
  auto actor = World::must(world.run(world.accounts->authenticate_session(opened.cookie)));
  EXPECT_TRUE(account::check_confirmed(actor, world.clock.now()));
  if (GetParam() == db::Engine::sqlite) {
    EXPECT_EQ(account::check_confirmed(actor, world.clock.now() + minutes(16)).error().word,
              "PasswordNeeded");
  }
  EXPECT_EQ(world.run(people.confirm(actor, "wrong")).error().word, "InvalidPassword");
  auto cookie = World::must(world.run(people.confirm(actor, "correct horse")));
  EXPECT_NE(cookie, opened.cookie);
  EXPECT_FALSE(world.run(world.accounts->authenticate_session(opened.cookie)));
  EXPECT_TRUE(world.run(world.accounts->authenticate_session(cookie)));
  EXPECT_TRUE(world.accounts->is_csrf_token(cookie, world.accounts->csrf_token(cookie)));
  EXPECT_FALSE(world.accounts->is_csrf_token(cookie, world.accounts->csrf_token(opened.cookie)));
}

TEST_P(PeopleTest, ANewPasswordEndsOtherSessions) {
  auto ada = person("ada");
  auto here = as(ada);
  auto there = World::must(world.run(people.sign_in("ada", "correct horse", seen)));
  EXPECT_EQ(world.run(people.change_password(here, "wrong", "battery staple")).error().word,
            "InvalidPassword");
  auto cookie =
      World::must(world.run(people.change_password(here, "correct horse", "battery staple")));
  EXPECT_TRUE(world.run(world.accounts->authenticate_session(cookie)));
  EXPECT_FALSE(world.run(world.accounts->authenticate_session(there.cookie)));
  EXPECT_TRUE(world.run(people.sign_in("ada", "battery staple", seen)));
}

TEST_P(PeopleTest, DisablingEndsSessionsForGoodAndTokensUntilEnabled) {
  auto ada = person("ada");
  auto opened = World::must(world.run(people.sign_in("ada", "correct horse", seen)));
  auto token = world.token(ada);
  auto change = [&](bool disable) {
    return world.write([&](db::Tx& tx) -> Result<> {
      return disable ? world.accounts->disable_user(tx, ada.id)
                     : world.accounts->enable_user(tx, ada.id);
    });
  };
  World::must(change(true));
  EXPECT_FALSE(world.run(world.accounts->authenticate_session(opened.cookie)));
  EXPECT_FALSE(world.authenticate(token.value));
  EXPECT_FALSE(world.run(people.sign_in("ada", "correct horse", seen)));
  World::must(change(false));
  EXPECT_FALSE(world.run(world.accounts->authenticate_session(opened.cookie)));
  EXPECT_TRUE(world.authenticate(token.value));
}

TEST_P(PeopleTest, TheSetUpLinkMakesTheFirstAdministratorOnce) {
  person("keeper", true);
  auto make = [&](db::Tx& tx) { return people.make_setup_link(tx, ""); };
  auto first = code_of(World::must(world.write(make)));
  auto link = World::must(world.write(make));
  EXPECT_TRUE(link.starts_with("http://hub.example/setup#"));
  auto code = code_of(link);
  EXPECT_EQ(code.size(), 9u);
  EXPECT_EQ(World::must(world.run(people.look_at_setup(code, seen))).name, "keeper");
  EXPECT_EQ(world.run(people.look_at_setup(first, seen)).error().word, "LinkExpired");

  // As people type it.
  std::string typed;
  for (char c : code)
    if (c != '-') typed += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  auto opened = World::must(world.run(people.set_up({.code = typed,
                                                     .name = "ada",
                                                     .password = "battery staple",
                                                     .full_name = "Ada L.",
                                                     .hub_name = "Lab",
                                                     .anonymous_read = false},
                                                    seen)));
  auto actor = World::must(world.run(world.accounts->authenticate_session(opened.cookie)));
  EXPECT_EQ(actor.user_name, "ada");
  EXPECT_TRUE(actor.is_admin);
  EXPECT_EQ(settings.current()->name, "Lab");
  EXPECT_FALSE(settings.current()->anonymous_read);
  EXPECT_EQ(changed.size(), 1u);
  auto again =
      world.run(people.set_up({.code = code, .name = "eve", .password = "12345678"}, seen));
  EXPECT_EQ(again.error().word, "LinkExpired");
}

TEST_P(PeopleTest, AnInviteOfTheOperatorMakesAMember) {
  world.organization("crew");
  auto made = World::must(world.run(people.create_invite(
      Actor::system(), {.organization = "crew", .role = Role::write, .uses = 2})));
  auto code = code_of(made.link);
  auto found = World::must(world.run(people.look_at_invite(code, seen)));
  EXPECT_EQ(found.invite.organization_name, "crew");
  EXPECT_TRUE(found.makes_account);
  auto ada = World::must(sign_up("ada", {}, code)).user;
  auto bob = World::must(sign_up("bob", {}, code)).user;
  EXPECT_EQ(sign_up("eve", {}, code).error().word, "InviteNotFound");
  auto roles = [&](db::Tx& tx) -> Result<std::optional<Role>> {
    CAIRN_TRY(team, account::find_organization(tx, "crew"));
    return account::role_in(tx, owner_of(team.id), bob.id);
  };
  EXPECT_EQ(World::must(world.read(roles)), Role::write);
}

TEST_P(PeopleTest, AnInviteSaysWhetherItMakesAnAccount) {
  auto ada = person("ada");
  world.join(world.organization("crew"), ada, Role::admin);
  auto made = World::must(world.run(people.create_invite(as(ada), {.organization = "crew"})));
  auto code = code_of(made.link);
  for (const auto* registration : {"closed", "invite"}) {
    rules({{"registration", registration}});
    bool says = World::must(world.run(people.look_at_invite(code, seen))).makes_account;
    EXPECT_EQ(says, sign_up("eve", {}, code).has_value()) << registration;
  }
}

TEST_P(PeopleTest, AnInviteForAnAddressIsForThatAddress) {
  auto made =
      World::must(world.run(people.create_invite(Actor::system(), {.email = "ada@example.org"})));
  auto code = code_of(made.link);
  EXPECT_TRUE(made.mailed);
  EXPECT_EQ(mails().size(), 1u);
  EXPECT_EQ(sign_up("eve", "eve@example.org", code).error().word, "EmailNotAllowed");
  auto ada = World::must(sign_up("ada", "Ada@example.org", code)).user;
  EXPECT_TRUE(ada.email_verified_at);
}

TEST_P(PeopleTest, AnOrganizationAdminInvitesPeopleOfTheHubByName) {
  auto ada = person("ada"), bob = person("bob"), eve = person("eve");
  auto org = world.organization("crew");
  world.join(org, ada, Role::admin);
  NewInvite wanted{.user = "bob", .organization = "crew", .role = Role::contributor};
  EXPECT_EQ(world.run(people.create_invite(as(eve), wanted)).error().code, ErrorCode::forbidden);
  auto made = World::must(world.run(people.create_invite(as(ada), wanted)));
  EXPECT_TRUE(made.link.empty());
  auto id = made.invite.public_id;
  EXPECT_EQ(world.run(people.answer_invite(as(eve), id, true)).error().word, "InviteNotFound");
  auto mine = World::must(world.run(people.my_invites(as(bob))));
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].created_by_name, "ada");
  World::must(world.run(people.answer_invite(as(bob), id, true)));
  EXPECT_TRUE(World::must(world.run(people.my_invites(as(bob)))).empty());
  EXPECT_EQ(world.run(people.create_invite(as(ada), wanted)).error().word, "AlreadyMember");
}

TEST_P(PeopleTest, TheLastAdminOfAnOrganizationStays) {
  auto ada = person("ada"), bob = person("bob");
  World::must(world.run(people.create_organization(as(ada), {.name = "crew"})));
  auto team =
      World::must(world.read([](db::Tx& tx) { return account::find_organization(tx, "crew"); }));
  world.join(team, bob, Role::read);
  EXPECT_EQ(world.run(people.remove_member(as(ada), "crew", "ada")).error().word, "LastAdmin");
  EXPECT_EQ(world.run(people.set_role(as(ada), "crew", "ada", Role::write)).error().word,
            "LastAdmin");
  EXPECT_EQ(world.run(people.set_role(as(bob), "crew", "bob", Role::admin)).error().code,
            ErrorCode::forbidden);
  World::must(world.run(people.set_role(as(ada), "crew", "bob", Role::admin)));
  World::must(world.run(people.remove_member(as(ada), "crew", "ada")));
  World::must(world.run(people.delete_organization(as(bob), "crew")));
  EXPECT_EQ(changed.size(), 1u);
}

TEST_P(PeopleTest, OnlyAdministratorsMakeOrganizationsWhereTheRulesSaySo) {
  auto ada = person("ada"), keeper = person("keeper", true);
  rules({{"organization_creators", "administrators"}});
  EXPECT_EQ(world.run(people.create_organization(as(ada), {.name = "crew"})).error().code,
            ErrorCode::forbidden);
  EXPECT_TRUE(world.run(people.create_organization(as(keeper), {.name = "crew"})));
}

TEST_P(PeopleTest, AnAccountOfAnAllowedDomainWaitsForItsMail) {
  rules({{"registration", "open"}, {"allowed_email_domains", "example.org"}});
  EXPECT_EQ(sign_up("eve", "eve@elsewhere.example").error().word, "EmailNotAllowed");
  EXPECT_EQ(sign_up("eve").error().word, "EmailNotAllowed");
  auto made = World::must(sign_up("ada", "ada@example.org"));
  EXPECT_FALSE(made.session);
  EXPECT_EQ(world.run(people.sign_in("ada", "correct horse", seen)).error().word,
            "EmailNotVerified");
  EXPECT_EQ(world.run(people.sign_in("ada", "wrong", seen)).error().word, "InvalidPassword");
  auto verify = [&](db::Tx& tx) {
    return world.accounts->verify_email(tx, made.user.id, "ada@example.org");
  };
  World::must(world.write(verify));
  EXPECT_TRUE(world.run(people.sign_in("ADA@example.org", "correct horse", seen)));
}

TEST_P(PeopleTest, APasswordLinkWorksOnce) {
  person("ada");
  auto link = World::must(world.run(people.make_password_link(Actor::system(), "ada")));
  auto code = code_of(link);
  EXPECT_EQ(world.run(people.redeem_reset(code, "short", seen)).error().word, "InvalidPassword");
  World::must(world.run(people.redeem_reset(code, "battery staple", seen)));
  EXPECT_EQ(world.run(people.redeem_reset(code, "battery staple", seen)).error().word,
            "LinkExpired");
  EXPECT_TRUE(world.run(people.sign_in("ada", "battery staple", seen)));
}

TEST_P(PeopleTest, AResetGoesToVerifiedAddressesAlone) {
  auto ada = person("ada");
  auto set = [&](db::Tx& tx) {
    return world.accounts->change_profile(tx, owner_of(ada.id), {.email = "ada@example.org"});
  };
  World::must(world.write(set));
  World::must(world.run(people.request_reset("ada", seen)));
  World::must(world.run(people.request_reset("nobody", seen)));
  EXPECT_TRUE(mails().empty());
  auto verify = [&](db::Tx& tx) {
    return world.accounts->verify_email(tx, ada.id, "ada@example.org");
  };
  World::must(world.write(verify));
  World::must(world.run(people.request_reset("ada@EXAMPLE.org", seen)));
  EXPECT_EQ(mails().size(), 1u);
}

TEST_P(PeopleTest, TokensEndWithinTheHubsRules) {
  auto ada = person("ada");
  auto actor = as(ada);
  rules({{"token_days_max", "30"}});
  Time now = World::must(world.read([](db::Tx& tx) -> Result<Time> { return tx.now(); }));
  auto made = World::must(world.run(people.create_token(actor, {.name = "laptop"})));
  ASSERT_TRUE(made.token.expires_at);
  EXPECT_LT(*made.token.expires_at - now, (Duration{days(30).us + minutes(1).us}));
  auto late = world.run(people.create_token(actor, {.name = "x", .expires_at = now + days(31)}));
  EXPECT_EQ(late.error().word, "InvalidExpiry");
}

TEST_P(PeopleTest, ARotatedTokenOpensWithItsNewValueOnly) {
  auto ada = person("ada");
  auto actor = as(ada);
  auto made = World::must(
      world.run(people.create_token(actor, {.name = "ci", .role = account::TokenRole::write})));
  ASSERT_TRUE(world.authenticate(made.value));
  auto next = World::must(world.run(people.rotate_token(actor, made.token.public_id)));
  EXPECT_NE(next.value, made.value);
  if (GetParam() == db::Engine::sqlite) {
    EXPECT_FALSE(world.authenticate(made.value));
  }
  EXPECT_TRUE(world.authenticate(next.value));
}

TEST_P(PeopleTest, ARotatedTokensOldValueLivesOnAsLongAsAsked) {
  auto ada = person("ada");
  auto actor = as(ada);
  auto made = World::must(
      world.run(people.create_token(actor, {.name = "ci", .role = account::TokenRole::write})));
  auto next = World::must(world.run(people.rotate_token(actor, made.token.public_id, hours(24))));
  EXPECT_TRUE(world.authenticate(made.value));
  EXPECT_TRUE(world.authenticate(next.value));
  auto read = [&](db::Tx& tx) -> Result<std::vector<account::Token>> {
    return account::list_tokens(tx, ada.id);
  };
  auto tokens = World::must(world.read(read));
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].name, "ci (old value)");
  EXPECT_EQ(tokens[0].role, account::TokenRole::write);
  ASSERT_TRUE(tokens[0].expires_at);
  EXPECT_FALSE(tokens[1].expires_at);
  auto late = world.run(people.rotate_token(actor, made.token.public_id, days(8)));
  EXPECT_EQ(late.error().word, "InvalidToken");
}

TEST_P(PeopleTest, ATokenMakesNoTokenThatMayMore) {
  auto ada = person("ada");
  auto read_only =
      World::must(world.authenticate(world.token(ada, account::TokenRole::read).value));
  EXPECT_EQ(world.run(people.create_token(read_only, {.name = "x"})).error().code,
            ErrorCode::forbidden);
  account::NewToken fine{.name = "fine", .role = account::TokenRole::fine_grained};
  fine.scopes.global = {std::string(account::permission::user_write)};
  auto scoped = World::must(world.authenticate(world.token(ada, fine).value));
  EXPECT_EQ(world.run(people.create_token(scoped, {.name = "x", .role = account::TokenRole::write}))
                .error()
                .code,
            ErrorCode::forbidden);
}

TEST_P(PeopleTest, LeakedTokensAreRevokedWhoeverTellsUs) {
  auto ada = person("ada");
  auto token = world.token(ada);
  auto found = world.run(people.revoke_leaked({token.value, "hf_unknown", ""}, seen));
  EXPECT_EQ(World::must(found), 1);
  EXPECT_FALSE(world.authenticate(token.value));
}

TEST_P(PeopleTest, AProfileIsCheckedFieldByField) {
  auto ada = person("ada"), bob = person("bob");
  auto change = [&](const User& by, std::string of, ProfileChange what) {
    return world.run(people.change_profile(as(by), std::move(of), std::move(what)));
  };
  EXPECT_EQ(change(bob, "ada", {.details = "x"}).error().code, ErrorCode::forbidden);
  EXPECT_FALSE(change(ada, "ada", {.homepage = "javascript:alert(1)"}));
  EXPECT_FALSE(change(ada, "ada", {.socials = {{{"myspace", "ada"}}}}));
  auto profile = World::must(change(ada, "ada",
                                    {.full_name = "Ada L.",
                                     .details = "Engines",
                                     .homepage = "https://ada.example",
                                     .socials = {{{"github", "ada"}, {"twitter", ""}}}}));
  EXPECT_EQ(profile.owner.full_name, "Ada L.");
  EXPECT_EQ(profile.details, "Engines");
  EXPECT_EQ(profile.socials.size(), 1u);
}

TEST_P(PeopleTest, APictureIsReEncodedAndBounded) {
  auto ada = person("ada");
  auto actor = as(ada);
  EXPECT_EQ(world.run(people.set_avatar(actor, "ada", "<svg onload=alert(1)>")).error().word,
            "InvalidImage");
  EXPECT_EQ(world.run(people.set_avatar(actor, "ada", "\x89PNG\r\n\x1a\nbroken")).error().word,
            "InvalidImage");
  // A GIF of one pixel with a trailing secret that must not survive.
  std::string gif("GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;secret", 41);
  auto profile = World::must(world.run(people.set_avatar(actor, "ada", gif)));
  ASSERT_TRUE(profile.owner.avatar);
  auto read = [&](db::Tx& tx) -> Result<std::optional<Avatar>> {
    return find_avatar(tx, profile.owner.public_id);
  };
  auto avatar = World::must(world.read(read));
  ASSERT_TRUE(avatar);
  EXPECT_TRUE(avatar->png.starts_with("\x89PNG"));
  EXPECT_EQ(avatar->png.find("secret"), std::string::npos);
  World::must(world.run(people.remove_avatar(actor, "ada")));
  EXPECT_FALSE(World::must(world.read(read)));
}

TEST_P(PeopleTest, NothingOfAPurgedPersonStays) {
  auto ada = person("ada");
  World::must(world.run(people.change_profile(as(ada), "ada", {.details = "private"})));
  World::must(world.run(people.make_password_link(Actor::system(), "ada")));
  auto purge = [&](db::Tx& tx) -> Result<bool> {
    people.owner_purged(tx, owner_of(ada.id));
    return store::profile(tx, owner_of(ada.id)).has_value();
  };
  EXPECT_FALSE(World::must(world.write(purge)));
  EXPECT_TRUE(world.run(people.forget_old()));
}

TEST_P(PeopleTest, NoStatementReadsAWholeTable) {
  for (const db::Statement* statement : store::statements()) {
    auto plan = world.database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << ": " << plan.error().message;
    EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
  }
}

TEST(Throttle, AWindowEndsAndNetworksAreWhole) {
  ManualClock clock;
  Throttle throttle(clock);
  Throttle::Limit two{2, minutes(1)};
  EXPECT_TRUE(throttle.admit("a", two));
  EXPECT_TRUE(throttle.admit("a", two));
  auto third = throttle.admit("a", two);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().retry_after_s, 61);
  EXPECT_TRUE(throttle.admit("b", two));
  clock.advance(minutes(1));
  EXPECT_TRUE(throttle.admit("a", two));
  EXPECT_EQ(network_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::1"));
  EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace cairn::people
