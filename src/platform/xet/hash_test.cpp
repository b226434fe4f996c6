#include "platform/xet/hash.h"

#include <gtest/gtest.h>

#include "platform/xet/test_support.h"

using namespace cairn;
using namespace cairn::xet;
using namespace cairn::xet::testing;

namespace {

struct Leaves {
  std::vector<SizedHash> r;  ///< r[0] to r[7]
  Leaves() {
    r = {
        {Hash{}, 0},
        {hash_of("cfc5d07f6f03c29bbf424132963fe08d19a37d5757aaf520bf08119f05cd56d6"), 100},
        {hash_of("c3e67584b5c4fc2a89837ec39e40f2c8a6bb0b2987ac94cd4b31e5fbdd210a72"), 200},
        {hash_of("0d2beb91b9196929a5ddec9f6e306924ddf4a24268e3e59fd8464738d525af37"), 300},
        {hash_of("adf8773496a9b7319b2e50dc98093f344053b17d8ad37100b9c07d9805988784"), 400},
        {hash_of("4ac202caf347fc1e9c874b1ef6a1c5e619141eb775a6f43f0f0124ccd0060d9e"), 500},
        {hash_of("b3b28636f65c149ea52eb1f94669466f70f033b54cea792824c696ba6ef3c389"), 600},
        {hash_of("0e2c1a002aae913d2c0fc8ddfa4e9e14b7b311b3b0d458726d5d9f6a6318013c"), 700},
    };
  }
};

std::vector<SizedHash> repeated(const std::vector<SizedHash>& list, int times) {
  std::vector<SizedHash> out;
  for (int i = 0; i < times; ++i) out.insert(out.end(), list.begin(), list.end());
  return out;
}

SizedHash random_leaf(std::mt19937_64& random) {
  SizedHash out;
  for (char& byte : out.hash.bytes) byte = static_cast<char>(random());
  out.size_bytes = random() % chunk_bytes_max + 1;
  return out;
}

}  // namespace

TEST(XetHash, Item3TextReversesEachGroupOfEightBytes) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(Hash::from_bytes(bytes).text(),
            "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918");
  Hash other{{22,        char(175), 58,        char(132), 4,  75,        char(131),
              char(214), char(190), char(153), char(138), 66, char(226), 3,
              char(153), char(242), char(204), 86,        80, char(234), char(249),
              char(153), 80,        99,        char(159), 80, 65,        char(138),
              char(236), char(231), char(149), 78}};
  EXPECT_EQ(other.text(), "d6834b04843aaf16f29903e2428a99be635099f9ea5056cc4e95e7ec8a41509f");
}

TEST(XetHash, Item3TextRoundTripsInEitherCase) {
  std::string text = "a4d4ed80fcb2fe5177fc59321d3e6f90faf23e35a48d58303114bf073f34178a";
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(hash_of(text).text(), text);
  EXPECT_EQ(hash_of(upper), hash_of(text));
}

TEST(XetHash, Item3RefusesOtherLengthsAndDigits) {
  std::string text(64, 'a');
  for (std::string bad : {text.substr(1), text + "a", std::string(), std::string(62, '0'),
                          "g" + text.substr(1), text.substr(1) + " ", text.substr(1) + "\n"}) {
    auto parsed = Hash::parse(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().word, "InvalidXetHash");
  }
}

TEST(XetHash, OrderIsThatOfTheTexts) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    Hash a = random_leaf(random).hash, b = random_leaf(random).hash;
    if (i % 3 == 0) std::memcpy(b.bytes.data(), a.bytes.data(), 16);
    EXPECT_EQ(a < b, a.text() < b.text());
  }
}

TEST(XetHash, Sha256IsStoredByWords) {
  Sha256Digest digest = sha256("Hello World!");
  Hash field = Hash::from_sha256(digest);
  EXPECT_EQ(hex_encode(field.view()),
            "53fcf17f65b1837f5dd6a14881c12db92877d6a31f4b2dfc69906d1200d2dd4a");
  EXPECT_EQ(field.text(), digest.hex());
  EXPECT_EQ(field.to_sha256(), digest);
}

TEST(XetHash, ZeroAndEndMarkerAreKnown) {
  EXPECT_TRUE(Hash{}.is_zero());
  EXPECT_FALSE(Hash{}.is_end_marker());
  EXPECT_TRUE(hash_of(std::string(64, 'f')).is_end_marker());
  EXPECT_FALSE(hash_of(std::string(63, 'f') + "e").is_end_marker());
}

TEST(XetHash, KeyChunksAreThoseWhoseLastWordIsZeroModulo1024) {
  std::string text(64, 'a');
  EXPECT_TRUE(hash_of(text.substr(0, 61) + "800").is_key_chunk());
  EXPECT_TRUE(hash_of(text.substr(0, 61) + "c00").is_key_chunk());
  EXPECT_FALSE(hash_of(text.substr(0, 61) + "801").is_key_chunk());
  EXPECT_FALSE(hash_of(text.substr(0, 61) + "a00").is_key_chunk());
}

