#include "api/admin/cache_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace cairn::api::admin {
namespace {

namespace fs = std::filesystem;

const std::string old_revision(40, 'a');
const std::string new_revision(40, 'b');
const std::string blob(40, '1');
const std::string large(64, '2');

void write(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

class CacheFolderTest : public ::testing::Test {
 protected:
  CacheFolderTest() {
    char name[] = "/tmp/cairn-cache-XXXXXX";
    outside_ = fs::canonical(::mkdtemp(name));
    root_ = outside_ / "hub";
    entry_ = root_ / folder;
    fs::create_directories(entry_ / "blobs");
  }
  ~CacheFolderTest() override { fs::remove_all(outside_); }

  /// As the client does it: a blob, and a link to it.
  void add(const std::string& revision, const std::string& path, const std::string& hash,
           std::string_view content) {
    write(entry_ / "blobs" / hash, content);
    link(revision, path, entry_ / "blobs" / hash);
  }
  void link(const std::string& revision, const std::string& path, const fs::path& target) {
    fs::path at = entry_ / "snapshots" / revision / path;
    fs::create_directories(at.parent_path());
    fs::create_symlink(target.lexically_relative(at.parent_path()), at);
  }
  CacheEntry read() {
    auto found = read_entry(root_.string(), folder);
    EXPECT_TRUE(found);
    return *found;
  }
  std::string problem() { return read().snapshots.at(0).problem; }

  static constexpr const char* folder = "models--ada--bert";
  fs::path outside_, root_, entry_;
};

TEST_F(CacheFolderTest, ReadsFilesWithTheHashesTheirBlobsAreNamedBy) {
  add(old_revision, "config.json", blob, "{}");
  add(old_revision, "deep/er/model.bin", large, "12345");
  auto entry = read();
  EXPECT_EQ(entry.original(), "ada/bert");
  EXPECT_EQ(entry.kind, RepoKind::model);
  ASSERT_EQ(entry.snapshots.size(), 1u);
  const auto& snapshot = entry.snapshots[0];
  EXPECT_EQ(snapshot.problem, "");
  ASSERT_EQ(snapshot.files.size(), 2u);
  EXPECT_EQ(snapshot.files[0].path, "config.json");
  EXPECT_EQ(snapshot.files[0].hash, blob);
  EXPECT_EQ(snapshot.files[1].path, "deep/er/model.bin");
  EXPECT_EQ(snapshot.files[1].hash, large);
  EXPECT_EQ(snapshot.files[1].size_bytes, 5u);
}

TEST_F(CacheFolderTest, ABlobMayItselfBeALinkIntoTheStoreOfTheCache) {
  write(root_ / "store" / "xyz", "shared");
  fs::create_symlink("../../store/xyz", entry_ / "blobs" / large);
  link(old_revision, "model.bin", entry_ / "blobs" / large);
  auto entry = read();
  EXPECT_EQ(entry.snapshots.at(0).problem, "");
  EXPECT_EQ(entry.snapshots.at(0).files.at(0).hash, large);
  EXPECT_EQ(entry.snapshots.at(0).files.at(0).size_bytes, 6u);
}

TEST_F(CacheFolderTest, TheSnapshotOfMainComesLast) {
  add(new_revision, "a", blob, "x");
  add(old_revision, "a", blob, "x");
  fs::last_write_time(
      entry_ / "snapshots" / old_revision,
      fs::last_write_time(entry_ / "snapshots" / new_revision) + std::chrono::hours(1));
  EXPECT_EQ(read().snapshots.back().revision, old_revision);
  write(entry_ / "refs" / "main", new_revision);
  write(entry_ / "refs" / "refs" / "pr" / "1", old_revision + "\n");
  auto entry = read();
  EXPECT_EQ(entry.snapshots.back().revision, new_revision);
  EXPECT_EQ(entry.refs.at("refs/pr/1"), old_revision);
}

TEST_F(CacheFolderTest, ALinkOutOfTheCacheMakesTheSnapshotIncomplete) {
  write(outside_ / "secret", "s");
  link(old_revision, "config.json", outside_ / "secret");
  EXPECT_NE(problem().find("leads out of the cache"), std::string::npos) << problem();
}

TEST_F(CacheFolderTest, AFolderThatIsALinkIsNotFollowed) {
  write(outside_ / "home" / "secret", "s");
  link(old_revision, "folder", outside_ / "home");
  EXPECT_NE(problem(), "");
}

TEST_F(CacheFolderTest, ABrokenLinkMakesTheSnapshotIncomplete) {
  link(old_revision, "config.json", entry_ / "blobs" / blob);
  EXPECT_NE(problem().find("leads to nothing"), std::string::npos) << problem();
}

TEST_F(CacheFolderTest, APipeInTheWayDoesNotBlock) {
  fs::create_directories(entry_ / "snapshots" / old_revision);
  ASSERT_EQ(::mkfifo((entry_ / "snapshots" / old_revision / "pipe").c_str(), 0600), 0);
  EXPECT_NE(problem().find("no regular file"), std::string::npos) << problem();
}

TEST_F(CacheFolderTest, TheClientsListTellsWhatIsMissing) {
  add(old_revision, "config.json", blob, "{}");
  write(entry_ / "trees" / (old_revision + ".json"),
        R"({"format_version":1,"files":{"config.json":{"size":2,"blob_id":"x"},)"
        R"("model.bin":{"size":5,"blob_id":"y","lfs_sha256":"z","lfs_size":5}}})");
  EXPECT_EQ(problem(), "1 of its 2 files were not downloaded (model.bin)");
}

TEST_F(CacheFolderTest, TheClientsListGivesHashesWhereThereAreNoLinks) {
  write(entry_ / "snapshots" / old_revision / "model.bin", "12345");
  write(entry_ / "trees" / (old_revision + ".json"),
        R"({"format_version":1,"files":{"model.bin":{"size":5,"blob_id":"y","lfs_sha256":")" +
            large + R"(","lfs_size":5}}})");
  auto snapshot = read().snapshots.at(0);
  EXPECT_TRUE(snapshot.listed);
  EXPECT_EQ(snapshot.files.at(0).hash, large);
}

