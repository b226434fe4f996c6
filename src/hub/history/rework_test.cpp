#include <gmock/gmock.h>

#include "hub/history/history_fixture.h"

namespace cairn::history {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

const RepoId copy_id{8};

class Rework : public HistoryTest {
 protected:
  /// A large file by its pointer, as hub/repo commits it.
  CommitPlan put_large(std::string path, std::string content) {
    return plan("Add " + path, [=](Editor& e) {
      LargeFile large{sha256(content), content.size()};
      return e.put(*git::parse_path(path), pointer(content), large);
    });
  }
  static std::string pointer(const std::string& content) {
    return "version https://git-lfs.github.com/spec/v1\noid sha256:" + sha256(content).hex() +
           "\nsize " + std::to_string(content.size()) + "\n";
  }
  CommitPlan remove(std::string path) {
    return plan("Delete " + path, [=](Editor& e) { return e.remove(*git::parse_path(path)); });
  }
  void move(std::string ref, std::optional<git::Oid> from, std::optional<git::Oid> to) {
    auto write = [&](db::Tx& tx) {
      return history_->move_ref(tx, repo_, ref, from, to, {}, "test");
    };
    ASSERT_TRUE(database_->write_now(write));
  }
  CommitInfo at(std::string revision, RepoId repo = RepoId{7}) {
    auto read = [&](db::Tx& tx) { return history_->resolve(tx, repo, revision, "main"); };
    auto found = database_->read_now(read);
    EXPECT_TRUE(found) << revision;
    return found.value_or(CommitInfo{});
  }
  Result<CommitInfo> squash(std::string title = "Start again") {
    return history_->squash({repo_, "refs/heads/main", author(), {title, ""}, {}, {}});
  }
  std::shared_ptr<const Copy> copy_to(RepoId to, std::vector<Ref> wanted) {
    auto copy = history_->prepare_copy(repo_, std::move(wanted));
    EXPECT_TRUE(copy) << copy.error().message;
    auto write = [&](db::Tx& tx) {
      for (std::size_t i = 0; i < (*copy)->commits.size(); i += 3)
        history_->copy_commits(tx, to, **copy, i, 3);
      return history_->finish_copy(tx, to, **copy, {});
    };
    EXPECT_TRUE(database_->write_now(write));
    return *copy;
  }
  bool has_object(RepoId repo, const git::Oid& oid) {
    return history_->blob(repo, oid, 1 << 20).has_value();
  }
  Collected collect(Time logged_before) {
    auto done = history_->collect({repo_, logged_before, {}});
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(Collected{});
  }
  /// Later than everything that the database's clock has written.
  static Time never() { return Time{std::numeric_limits<std::int64_t>::max()}; }
  static constexpr Time always{0};
};

TEST_F(Rework, SquashLeavesOneCommitWithTheSameFiles) {
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE(commit(put("d/f" + std::to_string(i % 7), std::to_string(i))));
  auto before = at("main");
  auto made = squash();
  ASSERT_TRUE(made) << made.error().message;
  auto now = at("main");
  EXPECT_EQ(now.oid, made->oid);
  EXPECT_EQ(now.tree, before.tree);
  EXPECT_TRUE(now.parents.empty());
  EXPECT_EQ(now.generation, 1);
  EXPECT_EQ(listing(now, {.recursive = true}), listing(before, {.recursive = true}));
  for (const char* path : {".gitattributes", "d", "d/f3"})
    EXPECT_EQ(history_->entry(now, path)->last_commit, now.oid) << path;
  EXPECT_FALSE(resolve(before.oid.hex()));  // Not reachable any more.
  expect_sound();
  // Commits go on from there.
  ASSERT_TRUE(commit(put("d/f3", "after")));
  EXPECT_EQ(at("main").generation, 2);
  expect_sound();
}

TEST_F(Rework, SquashOfAMissingBranchOrARefusedOneChangesNothing) {
  auto head = at("main");
  SquashPlan plan{repo_, "refs/heads/none", author(), {"t", ""}, {}, {}};
  EXPECT_EQ(history_->squash(plan).error().word, "RevisionNotFound");
  plan.ref = "refs/heads/main";
  plan.within = [](db::Tx&, const CommitInfo&) -> Result<> {
    return fail(ErrorCode::forbidden, "Forbidden", "No.");
  };
  EXPECT_EQ(history_->squash(plan).error().word, "Forbidden");
  EXPECT_EQ(at("main").oid, head.oid);
}

TEST_F(Rework, CollectionDropsWhatNoRefReachesAfterItsGrace) {
  ASSERT_TRUE(commit(put("gone.txt", "only in the old history")));
  auto old = at("main");
  auto gone = history_->entry(old, "gone.txt")->oid;
  ASSERT_TRUE(commit(remove("gone.txt")));
  ASSERT_TRUE(commit(put("kept.txt", "stays")));
  ASSERT_TRUE(squash());
  EXPECT_EQ(collect(always).commits, 0);  // The log keeps them.
  reopen();
  EXPECT_TRUE(has_object(repo_, gone));
  auto done = collect(never());
  EXPECT_EQ(done.commits, 4);
  EXPECT_GT(done.bytes_freed, 0);
  reopen();
  EXPECT_FALSE(has_object(repo_, gone));
  EXPECT_TRUE(has_object(repo_, history_->entry(at("main"), "kept.txt")->oid));
  expect_sound();
  EXPECT_EQ(collect(never()).packs, 0);  // Once is enough.
  ASSERT_TRUE(commit(put("kept.txt", "goes on")));
  expect_sound();
}

TEST_F(Rework, CollectionKeepsTheFormThatOthersLeanOn) {
  // A large folder goes back and forth: each of its trees is a delta of the other in some pack. The
  // pack with the whole one also holds what is to go.
  auto many = plan("Many", [](Editor& e) -> Result<> {
    for (int i = 0; i < 1500; ++i)
      CAIRN_CHECK(e.put(*git::parse_path("d/f" + std::to_string(i)), std::to_string(i)));
    return {};
  });
  ASSERT_TRUE(commit(std::move(many)));
  auto side = at("main");
  move("refs/heads/side", {}, side.oid);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(commit(put("d/f7", i % 2 ? "7" : "other")));
  auto extra = put("only-side.txt", "goes");
  extra.ref = "refs/heads/side";
  ASSERT_TRUE(commit(extra));
  move("refs/heads/side", at("side").oid, {});
  EXPECT_EQ(collect(never()).commits, 1);
  reopen();
  expect_sound();
  auto copied = copy_to(copy_id, refs());
  expect_sound(copy_id);
  ASSERT_TRUE(squash());
  EXPECT_GT(collect(never()).commits, 0);
  reopen();
  expect_sound();
  expect_sound(copy_id);
}

TEST_F(Rework, CollectionKeepsEverythingThatABranchReaches) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(commit(put("f.txt", std::to_string(i))));
  auto side = at("main");
  move("refs/heads/side", {}, side.oid);
  ASSERT_TRUE(squash());
  EXPECT_EQ(collect(never()).commits, 0);
  EXPECT_EQ(at("side").oid, side.oid);
  expect_sound();
}

