#include "hub/repo/operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Hub;
using ::testing::IsEmpty;
using ::testing::Not;

class Whole : public ::testing::TestWithParam<db::Engine> {
 protected:
  Hub hub{GetParam()};

  Result<RepoRef> duplicate(const Actor& actor, const RepoRef& from, std::string to,
                            DuplicateRequest request = {}) {
    request.to = hub.must(parse_repo_name(to));
    return hub.run(hub.operations->duplicate(actor, from, request));
  }
  CommitRef put_large(const RepoRef& repo, std::string path, std::string content) {
    auto digest = hub.upload(repo, std::move(content));
    return hub.must(hub.commit(hub.ada, repo, hub.header("Add " + path) + hub.large(path, digest)))
        .commit;
  }
  std::vector<std::string> large(const RepoRef& repo) {
    std::vector<std::string> out;
    auto page = hub.must(hub.run(hub.operations->large_files(hub.ada, repo, 100, {})));
    for (const auto& line : page.files) out.push_back(line.file.path.value_or(""));
    std::ranges::sort(out);
    return out;
  }
  void expect_sound(const RepoRef& repo) {
    for (const auto& f : hub.must(hub.history->check(repo->id))) ADD_FAILURE() << f.what;
  }
  static constexpr Time far_future{std::numeric_limits<std::int64_t>::max()};
};

TEST_P(Whole, DuplicateHasFilesHistoryCardSettingsAndLargeFiles) {
  auto from = hub.create(hub.ada, "bert");
  hub.put(from, "README.md", "---\nlicense: mit\ntags: [x]\n---\nSee arxiv.org/abs/1810.04805\n");
  put_large(from, "w.bin", "weights");
  hub.must(hub.run(hub.files->create_tag(hub.ada, from, {"v1", "main", ""})));
  hub.must(hub.run(hub.files->create_branch(hub.ada, from, {.name = "dev"})));
  hub.must(hub.run(hub.repos->change_settings(hub.ada, RepoKind::model, "ada/bert",
                                              {.gating = Gating::automatic})));
  from = hub.again(from);
  auto copy = hub.must(duplicate(hub.ada, from, "ada/copy"));
  EXPECT_EQ(copy->name, "ada/copy");
  EXPECT_EQ(copy->sha, from->sha);
  EXPECT_EQ(copy->gating, Gating::automatic);
  EXPECT_EQ(copy->storage_bytes, from->storage_bytes);
  EXPECT_EQ(hub.listing(copy), hub.listing(from));
  EXPECT_EQ(hub.text(copy, "w.bin"), hub.text(from, "w.bin"));
  EXPECT_THAT(large(copy), ElementsAre("w.bin"));
  auto refs = hub.must(hub.run(hub.files->refs(copy, true)));
  EXPECT_EQ(refs.branches.size(), 2u);
  EXPECT_EQ(refs.tags.size(), 1u);
  auto card = hub.must(hub.run(hub.repos->card(copy)));
  EXPECT_EQ(card->fields.tags, hub.must(hub.run(hub.repos->card(from)))->fields.tags);
  EXPECT_THAT(card->fields.tags, Contains("arxiv:1810.04805"));
  EXPECT_EQ(hub.must(hub.run(hub.files->log(copy, "main", {}))).total, 3);
  expect_sound(copy);
  // They go on apart.
  hub.put(copy, "only-here.txt", "x");
  EXPECT_THAT(hub.listing(from), Not(Contains("only-here.txt")));
  expect_sound(from);
}

TEST_P(Whole, DuplicateLivesOnWhenItsSourceIsPurged) {
  auto from = hub.create(hub.ada, "bert");
  put_large(from, "w.bin", "weights");
  auto copy = hub.must(duplicate(hub.ada, from, "ada/copy"));
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/bert")));
  hub.must(hub.run(hub.repos->purge(Actor::system(), from->public_id)));
  hub.clock.advance(days(400));
  hub.must(hub.history->sweep(seconds(1), false));
  expect_sound(copy);
  auto linked = [&](db::Tx& tx) -> Result<bool> {
    return lfs::linked(tx, copy->id, sha256("weights")).has_value();
  };
  EXPECT_TRUE(hub.must(hub.read(linked)));
}