TEST_F(CacheFolderTest, WhatIsNoSnapshotAndNoRefIsNoted) {
  write(entry_ / "snapshots" / "main" / "a", "x");
  write(entry_ / "refs" / "main", "../../etc/passwd");
  write(entry_ / "blobs" / (blob + ".incomplete"), "half");
  auto entry = read();
  EXPECT_TRUE(entry.snapshots.empty());
  EXPECT_EQ(entry.notes.size(), 2u);
  EXPECT_EQ(entry.interrupted, 1);
}

TEST_F(CacheFolderTest, ListsFoldersOfEntriesOnly) {
  for (auto name :
       {"datasets--squad", "spaces--a--b", "version.txt", ".locks", "models", "papers--a"})
    fs::create_directories(root_ / name);
  fs::create_symlink("/etc", root_ / "models--a--link");
  auto listed = list_entries(root_.string());
  ASSERT_TRUE(listed);
  EXPECT_EQ(*listed, (std::vector<std::string>{"datasets--squad", folder, "spaces--a--b"}));
  EXPECT_EQ(read_entry(root_.string(), "datasets--squad")->owner, "");
  EXPECT_EQ(read_entry(root_.string(), "../models--a--b").error().word, "InvalidCacheEntry");
}

TEST_F(CacheFolderTest, ACacheIsAnAbsoluteFolder) {
  EXPECT_EQ(find_cache("relative").error().word, "CacheNotFound");
  EXPECT_EQ(find_cache("/nowhere/at/all").error().word, "CacheNotFound");
  EXPECT_EQ(find_cache("/").error().word, "CacheNotFound");
  EXPECT_EQ(find_cache(root_.string() + "/../hub").value_or(""), root_.string());
}

}  // namespace
}  // namespace cairn::api::admin
