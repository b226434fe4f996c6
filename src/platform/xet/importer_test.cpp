#include "platform/xet/importer.h"

#include <map>

#include <gtest/gtest.h>

#include "platform/xet/test_support.h"

using namespace cairn;
using namespace cairn::xet;
using namespace cairn::xet::testing;

namespace {

/// Xorbs in memory. A chunk that any of them has leads to all of them, as if they had been uploaded
/// together.
struct MemoryStore final : ImportStore {
  std::map<Hash, XorbWriter::Finished> xorbs;
  std::uint64_t stored_bytes = 0;
  int asked = 0;
  bool full = false;

  [[nodiscard]] bool has(const Hash& chunk) const {
    for (const auto& [name, xorb] : xorbs)
      for (std::uint32_t i = 0; i < xorb.index.count(); ++i)
        if (xorb.index.chunk(i) == chunk) return true;
    return false;
  }
  Result<std::vector<XorbIndex>> xorbs_near(const Hash& chunk) override {
    ++asked;
    std::vector<XorbIndex> out;
    if (!has(chunk)) return out;
    for (const auto& [name, xorb] : xorbs)
      out.push_back(XorbIndex::parse(xorb.index.bytes()).value());
    return out;
  }
  Result<> store(const XorbWriter::Finished& xorb) override {
    if (full) return fail(ErrorCode::storage_full, "StorageFull", "full");
    EXPECT_TRUE(verify(xorb.index.xorb(), xorb.body));
    stored_bytes += xorb.body.size();
    xorbs.emplace(xorb.index.xorb(),
                  XorbWriter::Finished{xorb.body, XorbIndex::parse(xorb.index.bytes()).value()});
    return {};
  }

  /// The file that its terms make; every proof is held against the stored xorbs.
  std::string read(const FileBlock& file) {
    std::string out;
    FileHasher hasher;
    EXPECT_EQ(file.range_hashes.size(), file.terms.size());
    for (std::size_t i = 0; i < file.terms.size(); ++i) {
      const Term& term = file.terms[i];
      const auto& xorb = xorbs.at(term.xorb);
      EXPECT_TRUE(check_term(term, file.range_hashes[i], xorb.index));
      ByteRange records = xorb.index.records(term.chunks);
      std::size_t at = out.size();
      out.resize(at + term.content_bytes);
      EXPECT_TRUE(decode_chunks(xorb.index, term.chunks,
                                std::string_view(xorb.body).substr(records.first, records.count()),
                                out.data() + at));
      hasher.add(xorb.index, term.chunks);
    }
    EXPECT_EQ(hasher.file(), file.file);
    return out;
  }
};

FileBlock import(MemoryStore& store, std::string_view content, unsigned threads = 1,
                 std::size_t piece = 1 << 20) {
  FileImporter importer(store, {.threads = threads});
  for (; !content.empty(); content.remove_prefix(std::min(piece, content.size())))
    EXPECT_TRUE(importer.write(content.substr(0, piece)));
  auto file = importer.finish();
  EXPECT_TRUE(file);
  return file.value();
}

}  // namespace

TEST(XetImporter, MakesTheFileThatAClientWouldMake) {
  std::string content = splitmix_bytes(1'000'000);
  MemoryStore store;
  FileBlock file = import(store, content);
  EXPECT_EQ(file.file.text(), "3d17b2d7d64a0e011b6717a52d9a16bd2c3f05b743fa8adf52a7d75dafab6d89");
  ASSERT_EQ(file.terms.size(), 1u);
  EXPECT_EQ(file.terms[0].xorb.text(),
            "6f2ce16ca5e317f0100ff0e7e5bf40a0de9032e9ee1ad04b6b8ff4e36cdfbf6c");
  EXPECT_EQ(file.terms[0].chunks, (ChunkRange{0, 19}));
  EXPECT_EQ(file.range_hashes[0].text(),
            "6daf15a7ed258b91f607e8f5e6723a8564292d12c8104c156f7bad9c255a0180");
  EXPECT_FALSE(file.sha256);
  EXPECT_TRUE(store.read(file) == content);
}

TEST(XetImporter, TheEmptyFileHasNoTerms) {
  MemoryStore store;
  FileBlock file = import(store, "");
  EXPECT_TRUE(file.file.is_zero());
  EXPECT_TRUE(file.terms.empty());
  EXPECT_TRUE(store.xorbs.empty());
}

