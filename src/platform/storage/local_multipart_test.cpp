#include "platform/storage/local_multipart.h"

#include <cerrno>
#include <thread>

#include <gtest/gtest.h>

#include "platform/storage/memory_files.h"
#include "platform/storage/test_folder.h"

namespace cairn::storage {
namespace {

Result<> send(Multipart& upload, int number, std::string_view bytes) {
  CAIRN_TRY(writer, upload.part(number));
  CAIRN_CHECK(writer->write(bytes));
  return writer->commit();
}

Result<std::string> read_back(Multipart& upload, int number) {
  std::string out;
  CAIRN_CHECK(upload.read_part(number, [&](std::string_view bytes) -> Result<> {
    EXPECT_LE(bytes.size(), std::size_t{1} << 20);
    out += bytes;
    return {};
  }));
  return out;
}

/// The same behaviors on the real file system and on the one in memory.
class MultipartTest : public testing::TestWithParam<bool> {
 protected:
  MultipartTest() : key_(make_key("lfs", "abcdef")) {
    if (GetParam()) {
      files_ = posix_files();
      root_ = folder_.path() + "/objects";
    } else {
      files_ = memory_ = std::make_shared<MemoryFiles>();
      root_ = "/objects";
    }
    reopen();
  }
  void reopen() {
    store_.reset();
    store_ = std::move(*open_local_store(root_, files_));
  }
  std::unique_ptr<Multipart> begin() { return std::move(*store_->multipart(key_, "")); }

  TestFolder folder_;
  std::shared_ptr<Files> files_;
  std::shared_ptr<MemoryFiles> memory_;
  std::string root_;
  Key key_;
  std::unique_ptr<ObjectStore> store_;
};
INSTANTIATE_TEST_SUITE_P(Files, MultipartTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Posix" : "Memory"; });

TEST_P(MultipartTest, PartsInAnyOrderBecomeOneObject) {
  auto upload = begin();
  const std::string large((3 << 20) + 7, 'b');
  ASSERT_TRUE(send(*upload, 3, "ccc"));
  ASSERT_TRUE(send(*upload, 1, "a"));
  ASSERT_TRUE(send(*upload, 2, large));
  auto parts = upload->parts();
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[1].number, 2);
  EXPECT_EQ((*parts)[1].size_bytes, large.size());
  EXPECT_EQ(*read_back(*upload, 2), large);
  EXPECT_FALSE(store_->open(key_));
  ASSERT_TRUE(upload->complete(3));
  EXPECT_TRUE(*store_->get(key_) == "a" + large + "ccc");
  EXPECT_TRUE(files_->list(root_ + "/multipart")->empty()) << "parts are gone";
}

TEST_P(MultipartTest, PartsAtOnceFromManyThreads) {
  auto upload = begin();
  std::vector<std::thread> threads;
  std::atomic<int> sent{0};
  for (int number = 1; number <= 8; ++number)
    threads.emplace_back([&, number] {
      sent += send(*upload, number, std::string(1000, static_cast<char>('0' + number))).has_value();
    });
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(sent, 8);
  ASSERT_TRUE(upload->complete(8));
  auto bytes = store_->get(key_);
  ASSERT_TRUE(bytes);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ((*bytes)[i * 1000], static_cast<char>('1' + i));
}

TEST_P(MultipartTest, TheSamePartAgainReplacesIt) {
  auto upload = begin();
  ASSERT_TRUE(send(*upload, 1, "first try"));
  ASSERT_TRUE(send(*upload, 1, "second"));
  ASSERT_EQ(upload->parts()->size(), 1u);
  EXPECT_EQ(*read_back(*upload, 1), "second");
  ASSERT_TRUE(upload->complete(1));
  EXPECT_EQ(*store_->get(key_), "second");
}

TEST_P(MultipartTest, AnUnfinishedPartDoesNotReplaceAFinishedOne) {
  auto upload = begin();
  ASSERT_TRUE(send(*upload, 1, "done"));
  {
    auto writer = upload->part(1);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write("half"));
  }
  EXPECT_EQ(*read_back(*upload, 1), "done");
}

TEST_P(MultipartTest, ContinuesAfterARestart) {
  std::string id;
  {
    auto upload = begin();
    id = upload->id();
    ASSERT_TRUE(send(*upload, 1, "one"));
  }
  reopen();
  auto upload = store_->multipart(key_, id);
  ASSERT_TRUE(upload);
  ASSERT_TRUE(send(**upload, 2, "two"));
  ASSERT_TRUE((*upload)->complete(2));
  EXPECT_EQ(*store_->get(key_), "onetwo");
}

TEST_P(MultipartTest, MissingPartIsAConflictAndCanBeSentThen) {
  auto upload = begin();
  ASSERT_TRUE(send(*upload, 1, "one"));
  ASSERT_TRUE(send(*upload, 3, "three"));
  auto completed = upload->complete(3);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error().code, ErrorCode::conflict);
  EXPECT_EQ(completed.error().word, "PartMissing");
  EXPECT_FALSE(upload->complete(0));
  ASSERT_TRUE(send(*upload, 2, "two"));
  ASSERT_TRUE(upload->complete(3));
  EXPECT_EQ(*store_->get(key_), "onetwothree");
}