TEST_F(Rework, CopyHoldsNothingThatItsRefsDoNotReach) {
  ASSERT_TRUE(commit(put("shared.txt", "for all")));
  auto base = at("main");
  move("refs/pr/1", {}, base.oid);
  auto secret = put("secret.txt", "of a pull request");
  secret.ref = "refs/pr/1";
  ASSERT_TRUE(commit(secret));
  auto hidden = history_->entry(at("refs/pr/1"), "secret.txt")->oid;
  ASSERT_TRUE(commit(put("more.txt", "public again")));
  std::vector<Ref> wanted;
  for (auto& ref : refs())
    if (ref.name == "refs/heads/main") wanted.push_back(ref);
  auto copy = copy_to(copy_id, wanted);
  EXPECT_EQ(copy->commits.size(), 3u);
  EXPECT_EQ(at("main", copy_id).oid, at("main").oid);
  EXPECT_FALSE(has_object(copy_id, hidden));
  EXPECT_TRUE(has_object(copy_id, history_->entry(base, "shared.txt")->oid));
  expect_sound(copy_id);
}

TEST_F(Rework, CopyOutOfAMergedPackTakesOnlyItsPart) {
  // So many commits that packs are merged: one pack holds both branches.
  auto base = at("main");
  move("refs/pr/1", {}, base.oid);
  for (int i = 0; i < 25; ++i) {
    auto other = put("secret.txt", "secret " + std::to_string(i));
    other.ref = "refs/pr/1";
    ASSERT_TRUE(commit(other));
    ASSERT_TRUE(commit(put("open.txt", std::to_string(i))));
  }
  auto hidden = history_->entry(at("refs/pr/1"), "secret.txt")->oid;
  std::vector<Ref> wanted;
  for (auto& ref : refs())
    if (ref.name == "refs/heads/main") wanted.push_back(ref);
  copy_to(copy_id, wanted);
  EXPECT_FALSE(has_object(copy_id, hidden));
  expect_sound(copy_id);
  // The source goes, the copy stays whole.
  auto purge = [&](db::Tx& tx) { return history_->purge(tx, repo_); };
  ASSERT_TRUE(database_->write_now(purge));
  clock_.advance(days(4000));
  ASSERT_TRUE(history_->sweep(seconds(1), false));
  expect_sound(copy_id);
}