TEST(XetHash, Item2SmallStrings) {
  struct {
    std::string_view content, chunk, file, range;
  } rows[] = {
      {"a", "a4d4ed80fcb2fe5177fc59321d3e6f90faf23e35a48d58303114bf073f34178a",
       "49a7fffaf5f34109d4a191757f3e541e26437dcd1e0e83153454a503757856be",
       "1856127f86e6e067d17ce895d84d9963bd53565e566fc0be2a8cee4cf198e63c"},
      {"Hello World!", "d8d408e608fb9ca213b9909a65d86d725f2de4d8d540324be8a363e7a6e228cb",
       "a9dae0ad88b060bdd7e7c87abdcf95b132c95a0414b06d4f6beb68d287b87165",
       "89cb63458e98cb4c75be6b50a5a7b7234b82f05d5348e6925fb71aaf5dc3862b"},
      {"hello world", "4e39378b9d359f118190557a1f44130219a54e5fcfa07bd96cf50b466fe651b1",
       "f15edd43b7e85cfd25e2758ffe13b99fdd09dfa817e8d9f6548722a7a126db7f",
       "22ef2fdcff5cea306e42ad7e15ed8a0c5e789e7d2ec34658c10d2758946847da"},
  };
  for (const auto& row : rows) {
    auto chunks = chunk_hashes(row.content);
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(chunks[0].hash.text(), row.chunk);
    EXPECT_EQ(xorb_hash(chunks).text(), row.chunk);
    EXPECT_EQ(file_hash(chunks).text(), row.file);
    EXPECT_EQ(range_hash_of(chunks).text(), row.range);
  }
  EXPECT_EQ(chunk_hash("").text(),
            "e0f2cf784e7e5f10c34f84af150e9a5ff9664216debad915364d741049870f67");
}

TEST(XetHash, Item2EmptyFileIsZeroAndNotTheSaltedZeroRoot) {
  EXPECT_TRUE(chunk_hashes("").empty());
  EXPECT_TRUE(file_hash({}).is_zero());
  EXPECT_TRUE(MerkleBuilder().file().is_zero());
  EXPECT_TRUE(MerkleBuilder().root().is_zero());
  // What a naive computation gives. It is the file hash of a list whose root is zero.
  EXPECT_EQ(file_hash(std::vector<SizedHash>{{Hash{}, 0}}).text(),
            "638a6bc391964a85939d48f008e8bdbae6a7975e7ca2d87a3ce2492f4e4d8a4c");
}

TEST(XetHash, Item2MerkleVectors) {
  Leaves leaves;
  const auto& r = leaves.r;
  std::vector<SizedHash> eight(r.begin(), r.end());
  struct {
    std::vector<SizedHash> list;
    std::string_view root, file;
  } rows[] = {
      {{r[1]},
       "cfc5d07f6f03c29bbf424132963fe08d19a37d5757aaf520bf08119f05cd56d6",
       "8e16257caa3fe079d484d872a8975264b2ff683b0d6db9028cc7c0f968a45661"},
      {{r[1], r[2], r[3]},
       "71ec1275fca074724e2dd666921b3277c7cee603e4d025bcab2d4050015be2bc",
       "54e55dccc6653c612bdb5576c5d3cb34bb31bc4e100248abccf4c908b3ef7715"},
      {repeated({r[1]}, 4), "89f2ada89ff8c96763c6b25010e6dd76a4c05b1466207633ea559acf2093211b",
       "2cdba690d0e09563596e0cda626d43eb4c96ef1e994fe72d9b2f5a83cfcd36dd"},
      {eight, "f62abe77e3fb9c954fe52b0028027ddc90c064c45951a4fd2211d87e5c0011db",
       "d1b068be5bbdb38992269e8efe61f601881e39f7a7585fd76883cc6ea5c23b44"},
      {repeated(eight, 8), "6554007c9b5d0a5e7918f79596a1b68815c1407535585435f5735db761f21b88",
       "a8640ab81d48854e00078e12b1ea8be5d90be0ffb5f73a15b7009981d093ddd8"},
      {repeated({r[1]}, 32), "0a0123c1617921883b7e13902095fcb86676e77c49120c33b233003b0af0e0a6",
       "53af4711fd1d5e5bdc7f931b6be932314d8d673cb16ad2482f6f5222eaf9e63d"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(merkle_root(row.list).text(), row.root);
    EXPECT_EQ(file_hash(row.list).text(), row.file);
  }
}

TEST(XetHash, Item2IncrementalMerkleEqualsBatchForAllLengthsTo200) {
  std::mt19937_64 random(1);
  std::vector<SizedHash> list;
  MerkleBuilder builder;
  for (std::size_t length = 0; length <= 200; ++length) {
    EXPECT_EQ(builder.root(), merkle_root(list)) << length;
    EXPECT_EQ(builder.file(), file_hash(list)) << length;
    EXPECT_EQ(builder.count(), length);
    list.push_back(random_leaf(random));
    builder.add(list.back().hash, list.back().size_bytes);
  }
}

TEST(XetHash, Item2IncrementalMerkleEqualsBatchForManyNaturalCutsAndFew) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    // Of 8 hashes, `cuts` end a group where they may.
    unsigned cuts = static_cast<unsigned>(round % 9);
    std::vector<SizedHash> list(random() % 700);
    MerkleBuilder builder;
    std::uint64_t size = 0;
    for (SizedHash& leaf : list) {
      leaf = random_leaf(random);
      leaf.hash.bytes[24] = static_cast<char>((leaf.hash.bytes[24] & ~3) |
                                              (random() % 8 < cuts ? 0 : 1 + random() % 3));
      builder.add(leaf.hash, leaf.size_bytes);
      size += leaf.size_bytes;
    }
    ASSERT_EQ(builder.root(), merkle_root(list)) << "round " << round;
    EXPECT_EQ(builder.size_bytes(), size);
  }
}

TEST(XetHash, Item2DedupHash) {
  auto chunks = chunk_hashes(linear_bytes(200'000, 7, 13));
  Hash key = hash_of("abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
  EXPECT_EQ(dedup_hash(key, chunks[0].hash).text(),
            "1e1f5ae2bae99fe030647a14a8c5fe6cdce57826387a7552236dfbebed533e04");
}
