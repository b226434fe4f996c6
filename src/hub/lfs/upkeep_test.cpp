#include <gtest/gtest.h>

#include "hub/lfs/store.h"
#include "hub/lfs/testing.h"

namespace cairn::lfs {
namespace {

using testing::bytes_of;
using testing::run;
using testing::wanted;

class LfsUpkeep : public ::testing::TestWithParam<db::Engine>, public testing::World {
 protected:
  LfsUpkeep() : World(GetParam()) {}

  bool drop(RepoId repo, const std::string& file, Parting parting = Parting::after_grace) {
    return write([&](db::Tx& tx) { return unlink(tx, repo, sha256(file), parting); });
  }
  std::vector<Finding> findings() {
    std::vector<Finding> out;
    auto keep = [&](Finding finding) { out.push_back(std::move(finding)); };
    EXPECT_TRUE(run(lfs->check(keep)));
    return out;
  }
  /// Moves the clocks of the program and of the disk.
  void wait(Duration time) {
    clock.advance(time);
    files->advance(time);
  }
  const std::string bytes = bytes_of(5000);
};
INSTANTIATE_TEST_SUITE_P(Engines, LfsUpkeep, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(LfsUpkeep, AnObjectLivesAsLongAsOneRepositoryHasIt) {
  ASSERT_TRUE(upload(ada_model, bytes));
  ASSERT_TRUE(upload(bob_model, bytes));
  EXPECT_TRUE(drop(ada_model, bytes));
  EXPECT_FALSE(drop(ada_model, bytes));
  ASSERT_TRUE(run(lfs->collect(Duration{0}, false)));
  EXPECT_EQ(content(bob_model, sha256(bytes)).value(), bytes);
  EXPECT_TRUE(drop(bob_model, bytes));
  EXPECT_EQ(run(lfs->collect(Duration{0}, true))->objects, 1u);
  EXPECT_EQ(stored().size(), 1u);  // a dry run deletes nothing
  auto sweep = run(lfs->collect(Duration{0}, false)).value();
  EXPECT_EQ(sweep.objects, 1u);
  EXPECT_EQ(sweep.bytes, bytes.size());
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(run(lfs->collect(Duration{0}, false))->objects, 0u);
}

TEST_P(LfsUpkeep, CondemnedObjectsKeepTheirGrace) {
  if (GetParam() == db::Engine::postgres) GTEST_SKIP() << "its clock cannot be moved";
  ASSERT_TRUE(upload(ada_model, bytes));
  ASSERT_TRUE(drop(ada_model, bytes));
  wait(hours(23));
  EXPECT_EQ(run(lfs->collect(hours(24), false))->objects, 0u);
  wait(hours(1));
  EXPECT_EQ(run(lfs->collect(hours(24), false))->objects, 1u);
  EXPECT_TRUE(stored().empty());
}

TEST_P(LfsUpkeep, PurgedObjectsHaveNoGrace) {
  ASSERT_TRUE(upload(ada_model, bytes));
  ASSERT_TRUE(drop(ada_model, bytes, Parting::at_once));
  EXPECT_EQ(run(lfs->collect(days(30), false))->objects, 1u);
  EXPECT_TRUE(stored().empty());
}

TEST_P(LfsUpkeep, BytesThatNoRowNamesGoWhenTheyAreOld) {
  auto key = storage::make_key("lfs", sha256(bytes).hex());
  ASSERT_TRUE(store->put(key, bytes));
  ASSERT_TRUE(upload(ada_model, bytes_of(10)));
  // A moment ago: an upload that is about to be linked.
  EXPECT_EQ(run(lfs->collect(Duration{0}, false))->objects, 0u);
  wait(hours(2));
  EXPECT_EQ(run(lfs->collect(Duration{0}, true))->objects, 1u);
  EXPECT_EQ(run(lfs->collect(Duration{0}, false))->objects, 1u);
  EXPECT_FALSE(store->open(key));
  EXPECT_EQ(stored().size(), 1u);
}

TEST_P(LfsUpkeep, CheckIsCleanWhenAllIsWell) {
  for (unsigned i = 0; i < 3; ++i) ASSERT_TRUE(upload(ada_model, bytes_of(1'500'000, i)));
  EXPECT_TRUE(findings().empty());
}

TEST_P(LfsUpkeep, CheckFindsChangedShortenedAndLostBytes) {
  auto changed = upload(ada_model, bytes_of(1000, 1)).value();
  auto shortened = upload(ada_model, bytes_of(1000, 2)).value();
  auto lost = upload(ada_model, bytes_of(1000, 3)).value();
  auto replace = [&](const Linked& file, const std::string& with) {
    ASSERT_TRUE(store->remove(file.key));
    ASSERT_TRUE(store->put(file.key, with));
  };
  replace(changed, bytes_of(1000, 4));
  replace(shortened, bytes_of(999, 2));
  ASSERT_TRUE(store->remove(lost.key));
  auto found = findings();
  ASSERT_EQ(found.size(), 3u);
  for (const auto& finding : found) EXPECT_TRUE(finding.is_error) << finding.what;
  EXPECT_NE(found[0].what.find("SHA-256"), std::string::npos) << found[0].what;
  EXPECT_NE(found[1].what.find("999 bytes"), std::string::npos) << found[1].what;
  EXPECT_EQ(found[2].key, lost.key.text);
  // A reader is told that it is the hub's fault.
  EXPECT_EQ(content(ada_model, lost.sha256).error().code, ErrorCode::corrupt);
}

TEST_P(LfsUpkeep, CheckListsWhatIsUnreachable) {
  ASSERT_TRUE(upload(ada_model, bytes));
  ASSERT_TRUE(drop(ada_model, bytes));
  ASSERT_TRUE(store->put(storage::make_key("lfs", sha256("x").hex()), "x"));
  auto found = findings();
  ASSERT_EQ(found.size(), 2u);
  for (const auto& finding : found) EXPECT_FALSE(finding.is_error) << finding.what;
}

// ---- Links ----

TEST_P(LfsUpkeep, ADuplicateHasEveryFileAndSharesItsBytes) {
  for (unsigned i = 0; i < 3; ++i) ASSERT_TRUE(upload(ada_model, bytes_of(100 + i, i)));
  EXPECT_EQ(write([&](db::Tx& tx) { return link_all_for_duplicate(tx, ada_model, bob_model); }), 3);
  EXPECT_EQ(content(bob_model, sha256(bytes_of(101, 1))).value(), bytes_of(101, 1));
  EXPECT_EQ(stored().size(), 3u);
  EXPECT_EQ(read([&](db::Tx& tx) { return stored_bytes(tx, bob_model); }), 303u);
  // In steps, as a purge does it.
  auto step = [&](db::Tx& tx) { return unlink_all(tx, ada_model, 2, Parting::at_once); };
  EXPECT_EQ(write(step), 2);
  EXPECT_EQ(write(step), 1);
  EXPECT_EQ(read([&](db::Tx& tx) { return stored_bytes(tx, ada_model); }), 0u);
  EXPECT_EQ(run(lfs->collect(Duration{0}, false))->objects, 0u);
}

TEST_P(LfsUpkeep, OneFileIsLinkedFromARepositoryThatHasIt) {
  ASSERT_TRUE(upload(ada_model, bytes));
  auto copy = [&](RepoId from, RepoId to, const Sha256Digest& digest) {
    return write([&](db::Tx& tx) { return link_from(tx, from, to, digest, user); });
  };
  EXPECT_FALSE(copy(bob_model, ada_model, sha256(bytes)));
  EXPECT_TRUE(copy(ada_model, bob_model, sha256(bytes)));
  EXPECT_TRUE(copy(ada_model, bob_model, sha256(bytes)));  // again is fine
  EXPECT_FALSE(copy(ada_model, bob_model, sha256("other")));
  EXPECT_EQ(content(bob_model, sha256(bytes)).value(), bytes);
}

TEST_P(LfsUpkeep, FilesAreListedNewestFirstInPages) {
  std::vector<Sha256Digest> pushed;
  for (unsigned i = 0; i < 5; ++i) {
    ASSERT_TRUE(upload(ada_model, bytes_of(100 + i, i)));
    pushed.push_back(sha256(bytes_of(100 + i, i)));
    clock.advance(seconds(1));
  }
  write([&](db::Tx& tx) {
    note_path(tx, ada_model, pushed[0], "a/first.bin", "refs/heads/main");
    note_path(tx, ada_model, pushed[0], "b/second.bin", "refs/heads/dev");  // the first one stays
    return true;
  });
  std::vector<File> all;
  std::optional<FilePosition> after;
  while (true) {
    auto page = read([&](db::Tx& tx) { return list_files(tx, ada_model, after, 2); });
    if (page.empty()) break;
    all.insert(all.end(), page.begin(), page.end());
    after = FilePosition{all.back().pushed_at, all.back().sha256};
  }
  ASSERT_EQ(all.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(all[i].sha256, pushed[4 - i]);
  EXPECT_EQ(all[4].path, "a/first.bin");
  EXPECT_EQ(all[4].ref, "refs/heads/main");
  EXPECT_EQ(all[4].pusher, user);
  EXPECT_FALSE(all[3].path);
}

TEST_P(LfsUpkeep, NoStatementReadsATableFromEndToEnd) {
  for (const auto* statement : statements()) {
    auto plan = database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << plan.error().message;
    // What is no table is a subquery with a limit.
    for (const auto& table : plan->full_scans)
      EXPECT_TRUE(table != "objects" && !table.starts_with("lfs_")) << statement->name;
  }
}

}  // namespace
}  // namespace cairn::lfs
