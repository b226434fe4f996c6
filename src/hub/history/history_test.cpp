#include "hub/history/history_fixture.h"

namespace cairn::history {
namespace {

TEST_F(HistoryTest, CommitIsReadBackAlsoAfterReopening) {
  auto made = commit(put("data/a.txt", "hello"));
  ASSERT_TRUE(made) << made.error().message;
  reopen();
  auto head = resolve("main");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->oid, made->oid);
  EXPECT_EQ(head->generation, 2);
  auto entry = history_->entry(*head, "data/a.txt");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->size_bytes, 5u);
  EXPECT_EQ(entry->last_commit, made->oid);
  EXPECT_EQ(**history_->blob(repo_, entry->oid, 100), "hello");
  EXPECT_EQ(listing(*head, {.folder = "", .recursive = true}),
            (std::vector<std::string>{".gitattributes", "data", "data/a.txt"}));
  expect_sound();
}

TEST_F(HistoryTest, UnchangedFilesKeepTheirLastCommit) {
  auto first = commit(put("a.txt", "1"));
  auto second = commit(put("b.txt", "2"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(history_->entry(*second, "a.txt")->last_commit, first->oid);
  EXPECT_EQ(history_->entry(*second, "b.txt")->last_commit, second->oid);
}

TEST_F(HistoryTest, ManyCommitsAtOnceAllLandAndNoneIsLost) {
  std::vector<CommitPlan> plans;
  for (int i = 0; i < 150; ++i)
    plans.push_back(put("f" + std::to_string(i) + ".txt", std::to_string(i)));
  for (const auto& made : commit_all(std::move(plans)))
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
  auto head = resolve("main");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->generation, 151);
  EXPECT_EQ(listing(*head, {}).size(), 151u);
  expect_sound();
}

TEST_F(HistoryTest, PacksAreMergedSoThatReadsSeeFew) {
  for (int i = 0; i < 220; ++i) ASSERT_TRUE(commit(put("f.txt", std::to_string(i))));
  EXPECT_TRUE(resolve("main"));
  auto count = [&](db::Tx& tx) -> Result<std::int64_t> {
    constexpr db::Statement sql{"test.packs", "SELECT count(*) FROM repo_packs"};
    return tx.one(sql)->integer(0);
  };
  EXPECT_LE(*database_->read_now(count), 40);
  expect_sound();
}

TEST_F(HistoryTest, StaleParentIsRefusedAndNothingChanges) {
  auto base = resolve("main");
  ASSERT_TRUE(commit(put("a", "1")));
  auto late = put("b", "2");
  late.expected_head = base->oid;
  auto made = commit(std::move(late));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::precondition_failed);
  EXPECT_EQ(resolve("main")->generation, 2);
}

TEST_F(HistoryTest, OneRefusedCommitDoesNotHoldUpTheOthers) {
  std::vector<CommitPlan> plans;
  for (int i = 0; i < 10; ++i) plans.push_back(put("f" + std::to_string(i), "x"));
  plans[4].within = [](db::Tx&, const CommitInfo&) -> Result<> {
    return fail(ErrorCode::forbidden, "Forbidden", "no");
  };
  plans[6].edit = [](Editor& e) { return e.remove(*git::parse_path("nothing")); };
  auto made = commit_all(std::move(plans));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(made[i].has_value(), i != 4 && i != 6) << i;
  EXPECT_EQ(made[6].error().word, "EntryNotFound");
  auto head = resolve("main");
  EXPECT_EQ(head->generation, 9);
  EXPECT_FALSE(history_->entry(*head, "f4"));
  expect_sound();
}