TEST_P(Whole, DuplicateOfWhatOneMayNotReadDoesNotExist) {
  auto from = hub.create(hub.ada, "bert", {.visibility = Visibility::private_});
  EXPECT_EQ(duplicate(hub.bob, from, "bob/mine").error().word, "RepoNotFound");
  EXPECT_EQ(hub.find(hub.bob, "bob/mine").error().word, "RepoNotFound");
}

TEST_P(Whole, DuplicateRefusesTakenNamesAndForeignOwners) {
  auto from = hub.create(hub.ada, "bert");
  hub.create(hub.bob, "taken");
  auto taken = duplicate(hub.bob, from, "bob/taken");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::conflict);
  EXPECT_EQ(taken.error().fields.at(0).second, "http://hub.example:2247/bob/taken");
  EXPECT_EQ(duplicate(hub.bob, from, "ada/theirs").error().code, ErrorCode::forbidden);
  EXPECT_EQ(duplicate(hub.bob, from, "nobody/x").error().word, "OwnerNotFound");
  EXPECT_EQ(duplicate(hub.bob, from, "bob/x", {.visibility = Visibility::protected_}).error().word,
            "InvalidVisibility");
  // What failed left nothing to restore.
  EXPECT_THAT(hub.must(hub.run(hub.repos->deleted(hub.bob, "bob"))), IsEmpty());
}

TEST_P(Whole, DuplicateOfASpaceTakesVariablesAndNoSecrets) {
  NewRepo request{.kind = RepoKind::space, .name = "demo"};
  request.sdk = "static";
  request.secrets = {{"TOKEN", "s3cret", "of ada"}};
  request.variables = {{"MODE", "demo", {}}};
  auto from = hub.create(hub.ada, "demo", request);
  DuplicateRequest wanted;
  wanted.secrets = {{"OWN", "bob's", {}}};
  auto copy = hub.must(duplicate(hub.bob, from, "bob/demo", wanted));
  auto keys = [&](const Actor& who, const RepoRef& repo, ValueKind kind) {
    std::vector<std::string> out;
    for (const auto& v : hub.must(hub.run(hub.space_values->list(who, repo, kind))))
      out.push_back(v.key + "=" + v.value);
    return out;
  };
  EXPECT_THAT(keys(hub.bob, copy, ValueKind::variable), ElementsAre("MODE=demo"));
  EXPECT_THAT(keys(hub.bob, copy, ValueKind::secret), ElementsAre("OWN="));
  EXPECT_THAT(keys(hub.ada, from, ValueKind::secret), ElementsAre("TOKEN="));
}

TEST_P(Whole, SquashKeepsFilesAndGivesTheOldOnesRoomBackAfterTheGrace) {
  auto repo = hub.create(hub.ada, "bert");
  put_large(repo, "old.bin", "old weights");
  hub.must(hub.commit(hub.ada, repo,
                      hub.header("Drop") + hub.line("deletedFile", {{"path", "old.bin"}})));
  put_large(repo, "new.bin", "new weights");
  auto before = hub.listing(repo);
  auto made = hub.must(hub.run(hub.operations->super_squash(hub.ada, repo, "main", "Fresh start")));
  EXPECT_EQ(hub.again(repo)->sha, made->oid.hex());
  EXPECT_EQ(hub.listing(repo), before);
  auto log = hub.must(hub.run(hub.files->log(repo, "main", {})));
  ASSERT_EQ(log.commits.size(), 1u);
  EXPECT_EQ(log.commits[0]->title, "Fresh start");
  // Within the grace nothing went; after it the unnamed file did.
  hub.must(hub.run(hub.operations->collect(repo->id, Time{0})));
  EXPECT_THAT(large(repo), ElementsAre("new.bin", "old.bin"));
  hub.must(hub.run(hub.operations->collect(repo->id, far_future)));
  EXPECT_THAT(large(repo), ElementsAre("new.bin"));
  EXPECT_LT(hub.again(repo)->storage_bytes, repo->storage_bytes + 11 + 11 + 400);
  expect_sound(repo);
}

