#include "platform/storage/local_store.h"

#include <cerrno>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/storage/memory_files.h"
#include "platform/storage/test_folder.h"

namespace cairn::storage {
namespace {

std::string pattern(std::size_t size, unsigned seed = 1) {
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>((seed = seed * 1664525u + 1013904223u) >> 24);
  return out;
}

class LocalStoreTest : public testing::Test {
 protected:
  LocalStoreTest() {
    auto opened = open_local_store(folder_.path() + "/objects");
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }
  [[nodiscard]] std::string root() const { return folder_.path() + "/objects"; }

  TestFolder folder_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(LocalStoreTest, WhatWasPutIsReadBack) {
  // Sizes around the writer's buffer, written in pieces of a size that divides nothing.
  for (std::size_t size : {0u, 1u, 262143u, 262144u, 262145u, 1000000u}) {
    Key key = make_key("lfs", "abcdef0123");
    const std::string bytes = pattern(size);
    auto writer = store_->create(key);
    ASSERT_TRUE(writer);
    for (std::size_t at = 0; at < size; at += 77777)
      ASSERT_TRUE((*writer)->write(std::string_view(bytes).substr(at, 77777)));
    EXPECT_EQ((*writer)->size_bytes(), size);
    EXPECT_FALSE(store_->open(key)) << "visible before commit";
    ASSERT_TRUE((*writer)->commit());
    auto read = store_->get(key);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, bytes);
  }
}

TEST_F(LocalStoreTest, OneLargeWriteIsReadBack) {
  Key key = make_key("lfs", "abcdef0123");
  const std::string bytes = pattern((20 << 20) + 5);
  ASSERT_TRUE(store_->put(key, bytes));
  auto read = store_->get(key);
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == bytes);
}

TEST_F(LocalStoreTest, RangesAreExactAndPastTheEndIsCorrupt) {
  Key key = make_key("pack", "0123");
  ASSERT_TRUE(store_->put(key, "hello world"));
  auto reader = store_->open(key);
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->size_bytes(), 11u);
  EXPECT_EQ(*(*reader)->read({6, 5}), "world");
  EXPECT_EQ(*(*reader)->read({11, 0}), "");
  for (Range range : {Range{6, 6}, Range{12, 0}, Range{1, UINT64_MAX}}) {
    auto read = (*reader)->read(range);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

TEST_F(LocalStoreTest, ReaderOutlivesTheDelete) {
  Key key = make_key("lfs", "abcd");
  ASSERT_TRUE(store_->put(key, "still here"));
  auto reader = store_->open(key);
  ASSERT_TRUE(reader);
  EXPECT_GE((*reader)->descriptor(), 0);
  ASSERT_TRUE(store_->remove(key));
  ASSERT_TRUE(store_->remove(key)) << "twice is fine";
  EXPECT_EQ(*(*reader)->read({0, 10}), "still here");
  auto again = store_->open(key);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_F(LocalStoreTest, ExistingKeyIsAConflictAndKeepsItsBytes) {
  Key key = make_key("lfs", "abcd");
  ASSERT_TRUE(store_->put(key, "first"));
  auto second = store_->put(key, "second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_EQ(second.error().word, "ObjectExists");
  EXPECT_EQ(*store_->get(key), "first");
  EXPECT_EQ(TestFolder::files_in(root()), 1);
}

TEST_F(LocalStoreTest, OneOfManyWritersOfAKeyWins) {
  Key key = make_key("lfs", "abcd");
  std::atomic<int> won{0}, lost{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      auto put = store_->put(key, "bytes");
      put ? ++won : ++lost;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 3);
}

TEST_F(LocalStoreTest, AbandonedWriterLeavesNothing) {
  {
    auto writer = store_->create(make_key("lfs", "abcd"));
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(pattern(1 << 20)));
    EXPECT_EQ(TestFolder::files_in(root()), 1);
  }
  EXPECT_EQ(TestFolder::files_in(root()), 0);
}

TEST_F(LocalStoreTest, OnlyTheOwnerCanReadFilesAndFolders) {
  Key key = make_key("lfs", "abcd1234");
  ASSERT_TRUE(store_->put(key, "secret"));
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root())) {
    struct stat s;
    ASSERT_EQ(::lstat(entry.path().c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777, S_ISDIR(s.st_mode) ? 0700u : 0600u) << entry.path();
    if (S_ISREG(s.st_mode)) {
      ++files;
      EXPECT_TRUE(entry.path().string().starts_with(root() + "/lfs/ab/cd/abcd1234."));
    }
  }
  EXPECT_EQ(files, 1);
}

TEST_F(LocalStoreTest, ListIsSortedAndPages) {
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) {
    // Digests that share folders and prefixes, of several lengths.
    std::string digest = pattern(4, static_cast<unsigned>(i % 13));
    std::string hex;
    for (unsigned char c : digest) hex += "0123456789abcdef"[c & 15];
    Key key =
        make_key(i % 3 ? "lfs" : "pack", hex + std::string(static_cast<std::size_t>(i % 5), 'a'));
    ASSERT_TRUE(store_->put(key, std::string(static_cast<std::size_t>(i), 'x')));
    keys.push_back(key.text);
  }
  std::ranges::sort(keys);
  for (std::string prefix : {"", "lfs/", "pack/", "l", "lfs/0", "lfs/0a", "none/"}) {
    std::vector<std::string> expected, got;
    for (const auto& key : keys)
      if (key.starts_with(prefix)) expected.push_back(key);
    std::optional<Key> after;
    for (;;) {
      auto page = store_->list(prefix, after, 3);
      ASSERT_TRUE(page);
      for (const auto& listed : *page) got.push_back(listed.key.text);
      if (page->size() < 3) break;
      after = page->back().key;
    }
    EXPECT_EQ(got, expected) << prefix;
  }
}

TEST_F(LocalStoreTest, ListShowsSizesAndIgnoresWhatIsNotAnObject) {
  Key key = make_key("lfs", "abcd");
  ASSERT_TRUE(store_->put(key, "12345"));
  std::ofstream(root() + "/lfs/ab/cd/README") << "not ours";
  std::ofstream(root() + "/lfs/ab/cd/ffff.0000000000000000") << "in the wrong folder";
  std::filesystem::create_directory(root() + "/lost+found");
  auto unfinished = store_->create(make_key("lfs", "abcd"));
  auto page = store_->list("", std::nullopt, 100);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->size(), 1u);
  EXPECT_EQ(page->front().key, key);
  EXPECT_EQ(page->front().size_bytes, 5u);
  EXPECT_GT(page->front().modified.us, 0);
}