TEST_F(HistoryTest, LargeFoldersAreListedInPages) {
  auto many = plan("Many", [](Editor& e) -> Result<> {
    for (int i = 0; i < 3000; ++i) {
      std::string n = std::to_string(i);
      CAIRN_CHECK(e.put(*git::parse_path("dir/" + std::string(6 - n.size(), '0') + n), n));
    }
    return {};
  });
  auto made = commit(std::move(many));
  ASSERT_TRUE(made) << made.error().message;
  auto all = listing(*made, {.folder = "dir", .recursive = false, .limit = 700});
  EXPECT_EQ(all.size(), 3000u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  auto recursive = listing(*made, {.folder = "", .recursive = true, .limit = 1000});
  EXPECT_EQ(recursive.size(), 3002u);
  EXPECT_EQ(history_->entry(*made, "dir")->files, 3000u);
  auto one = commit(put("dir/001500", "changed"));
  ASSERT_TRUE(one);
  EXPECT_EQ(history_->entry(*one, "dir/001500")->last_commit, one->oid);
  EXPECT_EQ(history_->entry(*one, "dir/001501")->last_commit, made->oid);
  expect_sound();
}

TEST_F(HistoryTest, StagedBlobsComeFromTheirOwnPack) {
  auto staging = history_->stage();
  std::vector<std::pair<std::string, git::Oid>> blobs;
  for (int i = 0; i < 300; ++i) {
    std::string content(1000, static_cast<char>('a' + i % 26));
    content += std::to_string(i);
    blobs.emplace_back("f" + std::to_string(i), *staging->add(content));
  }
  auto p = plan("Staged", [blobs](Editor& e) -> Result<> {
    for (const auto& [path, oid] : blobs)
      CAIRN_CHECK(e.put_staged(*git::parse_path(path), oid, 1000));
    return {};
  });
  p.staging = staging;
  auto made = commit(std::move(p));
  ASSERT_TRUE(made) << made.error().message;
  auto content = history_->blob(repo_, history_->entry(*made, "f299")->oid, 5000);
  ASSERT_TRUE(content);
  EXPECT_TRUE((*content)->ends_with("299"));
  expect_sound();
}

TEST_F(HistoryTest, FoldersVanishWithTheirLastFileAndFilesBlockFolders) {
  ASSERT_TRUE(commit(put("a/b/c.txt", "x")));
  auto blocked = commit(put("a/b/c.txt/d", "x"));
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error().word, "PathConflict");
  auto gone =
      commit(plan("Remove", [](Editor& e) { return e.remove(*git::parse_path("a/b/c.txt")); }));
  ASSERT_TRUE(gone);
  EXPECT_EQ(history_->entry(*gone, "a").error().word, "EntryNotFound");
  expect_sound();
}

TEST_F(HistoryTest, FolderCopiesAreNewAtTheirPath) {
  ASSERT_TRUE(commit(put("a/b/c.txt", "x")));
  auto moved = commit(plan("Move", [](Editor& e) -> Result<> {
    CAIRN_CHECK(e.copy(*git::parse_path("a"), *git::parse_path("z")));
    return e.remove(*git::parse_path("a"));
  }));
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(history_->entry(*moved, "z/b/c.txt")->last_commit, moved->oid);
  expect_sound();
}

TEST_F(HistoryTest, RevisionsInEveryFormAndOnlyReachableOnes) {
  auto made = commit(put("a", "1"));
  auto tag = [&](db::Tx& tx) -> Result<> {
    CAIRN_TRY(object, history_->insert_tag_object(tx, repo_, made->oid, "v1", author(), "first"));
    return history_->move_ref(tx, repo_, "refs/tags/v1", {}, made->oid, {}, "create", object);
  };
  ASSERT_TRUE(database_->write_now(tag));
  std::string id = made->oid.hex();
  for (std::string revision :
       std::vector<std::string>{"main", "HEAD", "refs/heads/main", "v1", "refs/tags/v1"})
    EXPECT_EQ(resolve(revision)->oid, made->oid) << revision;
  EXPECT_EQ(resolve(id)->oid, made->oid);
  EXPECT_EQ(resolve(id.substr(0, 8))->oid, made->oid);
  EXPECT_EQ(history_->cached_resolve(repo_, "main", "main")->oid, made->oid);
  for (const std::string& revision :
       std::vector<std::string>{"nope", "--upload-pack=x", "main@{1}", std::string(40, '0')})
    EXPECT_EQ(resolve(revision).error().word, "RevisionNotFound") << revision;

  // A branch that is deleted takes its own commits out of sight.
  auto branch = [&](db::Tx& tx) {
    return history_->move_ref(tx, repo_, "refs/heads/dev", {}, made->oid, {}, "create");
  };
  ASSERT_TRUE(database_->write_now(branch));
  auto on_dev = put("b", "2");
  on_dev.ref = "refs/heads/dev";
  auto dev = commit(std::move(on_dev));
  ASSERT_TRUE(dev);
  EXPECT_TRUE(resolve(dev->oid.hex()));
  auto remove = [&](db::Tx& tx) {
    return history_->move_ref(tx, repo_, "refs/heads/dev", dev->oid, {}, {}, "delete");
  };
  ASSERT_TRUE(database_->write_now(remove));
  EXPECT_EQ(resolve(dev->oid.hex()).error().word, "RevisionNotFound");
  expect_sound();
}