TEST_P(Whole, SquashIsForBranchesAndForWriters) {
  auto repo = hub.create(hub.ada, "bert");
  hub.must(hub.run(hub.files->create_tag(hub.ada, repo, {"v1", "main", ""})));
  auto word = [&](const Actor& who, std::string revision, std::string message = "") {
    auto done = hub.run(hub.operations->super_squash(who, repo, revision, message));
    return done ? std::string() : done.error().word;
  };
  EXPECT_EQ(word(hub.ada, "v1"), "NotABranch");
  EXPECT_EQ(word(hub.ada, repo->sha), "NotABranch");
  EXPECT_EQ(word(hub.ada, "nope"), "RevisionNotFound");
  EXPECT_EQ(word(hub.ada, "main", std::string(501, 'x')), "MessageTooLong");
  EXPECT_EQ(word(hub.bob, "main"), "Forbidden");
  EXPECT_EQ(word(hub.ada, "refs/heads/main", std::string(500, 'x')), "");
}

TEST_P(Whole, WorkIsPlannedForWhatASquashLeaves) {
  auto repo = hub.create(hub.ada, "bert");
  hub.must(hub.run(hub.operations->super_squash(hub.ada, repo, "", "")));
  EXPECT_EQ(hub.must(hub.run(hub.operations->collect_waiting(Duration{-1'000'000}))), 1);
}

TEST_P(Whole, LargeFilesThatNoCommitNamedGoAfterTheGrace) {
  auto repo = hub.create(hub.ada, "bert");
  put_large(repo, "named.bin", "weights");
  auto planned = [&](Duration grace) {
    auto plan = [grace](db::Tx& tx) -> Result<std::size_t> {
      plan_unnamed(tx, grace);
      return work::list_work(tx, {.kind = std::string(collect_work)}).size();
    };
    return hub.must(hub.write(plan));
  };
  constexpr Duration in_the_future{-60'000'000};
  EXPECT_EQ(planned(in_the_future), 0u) << "each large file has a name";
  hub.upload(repo, "never committed");
  EXPECT_EQ(planned(days(7)), 0u) << "it may still be";
  EXPECT_EQ(planned(in_the_future), 1u);
  EXPECT_EQ(planned(in_the_future), 1u) << "planned once";
  hub.must(hub.run(hub.operations->collect(repo->id, far_future)));
  EXPECT_THAT(large(repo), ElementsAre("named.bin"));
}

TEST_P(Whole, WhatACommitNamesStaysAlsoWhenNobodyNotedIt) {
  auto repo = hub.create(hub.ada, "bert");
  put_large(repo, "named.bin", "weights");
  auto forget_path = [&](db::Tx& tx) -> Result<> {
    constexpr db::Statement forget{"test.forget_path", "UPDATE lfs_links SET path = NULL"};
    tx.run(forget);
    return {};
  };
  hub.must(hub.write(forget_path));
  auto waiting = [&] {
    auto list = [](db::Tx& tx) -> Result<std::size_t> {
      return lfs::repos_with_unnamed(tx, Time{far_future}, 10).size();
    };
    return hub.must(hub.read(list));
  };
  EXPECT_EQ(waiting(), 1u);
  hub.must(hub.run(hub.operations->collect(repo->id, far_future)));
  EXPECT_EQ(waiting(), 0u) << "looked at once";
  auto page = hub.must(hub.run(hub.operations->large_files(hub.ada, repo, 100, {})));
  ASSERT_EQ(page.files.size(), 1u);
  EXPECT_FALSE(page.files[0].file.path);
}

TEST_P(Whole, DeletedLargeFilesAreGoneFromStoreAndHistory) {
  auto repo = hub.create(hub.ada, "bert");
  put_large(repo, "secret.bin", "secret");
  put_large(repo, "fine.bin", "fine");
  auto other = hub.must(duplicate(hub.ada, repo, "ada/other"));
  hub.must(hub.run(hub.operations->delete_large_files(hub.ada, repo, {sha256("secret")}, true)));
  EXPECT_THAT(hub.listing(repo), Not(Contains("secret.bin")));
  EXPECT_THAT(hub.listing(repo), Contains("fine.bin"));
  EXPECT_THAT(large(repo), ElementsAre("fine.bin"));
  EXPECT_EQ(hub.again(repo)->sha, hub.must(hub.run(hub.files->resolve(repo, "main")))->oid.hex());
  // Who has it by right keeps it.
  EXPECT_THAT(large(other), ElementsAre("fine.bin", "secret.bin"));
  auto purged = [&](db::Tx& tx) -> Result<bool> {
    return was_purged(tx, repo->id, sha256("secret"));
  };
  EXPECT_TRUE(hub.must(hub.read(purged)));
  // Twice is fine.
  hub.must(hub.run(hub.operations->delete_large_files(hub.ada, repo, {sha256("secret")}, true)));
  expect_sound(repo);
}

