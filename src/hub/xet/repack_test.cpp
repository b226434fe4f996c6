#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/xet/testing.h"

namespace cairn::xet {
namespace {

using testing::bytes_of;
using ::testing::IsEmpty;
using testing::prepare;
using testing::Prepared;
using testing::run;

/// A next version: parts of the one before, and new chunks between them.
Prepared next_version(const Prepared& before, unsigned seed, std::uint32_t every) {
  Prepared out;
  std::vector<SizedHash> all;
  auto add = [&](const XorbIndex& index, ChunkRange range, std::string_view content) {
    out.file.terms.push_back(
        {.xorb = index.xorb(),
         .content_bytes = static_cast<std::uint32_t>(index.content_bytes(range)),
         .chunks = range});
    out.file.range_hashes.push_back(index.range_hash(range));
    for (auto i = range.first; i < range.end; ++i)
      all.push_back({index.chunk(i), index.chunk_bytes(i)});
    out.content += content;
  };
  for (const auto& xorb : before.xorbs)
    for (std::uint32_t at = 0; at < xorb.index.count(); at += every) {
      ChunkRange kept{at, std::min(at + every, xorb.index.count())};
      add(xorb.index, kept, testing::World::decode(xorb.body, at, kept.end - at));
      auto fresh = prepare(bytes_of(20'000, seed * 1000 + static_cast<unsigned>(out.xorbs.size())));
      add(fresh.xorbs[0].index, {0, fresh.xorbs[0].index.count()}, fresh.content);
      out.xorbs.push_back(std::move(fresh.xorbs[0]));
    }
  out.file.file = file_hash(all);
  out.file.sha256 = sha256(out.content);
  return out;
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
  void collect() { EXPECT_TRUE(run(xet->collect(hours(24), false))); }
  /// After what clients may remember and URLs that are under way.
  void much_later() {
    for (int i = 0; i < 4; ++i) {
      wait(days(40));
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
  Prepared file;
  std::vector<SizedHash> all;
  for (int n = 0; n < 4; ++n)
    for (const auto& xorb : part.xorbs) {
      ChunkRange range{0, xorb.index.count()};
      file.file.terms.push_back(
          {.xorb = xorb.index.xorb(),
           .content_bytes = static_cast<std::uint32_t>(xorb.index.content_bytes()),
           .chunks = range});
      file.file.range_hashes.push_back(xorb.index.range_hash(range));
      for (auto i = range.first; i < range.end; ++i)
        all.push_back({xorb.index.chunk(i), xorb.index.chunk_bytes(i)});
      file.content += testing::World::decode(xorb.body, 0, range.end);
    }
  file.xorbs = part.xorbs;
  file.file.file = file_hash(all);
  file.file.sha256 = sha256(file.content);
  ASSERT_TRUE(upload(ada, file));
  EXPECT_EQ(repack_all(), part.content.size());
  expect_whole(file);
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_P(XetRepack, AnOlderVersionIsLeftAsItIs) {
  auto first = prepare(bytes_of(600'000), 2);  // In pieces itself.
  ASSERT_TRUE(upload(ada, first));
  auto second = next_version(first, 2, 100);
  second.file.terms.resize(1);  // One piece: the first xorb's.
  second.file.range_hashes.resize(1);
  std::vector<SizedHash> all;
  const auto& index = first.xorbs[0].index;
  for (std::uint32_t i = 0; i < index.count(); ++i)
    all.push_back({index.chunk(i), index.chunk_bytes(i)});
  second.content = second.content.substr(0, index.content_bytes());
  second.file.file = file_hash(all);
  second.file.sha256 = sha256(second.content);
  ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{second.file}, {})));
  EXPECT_EQ(repack_all(), 0u);
}

TEST_P(XetRepack, YoungFilesAndThoseThatSomebodyDownloadsWait) {
  if (GetParam() == db::Engine::postgres) GTEST_SKIP() << "its rows have the server's time";
  auto first = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, first));
  EXPECT_EQ(repack(days(7)).bytes, 0u);
  wait(days(8));
  auto before = run(xet->reconstruct(ada, first.file.file, {})).value();
  EXPECT_EQ(repack(days(7)).bytes, 0u) << "its URLs may be renewed";
  auto again = run(xet->reconstruct(ada, first.file.file, {})).value();
  ASSERT_EQ(again.terms.size(), before.terms.size());
  wait(hours(2));
  EXPECT_EQ(repack(days(7)).bytes, first.content.size());
  expect_whole(first);
}

TEST_P(XetRepack, UrlsOfBeforeWorkUntilTheyEnd) {
  if (GetParam() == db::Engine::postgres) GTEST_SKIP() << "its rows have the server's time";
  auto file = prepare(bytes_of(900'000), 3);
  ASSERT_TRUE(upload(ada, file));
  wait(days(60));
  auto before = run(xet->reconstruct(ada, file.file.file, {})).value();
  restart();  // Another node knows of no reader.
  EXPECT_EQ(repack_all(), file.content.size());
  wait(minutes(59));
  collect();
  for (const auto& xorb : before.xorbs)
    for (const auto& fetch : xorb.fetches) EXPECT_TRUE(fetch_url(fetch.url, fetch.body));
}

TEST_P(XetRepack, SpaceOfXorbsOfWhichLittleIsUsedComesBack) {
  if (GetParam() == db::Engine::postgres) GTEST_SKIP() << "its rows have the server's time";
  options.ranges_per_gb_max = 0;
  restart();
  auto large = prepare(bytes_of(2'000'000), 10);
  ASSERT_TRUE(upload(ada, large));
  Prepared small;
  std::vector<SizedHash> all;
  for (const auto& xorb : large.xorbs) {
    ChunkRange range{1, 2};
    small.file.terms.push_back(
        {.xorb = xorb.index.xorb(),
         .content_bytes = static_cast<std::uint32_t>(xorb.index.content_bytes(range)),
         .chunks = range});
    small.file.range_hashes.push_back(xorb.index.range_hash(range));
    for (auto i = range.first; i < range.end; ++i)
      all.push_back({xorb.index.chunk(i), xorb.index.chunk_bytes(i)});
    small.content += testing::World::decode(xorb.body, range.first, range.end - range.first);
  }
  small.file.file = file_hash(all);
  small.file.sha256 = sha256(small.content);
  ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{small.file}, {})));
  EXPECT_EQ(repack_all(), 0u) << "all of it is used";
  ASSERT_TRUE(drop(large, lfs::Parting::after_grace));
  wait(days(2));
  collect();
  EXPECT_EQ(repack_all(), 0u) << "clients may remember the rest";
  wait(days(40));
  auto before = stored_bytes();
  EXPECT_GT(repack_all(), small.content.size() / 2) << "of most xorbs less than half is used";
  expect_whole(small);
  wait(hours(2));  // Nobody follows it any more.
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
  wait(hours(2));  // Nobody follows it any more.
  EXPECT_GT(repack_all(), 0u);
  expect_whole(file);
  EXPECT_THAT(errors(), IsEmpty());
}

}  // namespace
}  // namespace cairn::xet