TEST_F(HistoryTest, RefNamesThatConflictAsFileAndFolderAreRefused) {
  auto head = resolve("main")->oid;
  auto create = [&](std::string name) {
    auto make = [&](db::Tx& tx) {
      return history_->move_ref(tx, repo_, name, {}, head, {}, "create");
    };
    return database_->write_now(make);
  };
  ASSERT_TRUE(create("refs/heads/a"));
  EXPECT_EQ(create("refs/heads/a").error().word, "RefExists");
  EXPECT_EQ(create("refs/heads/a/b").error().word, "RefConflict");
  EXPECT_EQ(create("refs/heads/main/x").error().word, "RefConflict");
  ASSERT_TRUE(create("refs/heads/x/y"));
  EXPECT_EQ(create("refs/heads/x").error().word, "RefConflict");
}

TEST_F(HistoryTest, LogIsNewestFirstAndPaged) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(commit(put("f", std::to_string(i))));
  auto head = *resolve("main");
  auto log = [&](std::int64_t skip, int limit) {
    auto read = [&](db::Tx& tx) { return history_->log(tx, repo_, head, skip, limit); };
    return *database_->read_now(read);
  };
  EXPECT_EQ(log(0, 100).size(), 6u);
  auto page = log(2, 2);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].generation, 4);
  EXPECT_EQ(page[1].generation, 3);
}

TEST_F(HistoryTest, LargeFolderCostsItsChangesNotItsSize) {
  ASSERT_TRUE(commit(plan("Many", [](Editor& e) -> Result<> {
    for (int i = 0; i < 3000; ++i)
      CAIRN_CHECK(e.put(*git::parse_path("d/f" + std::to_string(i)), std::to_string(i)));
    return {};
  })));
  auto stored = [&] {
    auto read = [&](db::Tx& tx) -> Result<std::int64_t> {
      constexpr db::Statement sum{"test.packs", R"sql(
        SELECT COALESCE(SUM(size_bytes), 0) FROM packs WHERE unlinked_at IS NULL)sql"};
      return tx.one(sum)->integer(0);
    };
    return *database_->read_now(read);
  };
  auto before = stored();
  // The folder's tree has some 100 KB: 15 whole ones would be a megabyte.
  for (int i = 0; i < 15; ++i)
    ASSERT_TRUE(commit(put("d/f" + std::to_string(i * 100), "again " + std::to_string(i))));
  EXPECT_LT(stored() - before, 30'000);
  expect_sound();
  // Back and forth, through several merges of packs, alone and many at once.
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(commit(put("d/f7", i % 2 ? "a" : "b")));
  std::vector<CommitPlan> plans;
  for (int i = 0; i < 30; ++i) plans.push_back(put("d/f8", i % 3 ? "a" : "b"));
  for (auto& made : commit_all(std::move(plans))) ASSERT_TRUE(made) << made.error().message;
  reopen();
  expect_sound();
  EXPECT_EQ(history_->entry(*resolve("main"), "d/f2999")->size_bytes, 4u);
}

TEST_F(HistoryTest, SweepRemovesOnlyWhatNothingLeadsTo) {
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(commit(put("f.txt", std::to_string(i))));
  RepoId other{8};
  auto copy = history_->prepare_copy(repo_, refs());
  ASSERT_TRUE(copy) << copy.error().message;
  auto duplicate = [&](db::Tx& tx) {
    history_->copy_commits(tx, other, **copy, 0, (*copy)->commits.size());
    return history_->finish_copy(tx, other, **copy, {});
  };
  ASSERT_TRUE(database_->write_now(duplicate));
  auto purge = [&](db::Tx& tx) { return history_->purge(tx, repo_); };
  ASSERT_TRUE(database_->write_now(purge));
  // The database has its own clock, so grace is counted back from a clock far ahead.
  clock_.advance(days(4000));
  auto swept = history_->sweep(seconds(1), false);
  ASSERT_TRUE(swept) << swept.error().message;
  auto found = history_->check(other);
  ASSERT_TRUE(found);
  for (const auto& f : *found) ADD_FAILURE() << f.what;
  auto purge_other = [&](db::Tx& tx) { return history_->purge(tx, other); };
  ASSERT_TRUE(database_->write_now(purge_other));
  EXPECT_GT(history_->sweep(seconds(1), false)->objects, 0u);
  EXPECT_EQ(history_->sweep(seconds(1), false)->objects, 0u);
}

}  // namespace
}  // namespace cairn::history