TEST_P(Whole, WithoutRewritingThePointerStays) {
  auto repo = hub.create(hub.ada, "bert");
  put_large(repo, "w.bin", "weights");
  auto sha = hub.again(repo)->sha;
  hub.must(hub.run(hub.operations->delete_large_files(hub.ada, repo, {sha256("weights")}, false)));
  EXPECT_EQ(hub.again(repo)->sha, sha);
  EXPECT_THAT(hub.listing(repo), Contains("w.bin"));
  EXPECT_THAT(large(repo), IsEmpty());
  auto done = hub.run(hub.operations->delete_large_files(hub.bob, repo, {}, false));
  EXPECT_EQ(done.error().word, "Forbidden");
}

TEST_P(Whole, LargeFilesAreListedInPagesForWritersOnly) {
  auto repo = hub.create(hub.ada, "bert");
  for (int i = 0; i < 5; ++i) put_large(repo, std::to_string(i) + ".bin", std::to_string(i));
  std::vector<std::string> seen;
  std::optional<std::string> cursor;
  do {
    auto page = hub.must(hub.run(hub.operations->large_files(hub.ada, repo, 2, cursor)));
    for (const auto& line : page.files) seen.push_back(*line.file.path);
    cursor = page.next;
  } while (cursor);
  std::ranges::sort(seen);
  EXPECT_THAT(seen, ElementsAre("0.bin", "1.bin", "2.bin", "3.bin", "4.bin"));
  EXPECT_EQ(hub.run(hub.operations->large_files(hub.bob, repo, 2, {})).error().word, "Forbidden");
  EXPECT_EQ(hub.run(hub.operations->large_files(hub.ada, repo, 2, "x")).error().word,
            "InvalidCursor");
}

TEST_P(Whole, LargeFilesAreCopiedBetweenRepositoriesByWhoMay) {
  auto from = hub.create(hub.ada, "from");
  put_large(from, "w.bin", "weights");
  auto to = hub.create(hub.bob, "to");
  auto unknown = sha256("unknown");
  auto lines = hub.must(
      hub.run(hub.operations->copy_large_files(hub.bob, from, to, {sha256("weights"), unknown})));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_FALSE(lines[0].error);
  EXPECT_TRUE(lines[1].error);
  hub.must(hub.commit(hub.bob, to, hub.header("Copy") + hub.large("w.bin", sha256("weights"))));
  EXPECT_EQ(hub.again(to)->storage_bytes - to->storage_bytes, 7);
  auto refused = hub.run(hub.operations->copy_large_files(hub.bob, to, from, {sha256("weights")}));
  EXPECT_EQ(refused.error().word, "Forbidden");
}

TEST_P(Whole, NamesOfDeletedAndMovedRepositoriesWaitForWhoManagesTheOwner) {
  auto org = hub.organization("acme");
  auto carol = hub.user("carol"), dan = hub.user("dan");
  hub.join(org, carol, account::Role::admin);
  hub.join(org, dan, account::Role::contributor);
  auto admin = hub.as(carol), member = hub.as(dan);
  NewRepo request;
  request.owner = "acme";
  hub.create(admin, "gone", request);
  hub.create(admin, "moved", request);
  hub.must(hub.run(hub.repos->remove(admin, RepoKind::model, "acme/gone")));
  hub.must(hub.run(hub.repos->move(admin, RepoKind::model, "acme/moved", "acme/elsewhere")));
  for (std::string name : {"gone", "MOVED"}) {
    request.name = name;
    auto taken = hub.run(hub.repos->create(member, request));
    ASSERT_FALSE(taken) << name;
    EXPECT_EQ(taken.error().word, "NameReserved");
  }
  auto from = hub.create(member, "mine");
  EXPECT_EQ(duplicate(member, from, "acme/gone").error().word, "NameReserved");
  EXPECT_EQ(hub.run(hub.repos->move(member, RepoKind::model, "dan/mine", "acme/gone")).error().word,
            "NameReserved");
  request.name = "gone";
  EXPECT_TRUE(hub.run(hub.repos->create(admin, request)));
  // In one's own account nobody is a stranger.
  hub.create(hub.ada, "own");
  hub.must(hub.run(hub.repos->remove(hub.ada, RepoKind::model, "ada/own")));
  hub.create(hub.ada, "own");
}

