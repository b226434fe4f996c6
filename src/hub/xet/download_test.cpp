#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/xet/testing.h"
#include "hub/xet/token.h"

// Numbers are those of the protocol reference's checklist.
namespace cairn::xet {
namespace {

using testing::bytes_of;
using testing::prepare;
using testing::Prepared;
using testing::run;
using testing::shuffled;
using testing::word;

class XetDownload : public ::testing::Test, public testing::World {
 protected:
  const Token ada = token(ada_model);
};

TEST_F(XetDownload, Item22AnyRangeOfAnyFileIsPutTogetherAsTheClientsDoIt) {
  auto base = prepare(bytes_of(3'000'000), 7);
  ASSERT_TRUE(upload(ada, base));
  for (unsigned seed = 1; seed <= 12; ++seed) {
    auto file = shuffled(base, seed, 1 + static_cast<int>(seed) % 9);
    ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{file.file}, {})));
    std::uint64_t size = file.content.size();
    for (unsigned n = 0; n < 25; ++n) {
      std::uint64_t first = (n * 7919ull * (seed + 3)) % size;
      std::uint64_t count = std::min<std::uint64_t>(1 + (n * n * 104'729ull) % size, size - first);
      auto got = assemble(ada, file.file.file, Span{first, first + count - 1}, count);
      ASSERT_TRUE(got) << got.error().message;
      ASSERT_TRUE(*got == file.content.substr(first, count))
          << "seed " << seed << " [" << first << ", +" << count << ")";
      auto link = linked(ada_model, file.content);
      auto reader = xet->open_file(*link).value();
      auto read = reader->read({first, count}).value();
      auto want = file.content.substr(first, count);
      auto [a, b] = std::ranges::mismatch(read, want);
      ASSERT_TRUE(read == want) << "seed " << seed << " [" << first << ", +" << count << ") of "
                                << size << ": differs at " << a - read.begin() << " of "
                                << read.size();
    }
  }
}

TEST_F(XetDownload, ReadsInOrderAndAnywhereGiveTheSameBytes) {
  auto file = prepare(bytes_of(2'500'000), 5);
  ASSERT_TRUE(upload(ada, file));
  auto reader = xet->open_file(*linked(ada_model, file.content)).value();
  std::string all;
  for (std::uint64_t at = 0; at < file.content.size(); at += 77'777)
    all += reader->read({at, std::min<std::uint64_t>(77'777, file.content.size() - at)}).value();
  EXPECT_TRUE(all == file.content);
  for (std::uint64_t at : {2'000'000, 5, 1'999'999, 77'776, 0, 2'499'999})
    EXPECT_EQ(reader->read({at, 1}).value(), file.content.substr(at, 1));
}

TEST_F(XetDownload, AReaderThatIsLeftHalfwayGoes) {
  auto file = prepare(bytes_of(2'500'000), 5);
  ASSERT_TRUE(upload(ada, file));
  auto reader = xet->open_file(*linked(ada_model, file.content)).value();
  for (std::uint64_t at : {0, 300'000, 600'000})  // The next piece is decoded meanwhile.
    ASSERT_TRUE(reader->read({at, 300'000}));
  std::weak_ptr left = reader;
  reader.reset();
  for (int i = 0; i < 1000 && !left.expired(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(left.expired());
}

TEST_F(XetDownload, Item23EdgesOfRanges) {
  auto file = prepare(bytes_of(400'000), 3);
  ASSERT_TRUE(upload(ada, file));
  auto hash = file.file.file;
  std::uint64_t size = file.content.size();
  auto whole = file.content;
  EXPECT_EQ(assemble(ada, hash, {}, size).value(), whole);
  EXPECT_EQ(assemble(ada, hash, Span{0, 0}, 1).value(), whole.substr(0, 1));
  EXPECT_EQ(assemble(ada, hash, Span{size - 1, size - 1}, 1).value(), whole.substr(size - 1));
  EXPECT_EQ(assemble(ada, hash, Span{5, UINT64_MAX - 1}, size - 5).value(), whole.substr(5));
  EXPECT_EQ(assemble(ada, hash, Span{5, {}}, size - 5).value(), whole.substr(5));
  EXPECT_EQ(assemble(ada, hash, Span{{}, 9}, 9).value(), whole.substr(size - 9));
  EXPECT_EQ(assemble(ada, hash, Span{{}, size * 2}, size).value(), whole);
  for (auto span : {Span{size, {}}, Span{size, size + 5}, Span{{}, 0}})
    EXPECT_EQ(run(xet->reconstruct(ada, hash, span)).error().code,
              ErrorCode::range_not_satisfiable);
}

TEST_F(XetDownload, Item24GapsAreNeverBridgedAndNeighboursAreJoined) {
  auto base = prepare(bytes_of(1'500'000));
  ASSERT_TRUE(upload(ada, base));
  const auto& index = base.xorbs[0].index;
  ASSERT_GE(index.count(), 10u);
  testing::Composer composer;
  for (auto range :
       {ChunkRange{6, 8}, ChunkRange{0, 2}, ChunkRange{2, 3}, ChunkRange{1, 3}, ChunkRange{4, 5}})
    composer.add(base.xorbs[0], range);
  auto file = composer.finish();
  ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{file.file}, {})));
  auto made = run(xet->reconstruct(ada, file.file.file, {})).value();
  ASSERT_EQ(made.xorbs.size(), 1u);
  std::vector<ChunkRange> got;
  std::set<std::string> urls;
  for (const auto& fetch : made.xorbs[0].fetches) {
    got.push_back(fetch.chunks);
    urls.insert(fetch.url);
    EXPECT_EQ(fetch.body, index.records(fetch.chunks));
  }
  EXPECT_EQ(got, (std::vector<ChunkRange>{{0, 3}, {4, 5}, {6, 8}}));
  EXPECT_EQ(urls.size(), 3u);
}

TEST_F(XetDownload, Item25TheSameQueryHasTheSameStructureLater) {
  auto file = prepare(bytes_of(800'000), 4);
  ASSERT_TRUE(upload(ada, file));
  auto shape = [&] {
    auto made = run(xet->reconstruct(ada, file.file.file, Span{123'456, 654'321})).value();
    std::string out = std::to_string(made.offset_into_first_range);
    for (const auto& term : made.terms) out += term.xorb.text() + std::to_string(term.chunks.first);
    for (const auto& xorb : made.xorbs)
      for (const auto& fetch : xorb.fetches)
        out += xorb.hash.text() + std::to_string(fetch.body.first) + std::to_string(fetch.body.end);
    return out;
  };
  auto before = shape();
  ASSERT_TRUE(upload(token(bob_model), prepare(bytes_of(300'000, 5))));
  wait(hours(2));
  restart();
  EXPECT_EQ(shape(), before);
}

TEST_F(XetDownload, Item26And27UrlsAreGoodForTheirBytesAndTheirTime) {
  auto file = prepare(bytes_of(400'000));
  ASSERT_TRUE(upload(ada, file));
  auto made = run(xet->reconstruct(ada, file.file.file, Span{100'000, 200'000})).value();
  auto parts = parts_of(made.xorbs[0].fetches[0].url);
  auto open = [&](const std::map<std::string, std::string>& p) {
    return run(xet->open_transfer(Hash::parse(p.at("xorb")).value(), p.at("i"), p.at("r"),
                                  p.at("e"), p.at("s")));
  };
  EXPECT_TRUE(open(parts));
  for (const auto& [name, other] :
       std::map<std::string, std::string>{{"xorb", chunk_hash("x").text()},
                                          {"i", "0123456789abcdef"},
                                          {"r", "0-5"},
                                          {"e", "99999999999"},
                                          {"s", "x.y"},
                                          {"r ", ""}}) {
    auto forged = parts;
    forged[name == "r " ? "r" : name] = other;
    EXPECT_EQ(word(open(forged)), "InvalidSignature") << name;
  }
  clock.advance(seconds(3601));
  EXPECT_EQ(word(open(parts)), "UrlExpired");
}

TEST_F(XetDownload, TokensEndAndAreNotMadeByOthers) {
  auto issued = xet->issue_token(ada_model, user, Right::write);
  auto token = xet->open_token(issued.text).value();
  EXPECT_EQ(token.repo, ada_model);
  EXPECT_EQ(token.user, user);
  EXPECT_EQ(token.right, Right::write);
  EXPECT_EQ(word(xet->open_token(issued.text + "x")), "InvalidXetToken");
  EXPECT_EQ(word(xet->open_token("")), "InvalidXetToken");
  EXPECT_EQ(word(xet->open_token(std::string(10'000, 'a'))), "InvalidXetToken");
  clock.advance(minutes(61));
  EXPECT_TRUE(xet->open_token(issued.text)) << "clients go by their own clocks";
  clock.advance(minutes(2));
  EXPECT_EQ(word(xet->open_token(issued.text)), "XetTokenExpired");
}

TEST_F(XetDownload, Item41AFileIsUnknownToRepositoriesThatDoNotHaveIt) {
  auto file = prepare(bytes_of(1000));
  ASSERT_TRUE(upload(ada, file));
  auto bob = token(bob_model, Right::read, stranger);
  auto foreign = run(xet->reconstruct(bob, file.file.file, {}));
  auto unknown = run(xet->reconstruct(bob, chunk_hash("nothing"), {}));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().message, unknown.error().message);
  write([&](db::Tx& tx) {
    return lfs::link_from(tx, ada_model, bob_model, sha256(file.content), {});
  });
  EXPECT_TRUE(run(xet->reconstruct(bob, file.file.file, {})));
}

}  // namespace
}  // namespace cairn::xet