TEST_F(LocalStoreTest, ForgedKeysAreRefusedEverywhere) {
  Key forged{"lfs/../../../../etc/passwd"};
  EXPECT_EQ(store_->create(forged).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->open(forged).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->remove(forged).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->multipart(forged, "").error().code, ErrorCode::invalid_argument);
}

TEST_F(LocalStoreTest, ReopenedStoreHasTheObjects) {
  Key key = make_key("lfs", "abcd");
  ASSERT_TRUE(store_->put(key, "kept"));
  auto again = open_local_store(root() + "/");
  ASSERT_TRUE(again);
  EXPECT_EQ(*(*again)->get(key), "kept");
}

TEST_F(LocalStoreTest, HasNoPresignedUrls) {
  EXPECT_FALSE(store_->presigned_url(make_key("lfs", "abcd"), "GET", minutes(5)));
}

TEST(LocalStoreOpen, FolderWithoutParentIsNamed) {
  auto store = open_local_store("/no/such/parent/objects");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::unavailable);
  EXPECT_NE(store.error().message.find("/no/such/parent/objects"), std::string::npos);
}

// From here on the disk is a MemoryFiles, which can fill up and fail.
class LocalStoreFaultTest : public testing::Test {
 protected:
  LocalStoreFaultTest() : files_(std::make_shared<MemoryFiles>()) {
    store_ = std::move(*open_local_store("/objects", files_));
  }
  void fail_at(std::string operation, int number) {
    files_->set_fault([operation, number](std::string_view asked, const std::string&) {
      return asked == operation ? number : 0;
    });
  }
  std::shared_ptr<MemoryFiles> files_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(LocalStoreFaultTest, FullDiskIsStorageFullAndNothingIsKept) {
  ASSERT_TRUE(store_->put(make_key("lfs", "abcd"), pattern(100'000)));
  files_->set_capacity(700'000);
  auto writer = store_->create(make_key("lfs", "abcd"));
  ASSERT_TRUE(writer);
  auto written = (*writer)->write(pattern(600'000));
  if (written) written = (*writer)->write(pattern(600'000));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::storage_full);
  EXPECT_EQ(written.error().word, "StorageFull");
  EXPECT_EQ(files_->used_bytes(), 100'000u) << "room is given back at once, not when dropped";
  EXPECT_FALSE((*writer)->write("more"));
  EXPECT_FALSE((*writer)->commit());
  EXPECT_EQ(store_->list("", std::nullopt, 10)->size(), 1u);
}

TEST_F(LocalStoreFaultTest, EveryFailingStepOfACommitLeavesNothing) {
  for (auto [operation, number, code] : {std::tuple{"create", EDQUOT, ErrorCode::storage_full},
                                         std::tuple{"write", EDQUOT, ErrorCode::storage_full},
                                         std::tuple{"sync", ENOSPC, ErrorCode::storage_full},
                                         std::tuple{"sync", EIO, ErrorCode::unavailable},
                                         std::tuple{"make_folder", ENOSPC, ErrorCode::storage_full},
                                         std::tuple{"rename", EIO, ErrorCode::unavailable},
                                         std::tuple{"sync_folder", EIO, ErrorCode::unavailable}}) {
    Key key = make_key("lfs", "abcd");
    fail_at(operation, number);
    auto put = store_->put(key, pattern(1000));
    files_->set_fault({});
    ASSERT_FALSE(put) << operation;
    EXPECT_EQ(put.error().code, code) << operation;
    EXPECT_FALSE(store_->open(key)) << operation;
    EXPECT_EQ(files_->used_bytes(), 0u) << operation;
  }
  EXPECT_TRUE(store_->put(make_key("lfs", "abcd"), "works again"));
}

TEST_F(LocalStoreFaultTest, FolderFsyncThatFailsAfterTheRenameTakesTheNameBack) {
  ASSERT_TRUE(store_->put(make_key("lfs", "abcd"), "so that the folders exist"));
  Key key = make_key("lfs", "abcd");
  fail_at("sync_folder", EIO);
  EXPECT_FALSE(store_->put(key, "bytes"));
  files_->set_fault({});
  EXPECT_FALSE(store_->open(key));
}

TEST_F(LocalStoreFaultTest, KnownFoldersCostOneFsyncPerCommit) {
  ASSERT_TRUE(store_->put(make_key("lfs", "abcd"), "x"));
  int before = files_->count("sync_folder");
  ASSERT_TRUE(store_->put(make_key("lfs", "abcd"), "x"));
  EXPECT_EQ(files_->count("sync_folder") - before, 1);
}

TEST_F(LocalStoreFaultTest, SweepRemovesOldTemporaryFilesButNotOnesInUse) {
  ASSERT_TRUE(files_->create("/objects/tmp/left-by-a-crash"));
  files_->advance(hours(2));
  auto in_use = store_->create(make_key("lfs", "abcd"));
  ASSERT_TRUE(in_use);
  ASSERT_TRUE(files_->create("/objects/tmp/young"));
  EXPECT_EQ(*store_->sweep_unfinished(hours(1)), 1u);
  files_->advance(hours(2));
  EXPECT_EQ(*store_->sweep_unfinished(hours(1)), 1u);
  ASSERT_TRUE((*in_use)->commit());
}

}  // namespace
}  // namespace cairn::storage