INSTANTIATE_TEST_SUITE_P(Engines, Whole, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

// ---- Values of spaces --------------------------------------------------------------------------

class SpaceEnvironment : public Whole {
 protected:
  RepoRef space() {
    NewRepo request{.kind = RepoKind::space, .name = "demo"};
    request.sdk = "static";
    return hub.create(hub.ada, "demo", request);
  }
};

TEST_P(SpaceEnvironment, SecretsAreSealedAndShownWithoutValue) {
  auto repo = space();
  hub.must(
      hub.run(hub.space_values->put(hub.ada, repo, ValueKind::secret, {"TOKEN", "s3cret", {}})));
  auto listed = hub.must(hub.run(hub.space_values->list(hub.ada, repo, ValueKind::secret)));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].value, "");
  auto stored = [&](db::Tx& tx) -> Result<std::string> {
    constexpr db::Statement all{"test.values", "SELECT value FROM space_values"};
    return tx.one(all)->text(0);
  };
  EXPECT_THAT(hub.must(hub.read(stored)), Not(::testing::HasSubstr("s3cret")));
  auto opened = [&](db::Tx& tx) { return open_space_secrets(tx, hub.keyring, *repo); };
  EXPECT_EQ(hub.must(hub.read(opened)).at(0).value, "s3cret");
  auto elsewhere = Keyring({std::string(32, 'z')});
  auto refused = [&](db::Tx& tx) { return open_space_secrets(tx, elsewhere, *repo); };
  EXPECT_EQ(hub.read(refused).error().word, "SealedElsewhere");
}

TEST_P(SpaceEnvironment, RotationSealsUnderTheNewRootAlone) {
  auto repo = space();
  for (int i = 0; i < 3; ++i)
    hub.must(hub.run(hub.space_values->put(hub.ada, repo, ValueKind::secret,
                                           {"K" + std::to_string(i), "v", {}})));
  // The test's world has one root; a second comes in front of it.
  std::string fresh(32, 'n');
  Keyring both({fresh, std::string(32, 'k')});
  SpaceValues values(*hub.database, *hub.repos, both);
  EXPECT_EQ(hub.must(hub.run(values.reseal())), 3);
  Keyring only_new({fresh});
  auto opened = [&](db::Tx& tx) { return open_space_secrets(tx, only_new, *repo); };
  EXPECT_EQ(hub.must(hub.read(opened)).size(), 3u);
}

TEST_P(SpaceEnvironment, KeysValuesAndRightsAreChecked) {
  auto repo = space();
  auto word = [&](const Actor& who, std::string key, std::string value) {
    auto done = hub.run(hub.space_values->put(who, repo, ValueKind::variable,
                                              {std::move(key), std::move(value), {}}));
    return done ? std::string() : done.error().word;
  };
  EXPECT_EQ(word(hub.ada, "A_1", "fine"), "");
  for (const char* key : {"", "1A", "_A", "A-B", "Ä", "A B"})
    EXPECT_EQ(word(hub.ada, key, "x"), "InvalidSpaceValue") << key;
  EXPECT_EQ(word(hub.ada, "A", std::string(64 * 1024 + 1, 'x')), "InvalidSpaceValue");
  EXPECT_EQ(word(hub.bob, "A", "x"), "Forbidden");
  EXPECT_EQ(hub.run(hub.space_values->list(hub.bob, repo, ValueKind::variable)).error().word,
            "Forbidden");
  hub.must(hub.run(hub.space_values->remove(hub.ada, repo, ValueKind::variable, "A_1")));
  hub.must(hub.run(hub.space_values->remove(hub.ada, repo, ValueKind::variable, "A_1")));
  EXPECT_THAT(hub.must(hub.run(hub.space_values->list(hub.ada, repo, ValueKind::variable))),
              IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Engines, SpaceEnvironment, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

}  // namespace
}  // namespace cairn::repo