TEST_F(Rework, CopyNamesItsLargeFilesAndNoOthers) {
  ASSERT_TRUE(commit(put_large("a.bin", "large a")));
  ASSERT_TRUE(commit(remove("a.bin")));
  auto side = at("main");
  move("refs/heads/side", {}, side.oid);
  ASSERT_TRUE(commit(put_large("b.bin", "large b")));
  std::vector<Ref> wanted;
  for (auto& ref : refs())
    if (ref.name == "refs/heads/side") wanted.push_back(ref);
  auto copy = copy_to(copy_id, wanted);
  EXPECT_THAT(copy->large_files, ElementsAre(std::pair(sha256("large a"), 7u)));
}

TEST_F(Rework, RemovedLargeFileIsInNoCommitAndTheRestIsAsBefore) {
  ASSERT_TRUE(commit(put("d/keep.txt", "1")));
  auto untouched = at("main");
  ASSERT_TRUE(commit(put_large("d/big.bin", "secret weights")));
  ASSERT_TRUE(commit(put("d/keep.txt", "2")));
  ASSERT_TRUE(commit(put_large("only/here.bin", "secret weights")));
  move("refs/heads/side", {}, at("main").oid);
  ASSERT_TRUE(commit(put_large("other.bin", "other")));
  auto before = at("main");
  auto done = history_->remove_large_files({repo_, {sha256("secret weights")}, {}, {}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->size(), 2u);
  auto now = at("main");
  EXPECT_NE(now.oid, before.oid);
  EXPECT_EQ(now.generation, before.generation);
  EXPECT_EQ(now.title, before.title);
  EXPECT_THAT(listing(now, {.recursive = true}),
              ElementsAre(".gitattributes", "d", "d/keep.txt", "other.bin"));
  EXPECT_EQ(history_->entry(now, "other.bin")->last_commit, now.oid);
  // The commits before the first that had it keep their ids, and what changed last keeps its word.
  EXPECT_TRUE(resolve(untouched.oid.hex()));
  EXPECT_EQ(history_->entry(at("side"), "d")->last_commit,
            history_->entry(at("side"), "d/keep.txt")->last_commit);
  auto log = [&](db::Tx& tx) { return history_->log(tx, repo_, now, 0, 100); };
  auto commits = *database_->read_now(log);
  EXPECT_EQ(commits.size(), 6u);
  for (const auto& c : commits)
    EXPECT_THAT(listing(c, {.recursive = true}), Not(Contains("d/big.bin"))) << c.title;
  EXPECT_THAT(*history_->large_files(repo_), ::testing::SizeIs(1));
  expect_sound();
  EXPECT_TRUE(history_->remove_large_files({repo_, {sha256("secret weights")}, {}, {}})->empty());
}

TEST_F(Rework, RemovalMovesAnnotatedTagsAlong) {
  ASSERT_TRUE(commit(put_large("big.bin", "x")));
  auto head = at("main");
  auto tag = [&](db::Tx& tx) -> Result<> {
    CAIRN_TRY(object, history_->insert_tag_object(tx, repo_, head.oid, "v1", author(), "One"));
    return history_->move_ref(tx, repo_, "refs/tags/v1", {}, head.oid, {}, "tag", object);
  };
  ASSERT_TRUE(database_->write_now(tag));
  ASSERT_TRUE(history_->remove_large_files({repo_, {sha256("x")}, {}, {}}));
  EXPECT_EQ(at("v1").oid, at("main").oid);
  expect_sound();
}

}  // namespace
}  // namespace cairn::history
