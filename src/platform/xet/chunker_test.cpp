#include "platform/xet/chunker.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "platform/xet/test_support.h"

using namespace cairn;
using namespace cairn::xet;
using namespace cairn::xet::testing;

namespace {

using Lengths = std::vector<std::uint32_t>;

std::vector<std::uint64_t> ends_of(const Lengths& lengths) {
  std::vector<std::uint64_t> out;
  std::uint64_t end = 0;
  for (std::uint32_t length : lengths) out.push_back(end += length);
  return out;
}

/// The rule of section 3.2 of the protocol, byte by byte, nothing skipped.
Lengths slow_lengths(std::string_view content) {
  Lengths out;
  std::uint64_t state = 0;
  std::uint32_t length = 0;
  for (char c : content) {
    state = (state << 1) + gear_table()[static_cast<std::uint8_t>(c)];
    ++length;
    if ((length >= 8192 && (state & 0xFFFF000000000000) == 0) || length == 131'072) {
      out.push_back(length);
      state = 0;
      length = 0;
    }
  }
  if (length > 0) out.push_back(length);
  return out;
}

/// What a Chunker finds when `content` comes in pieces whose sizes `next_piece` says.
template <class NextPiece>
Lengths lengths_in_pieces(std::string_view content, NextPiece next_piece) {
  Lengths out;
  Chunker chunker;
  std::uint32_t open = 0;
  while (!content.empty()) {
    std::string_view piece = content.substr(0, next_piece());
    content.remove_prefix(piece.size());
    while (auto length = chunker.next(piece)) {
      out.push_back(open + static_cast<std::uint32_t>(*length));
      open = 0;
      piece.remove_prefix(*length);
    }
    open += static_cast<std::uint32_t>(piece.size());
    EXPECT_EQ(chunker.open_bytes(), open);
  }
  if (open > 0) out.push_back(open);
  return out;
}

struct Vector {
  std::string name, content;
};
std::vector<Vector> vectors() {
  return {{"A", splitmix_bytes(1'000'000)},
          {"B", std::string(1'000'000, 59)},
          {"C", linear_bytes(200'000, 7, 13)},
          {"D", linear_bytes(1'000'000, 13, 37)},
          {"E", xorshift_bytes(3 << 20)}};
}

}  // namespace

TEST(XetChunker, Item1GearTableHasTheProtocolsChecksums) {
  std::string little, big;
  std::uint64_t all_xor = 0, sum = 0;
  for (std::uint64_t value : gear_table()) {
    for (int i = 0; i < 8; ++i) little.push_back(static_cast<char>(value >> (8 * i)));
    for (int i = 7; i >= 0; --i) big.push_back(static_cast<char>(value >> (8 * i)));
    all_xor ^= value;
    sum += value;
  }
  EXPECT_EQ(sha256(little).hex(),
            "e1d3936666d7ae7a977c958e9afcc75f90aaca758ce5fbe4ece61dffefe1912c");
  EXPECT_EQ(sha256(big).hex(), "106a7a8d97e7074ea409311b0321f36dba49366cf5ff50ce42af62381ac72bdd");
  EXPECT_EQ(all_xor, 0x6aa26c5ca5f6cbfc);
  EXPECT_EQ(sum, 0xc1acb37ef35c570a);
}

TEST(XetChunker, Item1VectorA) {
  std::string content = splitmix_bytes(1'000'000);
  ASSERT_EQ(sha256(content).hex(),
            "b3d0a1f7938cd4d8413a4dcffd4313e2e8ac0cb61cb1090eb140ea8e9154befb");
  struct {
    std::uint64_t end;
    std::string_view hash;
  } rows[] = {
      {84493, "6eca1e7dadaf08cca5d82d318c800f07c2ddcec115a7e8627e5edd9605b94b8d"},
      {134421, "624ea34d72a06e5d43a1b8dd10763f0d22f165992c397ed97563899b27fdd88a"},
      {144853, "4411d2ec847c6e3f451a7451ff3933adb4f1c31587421b9f730b698a78313b47"},
      {243318, "6342bde97433e29e0779ad33eb8040d986679040361b3cc3a06230fe60dd6c9b"},
      {271793, "405253fcf15bba751adc4f507d3453273daff81ed4d8acd71c521aa1cbddc0b5"},
      {336457, "4482374af7f8bebfdb5c5df0299f80128d6c58886ad7b218c562b1d74064e4cb"},
      {467529, "80acc8d39c853b4b8a8c6ad7b63bf2ea68f62c2226b92f06349f92cc84d213cc"},
      {494581, "a7076d7d343f711fb20fe6cd023248d8d051e8fe7d44172596cd5c7ea7edaf65"},
      {582000, "44755217bbb4dadc81ea7695765230a34a2e6cb3b55f373f1de35aeba79ae92c"},
      {596735, "001adc1d302d5f039278325dcbd5ec3b194f4794f1629d6f962f9f4bb78a7bff"},
      {616815, "f8460a337c186f07c2e225bb287a1d3d3d686dc69d0828e99640f7d8852c5b90"},
      {653164, "c9bc3da29025dc1ba562d303d815151d9a937367abb766ae842a165e8493d9fe"},
      {678202, "5044339dfd65e8163bdfe642614a6be604b04d6aeacf222cf219ad287bfc5cf1"},
      {724510, "163622db0fe0da93f2ef964eed4c485f3c7a9c312f8e8e8a312ab4bb8141f13e"},
      {815591, "e1730534a858aa0258ad8904ef12b829b8a123a1c611250275c9ca9471e4c650"},
      {827760, "1fbc6854f9185caba1e1f55393f41f83b895b18f9c99245c029025ca48f1e14b"},
      {958832, "8a27b66ccf05b864b6bef6fb5c970fe894f73d2330e8e98fe7841dcdbd9e9576"},
      {991092, "bc70a33e7a9ec820cac24b87023469a57bdae1bf91cc3961b95806c64a525221"},
      {1000000, "03e5b5f5a088269ec4b329f1e04debfac4cb54b9c0facf038f7e8e0f054be7e2"},
  };
  auto ends = ends_of(chunk_lengths(content));
  auto chunks = chunk_hashes(content);
  ASSERT_EQ(chunks.size(), std::size(rows));
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(ends[i], rows[i].end);
    EXPECT_EQ(chunks[i].hash.text(), rows[i].hash);
  }
  EXPECT_EQ(xorb_hash(chunks).text(),
            "6f2ce16ca5e317f0100ff0e7e5bf40a0de9032e9ee1ad04b6b8ff4e36cdfbf6c");
  EXPECT_EQ(file_hash(chunks).text(),
            "3d17b2d7d64a0e011b6717a52d9a16bd2c3f05b743fa8adf52a7d75dafab6d89");
  EXPECT_EQ(range_hash_of(chunks).text(),
            "6daf15a7ed258b91f607e8f5e6723a8564292d12c8104c156f7bad9c255a0180");
}

TEST(XetChunker, Item1VectorB) {
  std::string content(1'000'000, 59);
  EXPECT_EQ(chunk_lengths(content),
            (Lengths{131072, 131072, 131072, 131072, 131072, 131072, 131072, 82496}));
  auto chunks = chunk_hashes(content);
  EXPECT_EQ(chunks.front().hash.text(),
            "d3b528b30528f3ad802a015cdf93c531d4da754a1f8c0d341a8f111fd8b6f04e");
  EXPECT_EQ(chunks.back().hash.text(),
            "99d04e49b71237231d47669f3eec84c90eb6b6be12b364ce326c05c6d71c3a9f");
  EXPECT_EQ(xorb_hash(chunks).text(),
            "a6b5a7f0bb38b6fd5fb39031eb7564e18ea0e7a0b7bea87de54ed1db8bc85884");
  EXPECT_EQ(file_hash(chunks).text(),
            "53f845640fcd1c7440befff65bd93434c83a30c6559a705597d61f2ef64e2f88");
}

TEST(XetChunker, Item1VectorC) {
  auto chunks = chunk_hashes(linear_bytes(200'000, 7, 13));
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[0].size_bytes, 131'072u);
  EXPECT_EQ(chunks[0].hash.text(),
            "118bbac5c38b2bca9c2b7ae8307786de066696b91b2b5ccb7dbbd4608c966882");
  EXPECT_EQ(chunks[1].size_bytes, 68'928u);
  EXPECT_EQ(chunks[1].hash.text(),
            "7884d4de4bcc904767362a91e97eb6c2b6bc5f3a61b640d0cad8bb1129ff0827");
  EXPECT_EQ(xorb_hash(chunks).text(),
            "f0755d96ee199d4f01e83da9fe2c38353de7fd38fb79a320a7d50be510026f74");
  EXPECT_EQ(file_hash(chunks).text(),
            "d88d9e0b760f32c90b7c6592b4cb85251c01bb797371e3c637087b96ac578723");
  EXPECT_EQ(range_hash_of(chunks).text(),
            "82d580dd3896919ef870af78b2c7bd21e67e79777922bbc8cef1fc21630c308c");
}

TEST(XetChunker, Item1VectorD) {
  auto chunks = chunk_hashes(linear_bytes(1'000'000, 13, 37));
  EXPECT_EQ(chunks.size(), 8u);
  EXPECT_EQ(xorb_hash(chunks).text(),
            "7be289d851485c40dcde52dbcf37a7823a5ef0bfcdf1ca1c5a32ad9594c71571");
  EXPECT_EQ(file_hash(chunks).text(),
            "041a50f3639f4a080a89237025d643e2a3e22935ca5d7dbc1a38f5c1e859f859");
}

TEST(XetChunker, Item1VectorE) {
  auto chunks = chunk_hashes(xorshift_bytes(3 << 20));
  ASSERT_EQ(chunks.size(), 52u);
  EXPECT_EQ(chunks[44].size_bytes, 131'072u);
  EXPECT_EQ(chunks[44].hash.text(),
            "8ee1833ff616a01e187888865c8e22f403c860b7a6c347ba28c4511995875086");
  EXPECT_EQ(xorb_hash(chunks).text(),
            "6299b0a1b08caa813a3730d494648726f4b3fb85dd3b072f28ad031d6f408636");
  EXPECT_EQ(file_hash(chunks).text(),
            "27d7a6d9c85ba8153b9929089573df0b9b8c85d1398cff4d25862f2817f78974");
}

TEST(XetChunker, Item1TheSameCutsInPiecesOfAnySize) {
  std::mt19937_64 random(3);
  for (const auto& [name, content] : vectors()) {
    Lengths whole = chunk_lengths(content);
    EXPECT_EQ(whole, slow_lengths(content)) << name;
    for (std::size_t piece : {1, 7, 8127, 8192, 65'537})
      EXPECT_EQ(lengths_in_pieces(content, [&] { return piece; }), whole) << name << " " << piece;
    for (std::size_t most : {3, 300, 30'000, 300'000})
      EXPECT_EQ(lengths_in_pieces(content, [&] { return random() % most + 1; }), whole) << name;
  }
}

TEST(XetChunker, Item11AShortMatchBeforeTheMinimumDoesNotCut) {
  // Byte 17's table entry has zero in its top 16 bits: after a reset it matches at once.
  std::string content(8'200, 17);
  EXPECT_EQ(chunk_lengths(content), slow_lengths(content));
  EXPECT_GE(chunk_lengths(content)[0], chunk_cut_bytes_min);
}

TEST(XetChunker, EmptyContentHasNoChunks) {
  EXPECT_TRUE(chunk_lengths("").empty());
  EXPECT_TRUE(chunk_lengths_parallel("", 4).empty());
  Chunker chunker;
  EXPECT_FALSE(chunker.next(""));
  EXPECT_EQ(chunker.open_bytes(), 0u);
}

TEST(XetChunker, ParallelCutsAreTheSame) {
  // Random content agrees at once; linear content repeats every 256 bytes and never does.
  for (const std::string& content :
       {splitmix_bytes(20 << 20, 5), std::string(13 << 20, 59), linear_bytes(17 << 20, 13, 37),
        splitmix_bytes(8 << 20, 6) + std::string(8 << 20, '\0') + splitmix_bytes(4'999'999, 7)}) {
    auto whole = chunk_lengths(content);
    for (unsigned threads : {0u, 2u, 5u})
      EXPECT_EQ(chunk_lengths_parallel(content, threads), whole) << threads;
  }
}

TEST(XetChunker, Item1VectorF) {
  // A pattern that matches the mask, and k zero bytes, over and over (the protocol's public test).
  std::string pattern = bytes_of_hex(
      "9a342a229f4b7ee046ec0cc44fecb27c7f3263b22cb0ae7efaebcdaefc7a230a"
      "1465d645c10873699ee4786f88a2c6fbd3b7fdfca4933f10baa27517aa24cdbb"
      "ae4cd2aed3af0cad913b0246deb59fe3b69cbd33e26a1832b79d8c0a0817d446"
      "0aea1721dbfe27ec4631bf7409730f651a9fa5dc0faa387d5ca35eeb26283151");
  struct {
    std::size_t zeros;
    std::vector<std::uint64_t> ends;
  } rows[] = {
      {0, {8256, 16448, 24640, 32832, 41024, 49216, 57408, 65536}},
      {1, {8320, 16576, 24832, 33088, 41344, 49600, 57856, 65536}},
      {5, {8310, 16556, 24802, 33048, 41294, 49540, 57786, 65536}},
      {11, {8265, 16466, 24667, 32868, 41069, 49270, 57471, 65536}},
      {12, {8324, 16584, 24844, 33104, 41364, 49624, 57884, 65536}},
      {126, {8192, 16574, 24956, 33338, 41720, 50102, 58484, 65536}},
  };
  for (const auto& row : rows) {
    std::string period = pattern + std::string(row.zeros, '\0'), content;
    while (content.size() < 65'536) content += period;
    content.resize(65'536);
    EXPECT_EQ(ends_of(chunk_lengths(content)), row.ends) << row.zeros;
    EXPECT_EQ(chunk_lengths(content), slow_lengths(content)) << row.zeros;
    for (std::size_t piece : {1, 7, 8127, 8192})
      EXPECT_EQ(lengths_in_pieces(content, [&] { return piece; }), chunk_lengths(content));
  }
}