TEST_P(MultipartTest, CompleteTwiceIsFineAlsoAfterARestart) {
  auto upload = begin();
  std::string id = upload->id();
  ASSERT_TRUE(send(*upload, 1, "one"));
  ASSERT_TRUE(upload->complete(1));
  ASSERT_TRUE(upload->complete(1));
  upload.reset();
  reopen();
  auto again = store_->multipart(key_, id);
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->complete(1));
  EXPECT_EQ(*store_->get(key_), "one");
}

TEST_P(MultipartTest, AbortedUploadIsGone) {
  auto upload = begin();
  ASSERT_TRUE(send(*upload, 1, "one"));
  auto late = upload->part(2);
  ASSERT_TRUE(late);
  ASSERT_TRUE((*late)->write("two"));
  ASSERT_TRUE(upload->abort());
  ASSERT_TRUE(upload->abort());
  auto committed = (*late)->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().word, "UploadNotFound");
  EXPECT_EQ(upload->part(3).error().word, "UploadNotFound");
  EXPECT_EQ(upload->parts().error().word, "UploadNotFound");
  EXPECT_EQ(store_->multipart(key_, upload->id()).error().word, "UploadNotFound");
  EXPECT_FALSE(store_->open(key_));
}

TEST_P(MultipartTest, IdsOfOthersAndNonsenseAreRefused) {
  auto upload = begin();
  EXPECT_TRUE(store_->multipart(key_, upload->id()));
  Key other = make_key("lfs", "abcdef");
  for (const std::string& id : {upload->id() + "/..", std::string(".."), std::string(48, '0')})
    EXPECT_EQ(store_->multipart(key_, id).error().word, "UploadNotFound") << id;
  EXPECT_EQ(store_->multipart(other, upload->id()).error().word, "UploadNotFound");
  for (int number : {0, -1, 10'001})
    EXPECT_EQ(upload->part(number).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_back(*upload, 1).error().word, "PartNotFound");
}

TEST_P(MultipartTest, TheSinksErrorEndsTheReading) {
  auto upload = begin();
  ASSERT_TRUE(send(*upload, 1, std::string(3 << 20, 'x')));
  int calls = 0;
  auto read = upload->read_part(1, [&](std::string_view) -> Result<> {
    ++calls;
    return fail(ErrorCode::unprocessable, "WrongHash", "The hash differs.");
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().word, "WrongHash");
  EXPECT_EQ(calls, 1);
}

TEST(MultipartFault, FullDiskWhileJoiningKeepsThePartsForALaterTry) {
  auto files = std::make_shared<MemoryFiles>();
  auto store = std::move(*open_local_store("/objects", files));
  Key key = make_key("lfs", "abcd");
  auto upload = std::move(*store->multipart(key, ""));
  for (int number : {1, 2, 3}) ASSERT_TRUE(send(*upload, number, std::string(1000, 'x')));
  files->set_capacity(4500);  // room for one more part, not for two
  auto completed = upload->complete(3);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error().code, ErrorCode::storage_full);
  EXPECT_EQ(files->used_bytes(), 3000u);
  EXPECT_FALSE(store->open(key));
  files->set_capacity(10'000);
  ASSERT_TRUE(upload->complete(3));
  EXPECT_EQ(store->get(key)->size(), 3000u);
}

TEST(MultipartFault, AnyFailingStepOfACompleteCanBeTriedAgain) {
  for (std::string operation :
       {"truncate", "write", "sync", "make_folder", "link", "sync_folder"}) {
    auto files = std::make_shared<MemoryFiles>();
    auto store = std::move(*open_local_store("/objects", files));
    Key key = make_key("lfs", "abcd");
    auto upload = std::move(*store->multipart(key, ""));
    ASSERT_TRUE(send(*upload, 1, "one"));
    ASSERT_TRUE(send(*upload, 2, "two"));
    files->set_fault([operation](std::string_view asked, const std::string&) {
      return asked == operation ? EIO : 0;
    });
    auto completed = upload->complete(2);
    files->set_fault({});
    ASSERT_FALSE(completed) << operation;
    EXPECT_FALSE(store->open(key)) << operation;
    ASSERT_TRUE(upload->complete(2)) << operation;
    EXPECT_EQ(*store->get(key), "onetwo") << operation;
  }
}

TEST(MultipartFault, WhatAFailedCompleteJoinedIsNotPartOfTheNext) {
  auto files = std::make_shared<MemoryFiles>();
  auto store = std::move(*open_local_store("/objects", files));
  Key key = make_key("lfs", "abcd");
  auto upload = std::move(*store->multipart(key, ""));
  ASSERT_TRUE(send(*upload, 1, "one"));
  ASSERT_TRUE(send(*upload, 2, "a second part of some length"));
  files->set_fault(
      [](std::string_view asked, const std::string&) { return asked == "link" ? EIO : 0; });
  EXPECT_FALSE(upload->complete(2));
  files->set_fault({});
  EXPECT_EQ((*upload->parts())[0].size_bytes, 3u);
  EXPECT_EQ(*read_back(*upload, 1), "one");
  ASSERT_TRUE(send(*upload, 2, "two"));
  ASSERT_TRUE(upload->complete(2));
  EXPECT_EQ(*store->get(key), "onetwo");
}

TEST(MultipartFault, SweepRemovesUploadsThatNothingWasWrittenTo) {
  auto files = std::make_shared<MemoryFiles>();
  auto store = std::move(*open_local_store("/objects", files));
  Key key = make_key("lfs", "abcd");
  auto old = std::move(*store->multipart(key, ""));
  ASSERT_TRUE(send(*old, 1, "one"));
  auto busy = std::move(*store->multipart(key, ""));
  auto writer = busy->part(1);
  ASSERT_TRUE(writer);
  files->advance(hours(30));
  auto young = std::move(*store->multipart(key, ""));
  EXPECT_EQ(*store->sweep_unfinished(hours(24)), 1u);
  EXPECT_FALSE(old->parts());
  EXPECT_TRUE(busy->parts());
  EXPECT_TRUE(young->parts());
}

TEST(PartFile, NamesParseBackAndOthersAreIgnored) {
  PartFile part{10'000, 3, 5'000'000'000};
  auto parsed = PartFile::parse(part.name());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->number, 10'000);
  EXPECT_EQ(parsed->sequence, 3);
  EXPECT_EQ(parsed->size_bytes, 5'000'000'000u);
  for (auto name : {"", "1", "1-2", "1-2-3-4", "0-1-1", "10001-0-0", "tmp.abc", "1-2-x", "a-1-1"})
    EXPECT_FALSE(PartFile::parse(name)) << name;
}

}  // namespace
}  // namespace cairn::storage