TEST(XetImporter, ThreadsAndPiecesChangeNothing) {
  std::string content = splitmix_bytes(9 << 20, 1) + std::string(3 << 20, '\0') +
                        linear_bytes(5 << 20, 13, 37) + splitmix_bytes(7'654'321, 2);
  MemoryStore one, four, pieces;
  FileBlock file = import(one, content);
  EXPECT_EQ(import(four, content, 4), file);
  EXPECT_EQ(import(pieces, content, 2, 77'777), file);
  for (const auto& [name, xorb] : one.xorbs) {
    EXPECT_TRUE(four.xorbs.at(name).body == xorb.body);
    EXPECT_TRUE(pieces.xorbs.at(name).body == xorb.body);
  }
  EXPECT_EQ(file.file, file_hash(chunk_hashes(content)));
  EXPECT_TRUE(one.read(file) == content);
}

TEST(XetImporter, TheSameFileAgainStoresNothing) {
  for (std::size_t size : {100u, 300'000u, 30u << 20}) {
    std::string content = splitmix_bytes(size, 3);
    MemoryStore store;
    FileBlock first = import(store, content);
    std::uint64_t stored = store.stored_bytes;
    FileBlock again = import(store, content);
    EXPECT_EQ(store.stored_bytes, stored);
    EXPECT_EQ(again.file, first.file);
    EXPECT_TRUE(store.read(again) == content);
  }
}

TEST(XetImporter, AMegabyteInsertedCostsAMegabyte) {
  std::string content = splitmix_bytes(80 << 20, 4);
  MemoryStore store;
  import(store, content);
  std::uint64_t stored = store.stored_bytes;
  std::string edited =
      content.substr(0, 40 << 20) + splitmix_bytes(1 << 20, 5) + content.substr(40 << 20);
  FileBlock file = import(store, edited, 2);
  EXPECT_LT(store.stored_bytes - stored, 1'500'000u);
  EXPECT_LE(file.terms.size(), 6u);
  EXPECT_TRUE(store.read(file) == edited);
}

TEST(XetImporter, ContentThatTheFileRepeatsIsStoredOnce) {
  std::string part = splitmix_bytes(20 << 20, 6);
  MemoryStore store;
  FileBlock file = import(store, part + part + part);
  EXPECT_LT(store.stored_bytes, 21u << 20);
  EXPECT_TRUE(store.read(file) == part + part + part);
}

TEST(XetImporter, ShortRunsAreStoredAgainRatherThanFragmentAFile) {
  // Every other 200 KiB is known; as terms of three chunks they would make 50 ranges per 10 MiB.
  std::string known = splitmix_bytes(10 << 20, 7), fresh = splitmix_bytes(10 << 20, 8), mixed;
  for (std::size_t at = 0; at < known.size(); at += 200 << 10)
    mixed += known.substr(at, 200 << 10) + fresh.substr(at, 200 << 10);
  MemoryStore store;
  import(store, known);
  FileBlock file = import(store, mixed);
  EXPECT_LE(file.terms.size(), 5u);
  EXPECT_TRUE(store.read(file) == mixed);
}

TEST(XetImporter, XorbsEndAt64MiBOfContent) {
  std::string content = splitmix_bytes(130 << 20, 9);
  MemoryStore store;
  FileBlock file = import(store, content, 2);
  EXPECT_EQ(store.xorbs.size(), 3u);
  EXPECT_EQ(file.terms.size(), 3u);
  for (const auto& [name, xorb] : store.xorbs) {
    EXPECT_LE(xorb.index.content_bytes(), xorb_content_bytes_target);
    EXPECT_LE(xorb.body.size(), xorb_bytes_max);
  }
  EXPECT_TRUE(store.read(file) == content);
}

TEST(XetImporter, AsksForTheFirstChunkAndForKeyChunksOnly) {
  std::string content = splitmix_bytes(40 << 20, 10);
  MemoryStore store;
  import(store, content);
  int keys = 0;
  for (const SizedHash& chunk : chunk_hashes(content)) keys += chunk.hash.is_key_chunk();
  EXPECT_LE(store.asked, keys + 1);
  EXPECT_GE(store.asked, 1);
}

TEST(XetImporter, AFullStoreEndsTheImport) {
  MemoryStore store;
  store.full = true;
  FileImporter importer(store);
  ASSERT_TRUE(importer.write(splitmix_bytes(100'000)));
  auto file = importer.finish();
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::storage_full);
}
