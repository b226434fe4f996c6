#include "hub/history/clone_index.h"

#include "base/text.h"
#include "hub/history/history_fixture.h"

namespace cairn::history {
namespace {

class CloneIndexTest : public HistoryTest {
 protected:
  CloneIndexTest() { with({.clone_index_objects_min = 3}); }
  void with(Options options) {
    options.cache_folder = (folder_ / "cache").string();
    history_.reset();
    history_ = make_history(*database_, *store_, blocking_, clock_, options);
  }
  /// Too much for a row, so it goes to disk.
  CommitInfo large_commit(const std::string& path) {
    auto made = commit(put(path, hex_encode(random_bytes(200'000))));
    EXPECT_TRUE(made);
    return *made;
  }
  void merge() {
    asio::io_context io;
    auto merged = asio::co_spawn(io, history_->merge_packs(repo_), asio::use_future);
    io.run();
    EXPECT_TRUE(merged.get());
  }
  /// The folder that a fetch would read.
  std::string snapshot_folder() {
    auto snapshot = history_->snapshot(repo_);
    EXPECT_TRUE(snapshot);
    git::BareFolder bare;
    bare.packs = snapshot->packs;
    bare.extra = snapshot->extra;
    for (const auto& ref : snapshot->refs->refs) bare.refs.push_back({ref.name, ref.oid});
    auto folder = (folder_ / ("snapshot" + hex_encode(random_bytes(4)))).string();
    auto made = git::make_bare_folder(folder, bare);
    EXPECT_TRUE(made) << made.error().message;
    return folder;
  }
  static std::string git_says(const std::string& folder, std::vector<std::string> arguments) {
    auto output = process::run(git::git_command(folder, std::move(arguments)));
    EXPECT_TRUE(output);
    EXPECT_EQ(output->exit_code, 0) << output->err;
    return std::string(trim(output->out));
  }
  void expect_same_walk(const std::string& folder) {
    std::vector<std::string> walk{"rev-list", "--count", "--objects", "--all"};
    auto plain = git_says(folder, walk);
    walk.push_back("--use-bitmap-index");
    EXPECT_EQ(git_says(folder, walk), plain);
    auto report = git::fsck(folder);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->clean) << (report->problems.empty() ? "" : report->problems.front());
  }
  static bool has_bitmap(const std::string& folder) {
    return std::filesystem::exists(folder + "/objects/pack/multi-pack-index") &&
           std::filesystem::exists(folder + "/objects/info/commit-graph");
  }
};

TEST_F(CloneIndexTest, BitmapsAreMadeOverRowsAndPacksAndServeWhatCameSince) {
  large_commit("a.txt");
  EXPECT_FALSE(has_bitmap(snapshot_folder())) << "made in the background alone";
  merge();
  auto folder = snapshot_folder();
  ASSERT_TRUE(has_bitmap(folder));
  git_says(folder, {"rev-list", "--test-bitmap", "refs/heads/main"});
  expect_same_walk(folder);

  ASSERT_TRUE(commit(put("small.txt", "small\n")));
  folder = snapshot_folder();
  EXPECT_TRUE(has_bitmap(folder)) << "a small commit makes no new index necessary";
  expect_same_walk(folder);

  reopen();
  with({.clone_index_objects_min = 3});
  EXPECT_TRUE(has_bitmap(snapshot_folder())) << "it lives over a restart";
}

TEST_F(CloneIndexTest, AnIndexOfPacksThatAreGoneIsNotGiven) {
  large_commit("0.txt");
  merge();
  // Twelve packs on disk are merged, the covered one among them.
  for (int i = 1; i <= 12; ++i) large_commit(std::to_string(i) + ".txt");
  merge();
  auto folder = snapshot_folder();
  expect_same_walk(folder);
  ASSERT_TRUE(has_bitmap(folder)) << "merging makes a new one";
  git_says(folder, {"rev-list", "--test-bitmap", "refs/heads/main"});
}

TEST_F(CloneIndexTest, WhatIsDroppedDoesNotComeBackByIt) {
  large_commit("a.txt");
  auto row = commit(put("secret.txt", "in a row\n"));
  ASSERT_TRUE(row);
  auto secret = git::object_id(git::ObjectType::blob, "in a row\n");
  merge();
  ASSERT_TRUE(has_bitmap(snapshot_folder()));
  SquashPlan squash;
  squash.repo = repo_;
  squash.ref = "refs/heads/main";
  squash.author = author();
  squash.message = {"All", ""};
  ASSERT_TRUE(
      commit(plan("Remove", [](Editor& e) { return e.remove(*git::parse_path("secret.txt")); })));
  ASSERT_TRUE(history_->squash(squash));
  CollectPlan drop;
  drop.repo = repo_;
  drop.logged_before = Time{INT64_MAX / 2};
  auto done = history_->collect(drop);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(done->packs, 0);
  auto folder = snapshot_folder();
  auto output = process::run(git::git_command(folder, {"cat-file", "-e", secret.hex()}));
  ASSERT_TRUE(output);
  EXPECT_NE(output->exit_code, 0) << "the blob is still there";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/clones/7"));
}

TEST_F(CloneIndexTest, SmallRepositoriesHaveNone) {
  with({.clone_index_objects_min = 1000});
  large_commit("a.txt");
  merge();
  EXPECT_FALSE(has_bitmap(snapshot_folder()));
}

class PackFilesTest : public CloneIndexTest {
 protected:
  [[nodiscard]] std::size_t copies() const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "cache/packs"))
      count += file.path().extension() == ".pack" ? 1 : 0;
    return count;
  }
  Options options(std::uint64_t bytes_max, Duration idle = {}) const {
    Options out;
    out.cache_folder = (folder_ / "cache").string();
    out.pack_files_bytes_max = bytes_max;
    out.pack_files_idle_min = idle;
    return out;
  }
  void read_all(Packs& packs) {
    auto source = packs.source(repo_, true);
    ASSERT_TRUE(source);
  }
};

TEST_F(PackFilesTest, CopiesThatNobodyReadsGoWhenThereAreTooMany) {
  auto last = large_commit("a.txt");
  large_commit("b.txt");
  Packs packs(*database_, *store_, options(1));
  read_all(packs);
  EXPECT_EQ(copies(), 2u);
  EXPECT_GT(packs.trim_files(), 100'000u);
  EXPECT_EQ(copies(), 0u);
  EXPECT_TRUE(packs.read(repo_, last.oid, 1u << 20)) << "a copy is made again";
  EXPECT_EQ(copies(), 2u);
}

TEST_F(PackFilesTest, WhatFitsStays) {
  large_commit("a.txt");
  Packs packs(*database_, *store_, options(100u << 20));
  read_all(packs);
  EXPECT_EQ(packs.trim_files(), 0u);
  EXPECT_EQ(copies(), 1u);
}

TEST_F(PackFilesTest, WhatIsReadNowOrWasAMomentAgoStays) {
  large_commit("a.txt");
  Packs busy(*database_, *store_, options(1));
  {
    auto reading = busy.source(repo_, true);
    ASSERT_TRUE(reading);
    EXPECT_EQ(busy.trim_files(), 0u);
    EXPECT_EQ(copies(), 1u);
  }
  EXPECT_GT(busy.trim_files(), 0u) << "a source that waits for its next reader holds nothing";
  Packs patient(*database_, *store_, options(1, minutes(2)));
  read_all(patient);
  EXPECT_EQ(patient.trim_files(), 0u);
}

TEST_F(PackFilesTest, TheOneReadLongestAgoGoesFirst) {
  large_commit("a.txt");
  Packs packs(*database_, *store_, options(250'000));
  read_all(packs);
  large_commit("b.txt");
  auto rows = [&](db::Tx& tx) -> Result<std::vector<store::PackRow>> {
    return store::repo_packs(tx, repo_);
  };
  std::string newest;
  auto listed = database_->read_now(rows);
  ASSERT_TRUE(listed);
  for (const auto& row : *listed)
    if (row.object_key) newest = row.checksum;
  read_all(packs);  // Both, the newest first: it is the one of them that was read longest ago.
  EXPECT_GT(packs.trim_files(), 0u);
  EXPECT_EQ(copies(), 1u);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/packs" / newest.substr(0, 2) /
                                       ("pack-" + newest + ".pack")));
}

}  // namespace
}  // namespace cairn::history
