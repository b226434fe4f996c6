#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/xet/testing.h"

namespace cairn::xet {
namespace {

using testing::bytes_of;
using testing::Composer;
using ::testing::IsEmpty;
using testing::prepare;
using testing::Prepared;
using testing::run;

/// A next version: parts of the one before, and new chunks between them.
Prepared next_version(const Prepared& before, unsigned seed, std::uint32_t every) {
  Composer file;
  std::vector<XorbWriter::Finished> fresh;
  for (const auto& xorb : before.xorbs)
    for (std::uint32_t at = 0; at < xorb.index.count(); at += every) {
      file.add(xorb, {at, std::min(at + every, xorb.index.count())});
      auto bytes = bytes_of(20'000, seed * 1000 + static_cast<unsigned>(fresh.size()));
      fresh.push_back(std::move(prepare(std::move(bytes)).xorbs[0]));
      file.add(fresh.back());
    }
  return file.finish(std::move(fresh));
}

class XetRepack : public ::testing::TestWithParam<db::Engine>, public testing::World {
 protected:
  XetRepack() : World(GetParam()) {
    options.repack_bytes_min = 0;
    options.ranges_per_gb_max = 100;  // Of what is so small: more than four.
    restart();
  }
  const Token ada = token(ada_model);

  Repacked repack(Duration age_min = Duration{0}) { return run(xet->repack_next(age_min)).value(); }
  std::uint64_t repack_all() {
    std::uint64_t bytes = 0;
    while (auto done = repack().bytes) bytes += done;
    return bytes;
  }
  std::size_t fetches(const Prepared& what) {
    auto made = run(xet->reconstruct(ada, what.file.file, {})).value();
    std::size_t count = 0;
    for (const auto& xorb : made.xorbs) count += xorb.fetches.size();
    return count;
  }
  void expect_whole(const Prepared& what) {
    EXPECT_TRUE(content(ada_model, what.file.sha256.value()).value() == what.content);
    EXPECT_TRUE(assemble(ada, what.file.file, {}, what.content.size()).value() == what.content);
  }
  bool drop(const Prepared& what, lfs::Parting parting) {
    return write(
        [&](db::Tx& tx) { return lfs::unlink(tx, ada_model, sha256(what.content), parting); });
  }
  /// Time passes: on PostgreSQL, whose rows have the server's time, all that is kept grows older.
  void later(Duration time) {
    wait(time);
    if (GetParam() == db::Engine::sqlite) return;
    write([time](db::Tx& tx) {
      constexpr db::Statement files{"test.age.files",
                                    "UPDATE xet_files SET created_at = created_at - $1"};
      constexpr db::Statement xorbs{"test.age.xorbs",
                                    "UPDATE xet_xorbs SET known_until = known_until - $1"};
      constexpr db::Statement objects{"test.age.objects",
                                      "UPDATE objects SET created_at = created_at - $1, "
                                      "condemned_at = condemned_at - $1"};
      for (const auto* statement : {&files, &xorbs, &objects}) tx.run(*statement, time.us);
      return true;
    });
  }
  void collect() { EXPECT_TRUE(run(xet->collect(hours(24), false))); }
  /// After what clients may remember and URLs that are under way.
  void much_later() {
    for (int i = 0; i < 4; ++i) {
      later(days(40));
      collect();
    }
  }
  std::uint64_t stored_bytes() {
    std::uint64_t bytes = 0;
    for (const auto& object : stored()) bytes += object.size_bytes;
    return bytes;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, XetRepack, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(XetRepack, TheNewestVersionLiesTogetherAndTheOthersStayWhole) {
  auto first = prepare(bytes_of(1'500'000), 9);
  auto second = next_version(first, 2, 3);
  ASSERT_TRUE(upload(ada, first));
  ASSERT_TRUE(upload(ada, second));
  auto pieces = second.file.terms.size();
  ASSERT_GT(pieces, 10u);
  EXPECT_EQ(repack_all(), second.content.size());
  EXPECT_EQ(fetches(second), 1u) << "it was " << pieces;
  expect_whole(second);
  expect_whole(first);
  EXPECT_THAT(errors(), IsEmpty());
  EXPECT_EQ(repack_all(), 0u) << "once";
}

TEST_P(XetRepack, ChunksThatAreRepeatedAreWrittenOnce) {
  auto part = prepare(bytes_of(300'000), 2);
  Composer composer;
  for (int n = 0; n < 4; ++n)
    for (const auto& xorb : part.xorbs) composer.add(xorb);
  auto file = composer.finish(part.xorbs);
  ASSERT_TRUE(upload(ada, file));
  EXPECT_EQ(repack_all(), part.content.size());
  expect_whole(file);
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_P(XetRepack, AnOlderVersionIsLeftAsItIs) {
  auto first = prepare(bytes_of(600'000), 2);  // In pieces itself.
  ASSERT_TRUE(upload(ada, first));
  Composer composer;
  composer.add(first.xorbs[0]);
  auto second = composer.finish();
  ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{second.file}, {})));
  EXPECT_EQ(repack_all(), 0u);
}

TEST_P(XetRepack, YoungFilesAndThoseThatSomebodyDownloadsWait) {
  auto first = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, first));
  EXPECT_EQ(repack(days(7)).bytes, 0u);
  later(days(8));
  auto before = run(xet->reconstruct(ada, first.file.file, {})).value();
  EXPECT_EQ(repack(days(7)).bytes, 0u) << "its URLs may be renewed";
  auto again = run(xet->reconstruct(ada, first.file.file, {})).value();
  ASSERT_EQ(again.terms.size(), before.terms.size());
  later(hours(2));
  EXPECT_EQ(repack(days(7)).bytes, first.content.size());
  expect_whole(first);
}

TEST_P(XetRepack, UrlsOfBeforeWorkUntilTheyEnd) {
  auto file = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, file));
  later(days(60));
  auto before = run(xet->reconstruct(ada, file.file.file, {})).value();
  restart();  // Another node knows of no reader.
  EXPECT_EQ(repack_all(), file.content.size());
  later(minutes(59));
  collect();
  for (const auto& xorb : before.xorbs)
    for (const auto& fetch : xorb.fetches) EXPECT_TRUE(fetch_url(fetch.url, fetch.body));
}

TEST_P(XetRepack, SpaceOfXorbsOfWhichLittleIsUsedComesBack) {
  options.ranges_per_gb_max = 0;
  restart();
  auto large = prepare(bytes_of(2'000'000), 10);
  ASSERT_TRUE(upload(ada, large));
  Composer composer;
  for (const auto& xorb : large.xorbs) composer.add(xorb, {1, 2});
  auto small = composer.finish();
  ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{small.file}, {})));
  EXPECT_EQ(repack_all(), 0u) << "all of it is used";
  ASSERT_TRUE(drop(large, lfs::Parting::after_grace));
  later(days(2));
  collect();
  EXPECT_EQ(repack_all(), 0u) << "clients may remember the rest";
  later(days(40));
  auto before = stored_bytes();
  EXPECT_GT(repack_all(), small.content.size() / 2) << "of most xorbs less than half is used";
  expect_whole(small);
  later(hours(2));  // Nobody follows it any more.
  EXPECT_EQ(repack_all(), 0u);
  much_later();
  EXPECT_LT(stored_bytes(), before / 2);
  expect_whole(small);
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_P(XetRepack, WhatIsPurgedIsGoneFromWhereItLayBefore) {
  auto file = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, file));
  ASSERT_GT(repack_all(), 0u);
  ASSERT_TRUE(drop(file, lfs::Parting::at_once));
  collect();
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_P(XetRepack, NextVersionsAreMadeOfTheNewXorbs) {
  auto first = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, first));
  ASSERT_GT(repack_all(), 0u);
  // A client that remembers its own upload, and one that asks.
  auto next = next_version(first, 5, 100);
  ASSERT_TRUE(upload(ada, next));
  expect_whole(next);
  EXPECT_TRUE(run(xet->find_chunk(ada, first.chunks[0])));
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_P(XetRepack, AFullDiskChangesNothing) {
  auto file = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, file));
  files->set_capacity(100'000);
  EXPECT_EQ(run(xet->repack_next(Duration{0})).error().code, ErrorCode::storage_full);
  files->set_capacity(1 << 30);
  expect_whole(file);
  later(hours(2));  // Nobody follows it any more.
  EXPECT_GT(repack_all(), 0u);
  expect_whole(file);
  EXPECT_THAT(errors(), IsEmpty());
}

}  // namespace
}  // namespace cairn::xet
