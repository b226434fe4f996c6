#include <map>

#include <gtest/gtest.h>

#include "hub/access/access.h"

// The rules as a table: who (row), on which repository (block), may do what (column).
namespace cairn::access {
namespace {

using account::Entity;
using account::Scope;
using account::Scopes;
using account::TokenRole;

constexpr UserId ada{1}, bob{2};
constexpr OrgId acme{3};

constexpr Action actions[] = {Action::see,       Action::list_files, Action::read_content,
                              Action::discuss,   Action::create_pr,  Action::write,
                              Action::administer};

Actor session(UserId user) {
  Actor actor;
  actor.kind = ActorKind::user;
  actor.user = user;
  actor.user_name = user == ada ? "ada" : "bob";
  return actor;
}

Actor token(UserId user, TokenRole role) {
  Actor actor = session(user);
  actor.kind = ActorKind::token;
  actor.token = TokenId{7};
  actor.token_role = role;
  if (role == TokenRole::fine_grained) actor.token_scopes = std::make_shared<const Scopes>();
  return actor;
}

Actor fine(UserId user, Entity entity, std::vector<std::string> permissions) {
  Actor actor = token(user, TokenRole::fine_grained);
  Scopes scopes;
  scopes.scoped.push_back(Scope{std::move(entity), std::move(permissions)});
  actor.token_scopes = std::make_shared<const Scopes>(std::move(scopes));
  return actor;
}

Entity owner_entity(OwnerId id) {
  Entity entity;
  entity.kind = Entity::Kind::organization;
  entity.owner = id;
  return entity;
}

Entity repo_entity(RepoKind kind, std::string name) {
  Entity entity;
  entity.kind = Entity::Kind::repo;
  entity.repo_kind = kind;
  entity.name = std::move(name);
  return entity;
}

RepoFacts repo(Visibility visibility, Gating gating = Gating::none) {
  RepoFacts facts;
  facts.id = RepoId{10};
  facts.public_id = PublicId{"0123456789abcdef01234567"};
  facts.name = "acme/bert";
  facts.owner = owner_of(acme);
  facts.owner_kind = OwnerKind::organization;
  facts.visibility = visibility;
  facts.gating = gating;
  facts.creator = ada;
  return facts;
}

/// One letter per answer: `+` allowed, `4` as missing (404), `1` as missing to strangers (401),
/// `s` sign in (401), `f` forbidden (403), `g` gated, `d` disabled.
char letter(const Decision& decision) {
  if (decision.allowed()) return '+';
  const Error& e = *decision.error;
  if (e.word == "RepoNotFound") return e.code == ErrorCode::not_found ? '4' : '1';
  if (e.word == "Unauthenticated") return 's';
  if (e.word == "GatedRepo") return 'g';
  if (e.word == "RepoDisabled") return 'd';
  return e.word == "Forbidden" && e.code == ErrorCode::forbidden ? 'f' : '?';
}

std::string answers(const Actor& actor, const RepoFacts& facts, const Standing& standing) {
  std::string out;
  for (Action action : actions) out += letter(decide(actor, action, facts, standing));
  return out;
}

struct Row {
  const char* who;
  Actor actor;
  std::optional<Role> role;
  // see, list_files, read_content, discuss, create_pr, write, administer
  const char* on_public;
  const char* on_private;
  const char* on_protected;
  const char* on_gated;
};

std::vector<Row> table() {
  const auto org_entity = owner_entity(owner_of(acme));
  const auto bert = repo_entity(RepoKind::model, "ACME/bert");
  return {
      {"anonymous", Actor::anonymous(), {}, "+++ssss", "1111111", "+ssssss", "++gssss"},
      {"system", Actor::system(), {}, "+++++++", "+++++++", "+++++++", "+++++++"},
      {"stranger", session(bob), {}, "+++++ff", "4444444", "+ff+fff", "++g+gff"},
      {"stranger, write token",
       token(bob, TokenRole::write),
       {},
       "+++++ff",
       "4444444",
       "+ff+fff",
       "++g+gff"},
      {"stranger, read token",
       token(bob, TokenRole::read),
       {},
       "+++ffff",
       "4444444",
       "+ffffff",
       "++gfgff"},
      {"reader", session(bob), Role::read, "+++++ff", "+++++ff", "+++++ff", "+++++ff"},
      {"contributor elsewhere", session(bob), Role::contributor, "+++++ff", "+++++ff", "+++++ff",
       "+++++ff"},
      {"contributor who made it", session(ada), Role::contributor, "++++++f", "++++++f", "++++++f",
       "++++++f"},
      {"writer", session(bob), Role::write, "++++++f", "++++++f", "++++++f", "++++++f"},
      {"admin", session(bob), Role::admin, "+++++++", "+++++++", "+++++++", "+++++++"},
      {"admin, write token", token(bob, TokenRole::write), Role::admin, "+++++++", "+++++++",
       "+++++++", "+++++++"},
      {"admin, read token", token(bob, TokenRole::read), Role::admin, "+++ffff", "+++ffff",
       "+++ffff", "+++ffff"},
      {"admin, token without scopes", token(bob, TokenRole::fine_grained), Role::admin, "+++ffff",
       "4444444", "+ffffff", "++gfgff"},
      {"admin, scope reads the owner", fine(bob, org_entity, {"repo.content.read"}), Role::admin,
       "+++ffff", "+++ffff", "+++ffff", "+++ffff"},
      {"admin, scope writes the owner", fine(bob, org_entity, {"repo.write"}), Role::admin,
       "+++++++", "+++++++", "+++++++", "+++++++"},
      {"admin, scope writes the repository", fine(bob, bert, {"repo.write"}), Role::admin,
       "+++++++", "+++++++", "+++++++", "+++++++"},
      {"admin, scope writes another repository",
       fine(bob, repo_entity(RepoKind::dataset, "acme/bert"), {"repo.write"}), Role::admin,
       "+++ffff", "4444444", "+ffffff", "++gfgff"},
      {"admin, scope may talk", fine(bob, org_entity, {"discussion.write"}), Role::admin, "+++++ff",
       "4444444", "+ff+fff", "++g+gff"},
      {"reader, scope writes the owner", fine(bob, org_entity, {"repo.write"}), Role::read,
       "+++++ff", "+++++ff", "+++++ff", "+++++ff"},
      {"stranger, scope writes the owner",
       fine(bob, org_entity, {"repo.write"}),
       {},
       "+++++ff",
       "4444444",
       "+ff+fff",
       "++g+gff"},
  };
}

TEST(AccessRules, FollowTheTable) {
  for (const auto& row : table()) {
    Standing standing{row.role, false};
    EXPECT_EQ(answers(row.actor, repo(Visibility::public_), standing), row.on_public) << row.who;
    EXPECT_EQ(answers(row.actor, repo(Visibility::private_), standing), row.on_private) << row.who;
    EXPECT_EQ(answers(row.actor, repo(Visibility::protected_), standing), row.on_protected)
        << row.who;
    for (Gating gating : {Gating::automatic, Gating::manual})
      EXPECT_EQ(answers(row.actor, repo(Visibility::public_, gating), standing), row.on_gated)
          << row.who;
  }
}

TEST(AccessRules, AnAcceptedRequestOpensGatedFilesAndNothingElse) {
  Standing granted{std::nullopt, true};
  auto gated = repo(Visibility::public_, Gating::manual);
  EXPECT_EQ(answers(session(bob), gated, granted), "+++++ff");
  EXPECT_EQ(answers(token(bob, TokenRole::read), gated, granted), "+++ffff");
  EXPECT_EQ(answers(token(bob, TokenRole::fine_grained), gated, granted), "++gfgff");
  auto scoped = fine(bob, owner_entity(owner_of(acme)), {"repo.access.read"});
  EXPECT_EQ(answers(scoped, gated, granted),
            "+++fff"
            "f");
  EXPECT_EQ(answers(Actor::anonymous(), gated, granted), "++gssss");
  EXPECT_EQ(answers(session(bob), repo(Visibility::private_, Gating::manual), granted), "4444444");
}

TEST(AccessRules, MembersAskTooWhereTheRepositorySaysSo) {
  auto gated = repo(Visibility::public_, Gating::manual);
  gated.members_gated = true;
  for (Role role : {Role::read, Role::contributor})  // What bob contributed is not this one.
    EXPECT_EQ(answers(session(bob), gated, {role, false}), "++g+gff");
  EXPECT_EQ(answers(session(ada), gated, {Role::contributor, false}), "++++++f");
  EXPECT_EQ(answers(session(bob), gated, {Role::read, true}), "+++++ff");
  EXPECT_EQ(answers(session(bob), gated, {Role::write, false}), "++++++f");
  EXPECT_EQ(answers(session(bob), gated, {Role::admin, false}), "+++++++");
  gated.gating = Gating::none;
  EXPECT_EQ(answers(session(bob), gated, {Role::read, false}), "+++++ff");
  gated = repo(Visibility::private_, Gating::manual);
  gated.members_gated = true;
  EXPECT_EQ(answers(session(bob), gated, {Role::read, false}), "++g+gff");
}

TEST(AccessRules, ADisabledRepositoryCanOnlyBeAdministered) {
  auto facts = repo(Visibility::public_);
  facts.disabled = true;
  EXPECT_EQ(answers(session(bob), facts, {Role::admin, false}), "dddddd+");
  EXPECT_EQ(answers(session(bob), facts, {}), "ddddddf");
  facts.visibility = Visibility::private_;
  EXPECT_EQ(answers(session(bob), facts, {}), "4444444");
  auto decision = decide(session(bob), Action::see, repo(Visibility::private_), {});
  EXPECT_EQ(decision.reason, Reason::hidden);
}

TEST(AccessRules, AnAdministratorOfTheHubSeesNoMoreThanOthersDo) {
  auto actor = token(bob, TokenRole::write);
  actor.is_admin = true;
  EXPECT_EQ(answers(actor, repo(Visibility::private_), {}), "4444444");
  EXPECT_TRUE(check_admin(actor));
  actor.token_role = TokenRole::read;
  EXPECT_EQ(check_admin(actor).error().word, "Forbidden");
  EXPECT_EQ(check_admin(session(ada)).error().word, "Forbidden");
  EXPECT_EQ(check_admin(Actor::anonymous()).error().word, "Unauthenticated");
}

TEST(AccessRules, KindsWithoutAUserAreStrangers) {
  Actor key;
  key.kind = ActorKind::deploy_key;
  key.user = ada;  // Even if somebody filled it in.
  EXPECT_EQ(answers(key, repo(Visibility::private_), {Role::admin, false}), "4444444");
}

TEST(AccessRules, AScopeWithAnIdFollowsTheIdAndNotTheName) {
  auto entity = repo_entity(RepoKind::model, "acme/old-name");
  entity.id = PublicId{"0123456789abcdef01234567"};
  auto facts = repo(Visibility::private_);
  EXPECT_EQ(answers(fine(bob, entity, {"repo.write"}), facts, {Role::admin, false}), "+++++++");
  entity.name = "acme/bert";
  entity.id = PublicId{"ffffffffffffffffffffffff"};
  EXPECT_EQ(answers(fine(bob, entity, {"repo.write"}), facts, {Role::admin, false}), "4444444");
}

TEST(AccessRules, AScopeOfAnOwnerWhoIsGoneOpensNothing) {
  auto entity = owner_entity(owner_of(acme));
  entity.owner.reset();
  EXPECT_EQ(
      answers(fine(bob, entity, {"repo.write"}), repo(Visibility::private_), {Role::admin, false}),
      "4444444");
}

TEST(AccessRules, MessagesAreThoseThatClientsKnow) {
  EXPECT_EQ(hidden(Actor::anonymous()).code, ErrorCode::unauthenticated);
  EXPECT_EQ(hidden(Actor::anonymous()).message, "Invalid username or password.");
  EXPECT_EQ(hidden(session(ada)).message, "Repository not found");
  auto gated = repo(Visibility::public_, Gating::manual);
  auto error = *decide(session(bob), Action::read_content, gated, {}).error;
  EXPECT_EQ(error.code, ErrorCode::forbidden);
  EXPECT_TRUE(error.message.starts_with(
      "Access to model acme/bert is restricted and you are not in the authorized list"));
  error = *decide(Actor::anonymous(), Action::read_content, gated, {}).error;
  EXPECT_EQ(error.code, ErrorCode::unauthenticated);
  EXPECT_TRUE(error.message.starts_with(
      "Access to model acme/bert is restricted. You must have access to it and be authenticated"));
  gated.disabled = true;
  error = *decide(session(bob), Action::see, gated, {}).error;
  EXPECT_EQ(error.message, "Access to this resource is disabled.");
}

}  // namespace
}  // namespace cairn::access
