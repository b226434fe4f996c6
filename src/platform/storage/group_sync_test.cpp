#include "platform/storage/group_sync.h"

#include <cerrno>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "platform/storage/memory_files.h"

namespace cairn::storage {
namespace {

TEST(GroupSync, WaitingWritersShareOneFsync) {
  MemoryFiles files;
  ASSERT_TRUE(files.make_folder("/a"));
  GroupSync group(files);
  std::latch entered(1), go_on(1);
  std::atomic<bool> first{true};
  files.set_fault([&](std::string_view operation, const std::string&) {
    if (operation == "sync_folder" && first.exchange(false)) {
      entered.count_down();
      go_on.wait();
    }
    return 0;
  });
  std::atomic<int> done{0};
  auto sync = [&] { done += group.sync("/a").has_value(); };
  std::vector<std::thread> threads;
  threads.emplace_back(sync);
  entered.wait();
  // These come while the first fsync runs: it may have missed their change, so they need another,
  // and all of them the same one.
  for (int i = 0; i < 8; ++i) threads.emplace_back(sync);
  while (group.callers("/a") < 9) std::this_thread::yield();
  go_on.count_down();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 9);
  EXPECT_EQ(files.count("sync_folder"), 2);
  EXPECT_EQ(group.callers("/a"), 0);
}

TEST(GroupSync, FoldersDoNotWaitForEachOther) {
  MemoryFiles files;
  ASSERT_TRUE(files.make_folder("/a"));
  ASSERT_TRUE(files.make_folder("/b"));
  GroupSync group(files);
  EXPECT_TRUE(group.sync("/a"));
  EXPECT_TRUE(group.sync("/b"));
  EXPECT_EQ(files.count("sync_folder"), 2);
}

TEST(GroupSync, AFailureReachesItsWaitersAndOnlyThem) {
  MemoryFiles files;
  ASSERT_TRUE(files.make_folder("/a"));
  GroupSync group(files);
  files.set_fault([](std::string_view, const std::string&) { return EIO; });
  auto failed = group.sync("/a");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().number, EIO);
  files.set_fault({});
  EXPECT_TRUE(group.sync("/a"));
}

}  // namespace
}  // namespace cairn::storage
