#include "hub/repo/repos.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using testing::Hub;

class Repositories : public ::testing::TestWithParam<db::Engine> {
 protected:
  Hub hub{GetParam()};
  Actor stranger = Actor::anonymous();

  std::string word(const Result<Found>& found) { return found ? "" : found.error().word; }
  Actor member(std::string org, account::Role role) {
    auto carol = hub.user("carol");
    hub.join(hub.organization(std::move(org)), carol, role);
    return hub.as(carol);
  }
};

TEST_P(Repositories, NewOneHasMainWithOneCommitAndItsDefaults) {
  auto repo = hub.create(hub.ada, "bert");
  EXPECT_EQ(repo->name, "ada/bert");
  EXPECT_EQ(repo->visibility, Visibility::public_);
  EXPECT_EQ(hub.listing(repo), std::vector<std::string>{".gitattributes"});
  auto log = hub.must(hub.run(hub.files->log(repo, "main", {})));
  ASSERT_EQ(log.commits.size(), 1u);
  EXPECT_EQ(log.commits[0]->title, "initial commit");
  EXPECT_EQ(log.commits[0]->author_name, "ada");
  EXPECT_EQ(log.commits[0]->author_email, "ada@users.noreply.hub.example");
  EXPECT_EQ(repo->sha, log.commits[0]->oid.hex());
  EXPECT_EQ(hub.events(), std::vector<std::string>{"repo.created"});
}

TEST_P(Repositories, LicenseAndFilesAreInTheFirstCommit) {
  NewRepo request;
  request.license = "other";
  request.license_name = "My license: 1";
  request.files = {{"src/a.py", "print(1)\n"}};
  auto repo = hub.create(hub.ada, "bert", request);
  EXPECT_EQ(hub.listing(repo),
            (std::vector<std::string>{".gitattributes", "README.md", "src/a.py"}));
  EXPECT_EQ(hub.text(repo, "README.md"),
            "---\nlicense: other\nlicense_name: \"My license: 1\"\n---\n");
  auto card = hub.must(hub.run(hub.repos->card(repo)));
  EXPECT_EQ(card->fields.license, "other");
  EXPECT_THAT(card->fields.tags, ::testing::Contains("license:other"));
}

TEST_P(Repositories, SpaceNeedsAnSdkAndGetsItsFrontMatter) {
  NewRepo request{.kind = RepoKind::space, .name = "demo"};
  EXPECT_EQ(hub.run(hub.repos->create(hub.ada, request)).error().word, "InvalidSdk");
  request.sdk = "static";
  request.visibility = Visibility::protected_;
  auto repo = hub.create(hub.ada, "demo", request);
  auto card = hub.must(hub.run(hub.repos->card(repo)));
  EXPECT_EQ(card->fields.sdk, "static");
  EXPECT_EQ(card->fields.app_file, "index.html");
  request = {.kind = RepoKind::model, .name = "m", .visibility = Visibility::protected_};
  EXPECT_EQ(hub.run(hub.repos->create(hub.ada, request)).error().word, "InvalidVisibility");
}

TEST_P(Repositories, SameNameInAnyCaseIsAConflictThatNamesTheOther) {
  hub.create(hub.ada, "bert");
  auto again = hub.run(hub.repos->create(hub.ada, {.name = "BERT"}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  EXPECT_EQ(again.error().message, "You already created this model repo");
  EXPECT_EQ(again.error().fields.at(0),
            std::pair(std::string("url"), std::string("http://hub.example:2247/ada/bert")));
  hub.create(hub.ada, "bert", {.kind = RepoKind::dataset});  // Another kind is another name.
}

TEST_P(Repositories, WrongRequestsMakeNothing) {
  auto refused = [&](const Actor& actor, NewRepo request) {
    auto made = hub.run(hub.repos->create(actor, std::move(request)));
    return made ? "made" : made.error().word;
  };
  EXPECT_EQ(refused(hub.ada, {.name = "a--b"}), "InvalidName");
  EXPECT_EQ(refused(hub.ada, {.owner = "nobody", .name = "x"}), "OwnerNotFound");
  EXPECT_EQ(refused(stranger, {.name = "x"}), "Unauthenticated");
  EXPECT_EQ(refused(hub.ada, {.owner = "bob", .name = "x"}), "Forbidden");
  EXPECT_EQ(refused(hub.ada, {.name = "x", .files = {{"../a", ""}}}), "InvalidPath");
  EXPECT_EQ(refused(hub.ada, {.name = "x", .files = {{"README.md", "---\na: [\n---\n"}}}),
            "InvalidCard");
  EXPECT_EQ(refused(hub.ada, {.name = "x", .files = {{"a", std::string(10'000'001, 'x')}}}),
            "FilesTooLarge");
  EXPECT_TRUE(hub.events().empty());
}

TEST_P(Repositories, WhatComesWithANewOneComesOrNothingDoes) {
  NewRepo request{.name = "bert"};
  request.also = [](db::Tx& tx, const Created& made) -> Result<> {
    EXPECT_EQ(made.repo->name, "ada/bert");
    EXPECT_EQ(made.repo->sha, made.commit->oid.hex());
    event::append_event(tx, {.type = "test.with"});
    return {};
  };
  auto fine = request.also;
  request.also = [fine](db::Tx& tx, const Created& made) -> Result<> {
    CAIRN_CHECK(fine(tx, made));
    return fail(ErrorCode::too_large, "TooMuch", "");
  };
  EXPECT_EQ(hub.run(hub.repos->create(hub.ada, request)).error().word, "TooMuch");
  EXPECT_FALSE(hub.find(hub.ada, "ada/bert"));
  EXPECT_TRUE(hub.events().empty());
  request.also = fine;
  EXPECT_TRUE(hub.run(hub.repos->create(hub.ada, request)));
  EXPECT_EQ(hub.events(), (std::vector<std::string>{"repo.created", "test.with"}));
}

TEST_P(Repositories, PrivateOneDoesNotExistForStrangers) {
  hub.create(hub.ada, "secret", {.visibility = Visibility::private_});
  for (int warm = 0; warm < 2; ++warm) {
    EXPECT_TRUE(hub.find(hub.ada, "ada/secret"));
    for (const auto* name : {"ada/secret", "ada/missing", "nobody/x", "gpt2", "a b", ""}) {
      auto anonymous = hub.find(stranger, name);
      auto other = hub.find(hub.bob, name);
      ASSERT_FALSE(anonymous || other) << name;
      EXPECT_EQ(anonymous.error().code, ErrorCode::unauthenticated);
      EXPECT_EQ(other.error().code, ErrorCode::not_found);
      EXPECT_EQ(anonymous.error().message, access::hidden(stranger).message);
      EXPECT_EQ(other.error().message, access::hidden(hub.bob).message);
      EXPECT_EQ(other.error().word, "RepoNotFound");
    }
  }
}

TEST_P(Repositories, CacheAnswersWithoutTheDatabaseAndIsExact) {
  auto cached = [&](const Actor& actor, Action action) {
    return hub.repos->cached_find(actor, RepoKind::model, "Ada/Bert", action);
  };
  hub.create(hub.ada, "bert");
  EXPECT_FALSE(cached(stranger, Action::read_content));
  EXPECT_TRUE(hub.find(stranger, "ada/bert"));
  auto hit = cached(stranger, Action::read_content);
  ASSERT_TRUE(hit && *hit);
  EXPECT_FALSE((*hit)->moved);
  EXPECT_EQ((*hit)->repo->name, "ada/bert");
  EXPECT_TRUE(cached(hub.ada, Action::write)->has_value());
  EXPECT_FALSE(cached(hub.bob, Action::write)) << "whether bob may is for the database to say";

  hub.must(hub.run(hub.repos->change_settings(hub.ada, RepoKind::model, "ada/bert",
                                              {.visibility = Visibility::private_})));
  EXPECT_FALSE(hub.find(stranger, "ada/bert"));
  ASSERT_TRUE(cached(stranger, Action::see));
  EXPECT_FALSE(cached(stranger, Action::see)->has_value());
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")));
  EXPECT_FALSE(cached(hub.ada, Action::see));
  EXPECT_FALSE(hub.find(hub.ada, "ada/bert"));
}

TEST_P(Repositories, MovedOneIsFoundUnderEveryOldNameUntilItIsTaken) {
  auto acme = hub.organization("acme");
  auto ada_row = hub.must(hub.read([&](db::Tx& tx) { return account::find_user(tx, "ada"); }));
  hub.join(acme, ada_row, account::Role::admin);
  auto repo = hub.create(hub.ada, "bert");
  EXPECT_TRUE(hub.find(stranger, "ada/bert"));
  auto move = [&](std::string from, std::string to) {
    return hub.run(hub.repos->move(hub.ada, RepoKind::model, from, to));
  };
  EXPECT_EQ(hub.must(move("ada/bert", "ada/bert-2"))->name, "ada/bert-2");
  EXPECT_EQ(hub.must(move("ada/bert-2", "acme/BERT"))->name, "acme/BERT");
  for (const auto* old : {"ada/bert", "ada/bert-2"}) {
    for (int warm = 0; warm < 2; ++warm) {
      auto found = hub.find(stranger, old, Action::read_content);
      ASSERT_TRUE(found) << old;
      EXPECT_TRUE(found->moved);
      EXPECT_EQ(found->repo->name, "acme/BERT");
    }
  }
  EXPECT_FALSE(hub.find(stranger, "acme/bert")->moved) << "another case is the same name";
  hub.create(hub.ada, "bert");
  EXPECT_FALSE(hub.find(stranger, "ada/bert")->moved);
  EXPECT_EQ(hub.find(stranger, "ada/bert")->repo->name, "ada/bert");

  EXPECT_EQ(move("acme/bert", "ada/bert").error().word, "RepoExists");
  EXPECT_EQ(move("acme/bert", "bob/bert").error().word, "Forbidden");
  EXPECT_EQ(move("acme/bert", "nobody/bert").error().word, "OwnerNotFound");
  EXPECT_EQ(move("acme/none", "ada/x").error().word, "RepoNotFound");
  EXPECT_EQ(hub.run(hub.repos->move(hub.bob, RepoKind::model, "acme/bert", "bob/x")).error().word,
            "Forbidden");
  EXPECT_EQ(hub.must(move("acme/bert", "ada/bert-2"))->name, "ada/bert-2") << "back again";
}

TEST_P(Repositories, OldNameOfAHiddenOneTellsNothing) {
  hub.create(hub.ada, "secret", {.visibility = Visibility::private_});
  hub.must(hub.run(hub.repos->move(hub.ada, RepoKind::model, "ada/secret", "ada/hidden")));
  for (int warm = 0; warm < 2; ++warm) {
    EXPECT_TRUE(hub.find(hub.ada, "ada/secret")->moved);
    EXPECT_EQ(word(hub.find(hub.bob, "ada/secret")), "RepoNotFound");
  }
}

TEST_P(Repositories, AliasAndRenamedOwnerLeadOn) {
  hub.create(hub.ada, "bert");
  auto set = [&](db::Tx& tx) -> Result<> {
    account::set_alias(tx, RepoKind::model, "gpt2", "ada/bert");
    account::set_alias(tx, RepoKind::model, "loose", "ada/none");
    hub.repos->forget_everything_after_commit(tx);
    return {};
  };
  hub.must(hub.write(set));
  auto found = hub.find(stranger, "GPT2");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->moved);
  EXPECT_EQ(found->repo->name, "ada/bert");
  EXPECT_FALSE(hub.find(stranger, "loose"));

  auto rename = [&](db::Tx& tx) -> Result<> {
    CAIRN_TRY(owner, account::find_owner(tx, "ada"));
    CAIRN_CHECK(hub.accounts->rename_owner(tx, owner.id, "Lovelace"));
    hub.repos->owner_changed(tx, owner.id);
    return {};
  };
  hub.must(hub.write(rename));
  auto renamed = hub.find(stranger, "ada/bert");
  ASSERT_TRUE(renamed);
  EXPECT_TRUE(renamed->moved);
  EXPECT_EQ(renamed->repo->name, "Lovelace/bert");
  EXPECT_FALSE(hub.find(stranger, "lovelace/bert")->moved);
}

TEST_P(Repositories, DeletedOneIsGoneAtOnceAndCanBeRestored) {
  auto repo = hub.create(hub.ada, "bert");
  hub.put(repo, "a.txt", "x");
  EXPECT_EQ(hub.run(hub.repos->remove(hub.bob, RepoKind::model, "ada/bert")).error().word,
            "Forbidden");
  auto gone = hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")));
  ASSERT_TRUE(gone.purge_at);
  EXPECT_EQ(word(hub.find(hub.ada, "ada/bert")), "RepoNotFound");
  EXPECT_EQ(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")).error().word,
            "RepoNotFound");
  auto waiting = hub.must(hub.run(hub.repos->deleted(hub.ada, "ada")));
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_FALSE(hub.run(hub.repos->deleted(hub.bob, "ada")));

  auto other = hub.create(hub.ada, "bert");
  auto restore = [&](const Actor& actor, std::optional<std::string> name) {
    return hub.run(hub.repos->restore(actor, repo->public_id, name));
  };
  EXPECT_EQ(restore(hub.ada, {}).error().word, "RepoExists");
  EXPECT_EQ(restore(hub.bob, "mine").error().word, "RepoNotFound");
  auto back = hub.must(restore(hub.ada, "bert-old"));
  EXPECT_EQ(back->name, "ada/bert-old");
  EXPECT_EQ(hub.text(back, "a.txt"), "x");
  EXPECT_EQ(hub.find(hub.ada, "ada/bert")->repo->id, other->id);
  EXPECT_EQ(restore(hub.ada, {}).error().word, "RepoNotFound");
}

TEST_P(Repositories, APurgedOwnersRepositoriesGoAtOnce) {
  auto repo = hub.create(hub.ada, "bert");
  auto other = hub.create(hub.bob, "kept");
  auto purge = [&](db::Tx& tx) -> Result<> {
    hub.repos->owner_purged(tx, owner_of(hub.ada.user));
    return {};
  };
  hub.must(hub.write(purge));
  EXPECT_EQ(hub.find(hub.ada, "ada/bert").error().word, "RepoNotFound");
  EXPECT_EQ(hub.must(hub.run(hub.repos->purge_due(10))), 1);
  EXPECT_EQ(hub.run(hub.repos->restore(hub.ada, repo->public_id, {})).error().word, "RepoNotFound");
  EXPECT_EQ(hub.find(hub.bob, "bob/kept")->repo->id, other->id);
}

TEST_P(Repositories, PurgeComesWithTimeAndLeavesNoRow) {
  auto repo = hub.create(hub.ada, "bert");
  hub.upload(repo, "weights");
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")));
  EXPECT_EQ(hub.must(hub.run(hub.repos->purge_due(10))), 0);
  if (GetParam() == db::Engine::sqlite) {  // PostgreSQL's clock does not move for us.
    hub.clock.advance(days(8));
    EXPECT_EQ(hub.must(hub.run(hub.repos->purge_due(10))), 1);
  } else {
    EXPECT_EQ(hub.run(hub.repos->purge(hub.ada, repo->public_id)).error().code,
              ErrorCode::forbidden);
    hub.must(hub.run(hub.repos->purge(Actor::system(), repo->public_id)));
  }
  EXPECT_EQ(hub.run(hub.repos->restore(hub.ada, repo->public_id, {})).error().word, "RepoNotFound");
  auto left = [&](db::Tx& tx) -> Result<bool> {
    return lfs::linked(tx, repo->id, sha256("weights")).has_value() ||
           !hub.history->refs(tx, repo->id, "refs/").empty() ||
           !all_deleted_repos(tx, RepoId{0}, 10).empty();
  };
  EXPECT_FALSE(hub.must(hub.read(left)));
  EXPECT_EQ(hub.events().back(), "repo.purged");
}

TEST_P(Repositories, SettingsChangeWhatIsGivenAndCheckIt) {
  hub.create(hub.ada, "bert");
  auto change = [&](SettingsChange settings, const Actor& actor) {
    return hub.run(
        hub.repos->change_settings(actor, RepoKind::model, "ada/bert", std::move(settings)));
  };
  auto now = hub.must(change({.gating = Gating::manual, .discussions_disabled = true}, hub.ada));
  EXPECT_EQ(now->gating, Gating::manual);
  EXPECT_TRUE(now->settings.discussionsDisabled);
  now = hub.must(change({.discussions_sorting = "trending"}, hub.ada));
  EXPECT_EQ(now->gating, Gating::manual);
  EXPECT_TRUE(now->settings.discussionsDisabled);
  EXPECT_EQ(now->settings.discussionsSorting, "trending");
  EXPECT_EQ(change({.visibility = Visibility::protected_}, hub.ada).error().word,
            "InvalidSettings");
  EXPECT_EQ(change({.discussions_sorting = "x"}, hub.ada).error().word, "InvalidSettings");
  EXPECT_EQ(change({.gated_notifications_email = "x y@"}, hub.ada).error().word, "InvalidSettings");
  EXPECT_EQ(change({.visibility = Visibility::private_}, hub.bob).error().word, "Forbidden");
  EXPECT_EQ(word(hub.find(stranger, "ada/bert", Action::read_content)), "GatedRepo");
  EXPECT_TRUE(hub.find(stranger, "ada/bert", Action::list_files));
}

TEST_P(Repositories, OrganizationRolesDecide) {
  auto carol = member("acme", account::Role::contributor);
  auto repo = hub.create(carol, "bert", {.owner = "Acme"});
  EXPECT_EQ(repo->name, "acme/bert");
  EXPECT_EQ(repo->creator, carol.user);
  EXPECT_TRUE(hub.find(carol, "acme/bert", Action::write)) << "contributors write what they made";
  EXPECT_EQ(hub.run(hub.repos->create(hub.ada, {.owner = "acme", .name = "x"})).error().word,
            "Forbidden");
}

TEST_P(Repositories, InfoFollowsEveryCommitAndDownloadsAreCounted) {
  auto repo = hub.create(hub.ada, "bert");
  auto before = hub.must(hub.run(hub.repos->info(repo, "", {})));
  hub.put(repo, "README.md",
          "---\ntags: [x]\nlibrary_name: peft\n---\nhttps://arxiv.org/abs/1706.03762");
  auto info = hub.must(hub.run(hub.repos->info(hub.again(repo), "", {})));
  EXPECT_NE(info.commit->oid, before.commit->oid);
  EXPECT_EQ(info.repo->sha, info.commit->oid.hex());
  EXPECT_EQ(info.card->fields.library_name, "peft");
  EXPECT_THAT(info.card->fields.tags, ::testing::Contains("arxiv:1706.03762"));
  ASSERT_EQ(info.siblings->size(), 2u);
  EXPECT_EQ((*info.siblings)[1].path, "README.md");
  EXPECT_GT(info.repo->storage_bytes, before.repo->storage_bytes);
  auto old = hub.must(hub.run(hub.repos->info(repo, before.commit->oid.hex(), {})));
  EXPECT_EQ(old.siblings->size(), 1u);
  EXPECT_EQ(hub.run(hub.repos->info(repo, "none", {})).error().word, "RevisionNotFound");

  for (int i = 0; i < 3; ++i)
    hub.repos->count_download(*repo, "config.json", false, std::to_string(i));
  hub.must(hub.run(hub.repos->flush_counters()));
  EXPECT_EQ(hub.again(repo)->downloads, 3);
}

TEST_P(Repositories, LargeFileUrlsAskForTheirUsersRightsAgain) {
  auto repo = hub.create(hub.ada, "bert", {.visibility = Visibility::private_});
  auto allowed = [&](UserId user, Action action) {
    auto ask = [&](db::Tx& tx) { return allow_user(tx, repo->id, user, action); };
    auto result = hub.read(ask);
    return result ? "" : result.error().word;
  };
  EXPECT_EQ(allowed(hub.ada.user, Action::write), "");
  EXPECT_EQ(allowed(hub.bob.user, Action::write), "RepoNotFound");
  EXPECT_EQ(allowed(UserId{0}, Action::write), "") << "the hub itself";
  EXPECT_EQ(allowed(UserId{0}, Action::read_content), "RepoNotFound") << "nobody in particular";
  EXPECT_EQ(allowed(UserId{999}, Action::read_content), "RepoNotFound");
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")));
  EXPECT_EQ(allowed(hub.ada.user, Action::write), "RepoNotFound");
}

INSTANTIATE_TEST_SUITE_P(Engines, Repositories, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

}  // namespace
}  // namespace cairn::repo
