#include "platform/xet/xorb.h"

#include <gtest/gtest.h>

#include "platform/xet/little_endian.h"
#include "platform/xet/test_support.h"

using namespace cairn;
using namespace cairn::xet;
using namespace cairn::xet::testing;

namespace {

std::string message_of(const Result<XorbIndex>& verified) {
  return verified ? "accepted" : verified.error().message;
}

/// 16-bit floats as weights are: exponents alike, mantissas random.
std::string weights(std::size_t size) {
  std::mt19937_64 random(11);
  std::normal_distribution<float> normal(0, 0.02f);
  std::string out;
  while (out.size() < size) {
    float value = normal(random);
    out.append(reinterpret_cast<const char*>(&value), 4);
  }
  out.resize(size);
  return out;
}

std::string text(std::size_t size) {
  std::string out;
  std::mt19937_64 random(12);
  const std::string_view words[] = {"a",       "the",   "model", "of",
                                    "weights", "layer", "is",    "attention"};
  while (out.size() < size) out.append(words[random() % 8]).append(random() % 9 == 0 ? ".\n" : " ");
  out.resize(size);
  return out;
}

/// A raw record: header fields as given, whatever they mean.
std::string record(std::uint8_t version, std::uint32_t payload_bytes, std::uint8_t scheme,
                   std::uint32_t chunk_bytes, std::string_view payload) {
  std::string out;
  append_u32le(out, version | payload_bytes << 8);
  append_u32le(out, scheme | chunk_bytes << 8);
  return out.append(payload);
}

struct Sample {
  std::string content = splitmix_bytes(300'000, 3) + text(400'000) + weights(400'000);
  std::vector<std::string_view> chunks = cut(content, chunk_lengths(content));
  MadeXorb xorb;
  Sample() {
    // Each scheme, in turn.
    for (std::size_t i = 0; i < chunks.size(); ++i)
      append_record(xorb.body, chunks[i], static_cast<Scheme>(i % 3));
    xorb.name = xorb_hash(hashes_of(chunks));
  }
};

}  // namespace

TEST(XetXorb, Item5HelloWorldIsTwentyBytes) {
  MadeXorb made = make_xorb({"Hello World!"});
  EXPECT_EQ(hex_encode(made.body), "000c0000000c000048656c6c6f20576f726c6421");
  auto index = verify(made.name, made.body);
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(index->count(), 1u);
  EXPECT_EQ(index->body_bytes(), 20u);
  EXPECT_EQ(index->content_bytes(), 12u);
  EXPECT_EQ(index->xorb(), index->chunk(0));
}

TEST(XetXorb, Item5TheFooterOfVersion1IsByteForByteAndStripped) {
  MadeXorb made = make_xorb({"Hello World!"});
  auto index = verify(made.name, made.body);
  ASSERT_TRUE(index);
  std::string bytes = made.body + encode_footer(*index, FooterVersion::v1);
  ASSERT_EQ(bytes.size(), 156u);
  EXPECT_EQ(sha256(bytes).hex(),
            "6c3a10baf9a500e87e0dc79f33835b491e60a21f5297575b1e56295f57db3e8b");
  EXPECT_EQ(
      hex_encode(bytes),
      "000c0000000c000048656c6c6f20576f726c6421"
      "584554424c4f4201a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8"
      "58424c424853480001000000a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8"
      "58424c42424e440101000000140000000c000000"
      "010000005c0000003000000000000000000000000000000000000000"
      "84000000");
  std::string kept;
  auto again = verify(made.name, bytes, 1, &kept);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(kept, made.body);
  EXPECT_EQ(again->bytes(), index->bytes());
}

TEST(XetXorb, Item5EveryFooterInPiecesOfAnySize) {
  Sample sample;
  auto index = verify(sample.xorb.name, sample.xorb.body);
  ASSERT_TRUE(index) << index.error().message;
  const std::string footers[] = {"", encode_footer(*index, FooterVersion::v0),
                                 encode_footer(*index, FooterVersion::v1),
                                 encode_footer(*index, FooterVersion::v1, 0xDEADBEEF),
                                 encode_footer(*index, FooterVersion::v0, 0xDEADBEEF)};
  for (const std::string& footer : footers)
    for (std::size_t piece : {1, 9, 4'096, 65'537, 10'000'000}) {
      std::string kept;
      auto again = verify(sample.xorb.name, sample.xorb.body + footer, piece, &kept);
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->bytes(), index->bytes());
      EXPECT_TRUE(kept == sample.xorb.body) << "piece " << piece;
    }
}

TEST(XetXorb, Item5TheIndexDescribesTheChunks) {
  Sample sample;
  auto index = verify(sample.xorb.name, sample.xorb.body);
  ASSERT_TRUE(index);
  ASSERT_EQ(index->count(), sample.chunks.size());
  std::uint64_t content = 0;
  for (std::uint32_t i = 0; i < index->count(); ++i) {
    EXPECT_EQ(index->chunk(i), chunk_hash(sample.chunks[i]));
    EXPECT_EQ(index->chunk_bytes(i), sample.chunks[i].size());
    EXPECT_EQ(index->content_offset(i), content);
    EXPECT_EQ(index->chunk_at(content), i);
    EXPECT_EQ(index->chunk_at(content + sample.chunks[i].size() - 1), i);
    content += sample.chunks[i].size();
  }
  EXPECT_EQ(index->content_bytes(), sample.content.size());
  EXPECT_EQ(index->body_bytes(), sample.xorb.body.size());
  EXPECT_EQ(index->range_hash({0, index->count()}), range_hash_of(hashes_of(sample.chunks)));
  std::vector<SizedHash> part = hashes_of({sample.chunks[2], sample.chunks[3]});
  EXPECT_EQ(index->range_hash({2, 4}), range_hash_of(part));
}

TEST(XetXorb, Item6TheFirstSerializationAndAnotherHaveTheSameName) {
  Sample sample;
  MadeXorb stored = make_xorb(sample.chunks, Scheme::stored);
  MadeXorb packed = make_xorb(sample.chunks, Scheme::lz4);
  EXPECT_EQ(stored.name, packed.name);
  EXPECT_NE(stored.body.size(), packed.body.size());
  EXPECT_TRUE(verify(stored.name, stored.body));
  EXPECT_TRUE(verify(packed.name, packed.body));
}

TEST(XetXorb, Item7RefusesAnotherName) {
  Sample sample;
  Hash other = sample.xorb.name;
  other.bytes[5] ^= 1;
  auto verified = verify(other, sample.xorb.body);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(verified.error().word, "InvalidXorb");
  EXPECT_EQ(verified.error().message,
            "The chunks make another xorb than the one named. Nothing was stored.");
}

TEST(XetXorb, Item7RefusesEveryFlippedByteThatChangesTheContent) {
  std::string content = text(9'000);
  std::vector<std::string_view> chunks = cut(content, {3'000, 3'000, 3'000});
  for (Scheme scheme : {Scheme::stored, Scheme::lz4, Scheme::bg4_lz4}) {
    MadeXorb made = make_xorb(chunks, scheme);
    std::size_t step = scheme == Scheme::stored ? 97 : 1, accepted = 0;
    for (std::size_t at = 0; at < made.body.size(); at += step) {
      std::string flipped = made.body;
      flipped[at] ^= static_cast<char>(1 << (at % 8));
      auto verified = verify(made.name, flipped);
      if (!verified) continue;
      // LZ4 can say the same in two ways: a match may lie at either of two equal places.
      ++accepted;
      std::string decoded(content.size(), '\0');
      ASSERT_TRUE(decode_chunks(*verified, {0, 3}, flipped, decoded.data())) << at;
      EXPECT_TRUE(decoded == content) << "byte " << at << " of scheme " << static_cast<int>(scheme);
    }
    EXPECT_LT(accepted, scheme == Scheme::stored ? 1 : made.body.size() / 100);
  }
}

TEST(XetXorb, Item7RefusesACutAnywhere) {
  std::string content = text(30'000);
  MadeXorb made = make_xorb(cut(content, {10'000, 10'000, 10'000}), Scheme::lz4);
  for (std::size_t size = 0; size < made.body.size(); ++size)
    EXPECT_FALSE(verify(made.name, std::string_view(made.body).substr(0, size))) << size;
}

TEST(XetXorb, Item7RefusesWhatFollowsTheChunks) {
  MadeXorb made = make_xorb({"Hello World!"});
  EXPECT_EQ(message_of(verify(made.name, made.body + "Y")),
            "Chunk 1 of the xorb is refused. Its record has a version other than 0.");
  EXPECT_EQ(message_of(verify(made.name, made.body + "X")),
            "What follows the xorb's chunks is no footer.");
  EXPECT_EQ(message_of(verify(made.name, made.body + "XETBLOB\2")),
            "The xorb's footer has a version other than 0 and 1. Leave the footer out.");
  EXPECT_EQ(message_of(verify(made.name, made.body + std::string("XETBLOB\1") +
                                             std::string(footer_bytes_max, '\0'))),
            "What follows the xorb's chunks is no footer: it is longer than any.");
  EXPECT_EQ(message_of(verify(made.name, made.body + std::string("\0", 1))),
            "The xorb ends within chunk 1. Send it again.");
}

TEST(XetXorb, Item7RefusesBrokenRecordHeaders) {
  std::string twelve = "Hello World!";
  Hash name = chunk_hash(twelve);
  ASSERT_TRUE(verify(name, record(0, 12, 0, 12, twelve)));
  struct {
    std::string bytes;
    std::string_view rule;
  } rows[] = {
      {record(1, 12, 0, 12, twelve), "Its record has a version other than 0."},
      {record(0, 12, 3, 12, twelve), "Its record has the unknown compression scheme 3."},
      {record(0, 12, 99, 12, twelve), "Its record has the unknown compression scheme 99."},
      {record(0, 12, 0, 11, twelve), "It is stored uncompressed, with two different sizes."},
      {record(0, 12, 0, 0, twelve), "Its record states 0 bytes; a chunk has 1 to 131072."},
      {record(0, 0, 0, 12, ""), "Its record states a payload of 0 bytes; it has 1 to 262144."},
      {record(0, 12, 1, 131'073, twelve),
       "Its record states 131073 bytes; a chunk has 1 to 131072."},
      {record(0, 262'145, 1, 12, twelve),
       "Its record states a payload of 262145 bytes; it has 1 to 262144."},
  };
  for (const auto& row : rows)
    EXPECT_EQ(message_of(verify(name, row.bytes)),
              "Chunk 0 of the xorb is refused. " + std::string(row.rule));
}

TEST(XetXorb, Item7RefusesDeclaredSizesThatTheFrameDoesNotHave) {
  std::string content = text(10'000);
  MadeXorb made = make_xorb({content}, Scheme::lz4);
  std::string payload = made.body.substr(8);
  auto size = static_cast<std::uint32_t>(payload.size());
  EXPECT_TRUE(verify(made.name, record(0, size, 1, 10'000, payload)));
  EXPECT_FALSE(verify(made.name, record(0, size, 1, 9'999, payload)));
  EXPECT_FALSE(verify(made.name, record(0, size, 1, 10'001, payload)));
  EXPECT_FALSE(verify(made.name, record(0, size + 1, 1, 10'000, payload + "x")));
  EXPECT_FALSE(verify(made.name, record(0, size - 1, 1, 10'000, payload)));
}

TEST(XetXorb, Item7RefusesNoChunksAndTooMany) {
  EXPECT_EQ(message_of(verify(Hash{}, "")), "A xorb has at least one chunk.");
  XorbIndexBuilder none;
  std::vector<std::string_view> chunks(8'192, "x");
  MadeXorb made = make_xorb(chunks);
  auto most = verify(made.name, made.body);
  ASSERT_TRUE(most) << most.error().message;
  EXPECT_EQ(most->count(), 8'192u);
  for (FooterVersion version : {FooterVersion::v0, FooterVersion::v1})
    EXPECT_TRUE(verify(made.name, made.body + encode_footer(*most, version)));
  chunks.push_back("x");
  made = make_xorb(chunks);
  EXPECT_EQ(message_of(verify(made.name, made.body)),
            "A xorb has at most 8192 chunks. Cut it earlier.");
}

TEST(XetXorb, Item7RefusesFootersThatDisagree) {
  Sample sample;
  auto index = verify(sample.xorb.name, sample.xorb.body);
  ASSERT_TRUE(index);
  for (FooterVersion version : {FooterVersion::v0, FooterVersion::v1}) {
    std::string footer = encode_footer(*index, version);
    std::size_t free_from = footer.size() - 20, free_to = footer.size() - 4;
    for (std::size_t at = 0; at < footer.size(); ++at) {
      std::string other = footer;
      other[at] ^= 4;
      bool accepted = verify(sample.xorb.name, sample.xorb.body + other).has_value();
      EXPECT_EQ(accepted, at >= free_from && at < free_to) << at;
      if (at > 64 && at + 64 < footer.size()) at += 40;
    }
    for (std::size_t size = 1; size < footer.size(); size += 31)
      EXPECT_FALSE(verify(sample.xorb.name, sample.xorb.body + footer.substr(0, size))) << size;
    EXPECT_FALSE(verify(sample.xorb.name, sample.xorb.body + footer + "x"));
    EXPECT_FALSE(verify(sample.xorb.name, sample.xorb.body + footer + footer));
  }
}

TEST(XetXorb, Item8RefusesMoreThanTheLimitWhileItArrives) {
  std::string chunk = splitmix_bytes(chunk_bytes_max, 9);
  std::string one;
  append_record(one, chunk, Scheme::stored);
  XorbVerifier verifier(Hash{});
  std::uint64_t sent = 0;
  while (true) {
    auto written = verifier.write(one);
    if (written) {
      sent += one.size();
      ASSERT_LE(sent, xorb_bytes_max);
      continue;
    }
    EXPECT_EQ(written.error().code, ErrorCode::too_large);
    EXPECT_EQ(written.error().word, "XorbTooLarge");
    break;
  }
  EXPECT_GE(sent, xorb_content_bytes_target);
}

TEST(XetXorb, Item8ARustXorbOf64MiBOfContentIsWithinTheLimit) {
  // 512 chunks of 128 KiB that do not compress: the records' headers come on top of 64 MiB.
  std::string chunk = splitmix_bytes(chunk_bytes_max, 10);
  std::vector<std::string_view> chunks(512, chunk);
  MadeXorb made = make_xorb(chunks);
  EXPECT_GT(made.body.size(), xorb_content_bytes_target);
  auto verified = verify(made.name, made.body, 1 << 19);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->content_bytes(), xorb_content_bytes_target);
}

TEST(XetXorb, Item9AXorbOf1GiBOfContentNeedsNoMoreMemory) {
  // 8192 chunks of 128 KiB, each a few hundred bytes packed.
  std::string zeros(chunk_bytes_max, '\0');
  std::string one;
  append_record(one, zeros, Scheme::lz4);
  SizedHash hash{chunk_hash(zeros), zeros.size()};
  MerkleBuilder merkle;
  for (int i = 0; i < 8'192; ++i) merkle.add(hash.hash, hash.size_bytes);
  XorbVerifier verifier(merkle.root());
  for (int i = 0; i < 8'192; ++i) ASSERT_TRUE(verifier.write(one));
  auto index = verifier.finish();
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(index->content_bytes(), 1u << 30);
  EXPECT_EQ(index->content_offset(8'191), (1u << 30) - chunk_bytes_max);
  EXPECT_EQ(index->chunk_at((1u << 30) - 1), 8'191u);
  auto stored = XorbIndex::parse(index->bytes());
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->content_bytes(), 1u << 30);
}

TEST(XetXorb, Item11AnyCutIsAccepted) {
  std::string content = splitmix_bytes(200'000, 4);
  for (const std::vector<std::uint32_t>& lengths :
       {std::vector<std::uint32_t>{1, 1, 1, 1}, {8'128, 70'000, 8'191, 5}, {131'072, 1}}) {
    MadeXorb made = make_xorb(cut(content, lengths), Scheme::lz4);
    EXPECT_TRUE(verify(made.name, made.body)) << message_of(verify(made.name, made.body));
  }
}

TEST(XetXorb, AnyRangeOfChunksDecodes) {
  Sample sample;
  auto index = verify(sample.xorb.name, sample.xorb.body);
  ASSERT_TRUE(index);
  for (std::uint32_t first = 0; first < index->count(); ++first)
    for (std::uint32_t end : {first + 1, std::min(first + 3, index->count()), index->count()}) {
      ChunkRange range{first, end};
      ByteRange bytes = index->records(range);
      std::string_view records =
          std::string_view(sample.xorb.body).substr(bytes.first, bytes.count());
      std::string content(index->content_bytes(range), '?');
      ASSERT_TRUE(decode_chunks(*index, range, records, content.data()));
      EXPECT_TRUE(content ==
                  std::string_view(sample.content)
                      .substr(index->content_offset(first), index->content_bytes(range)));
      EXPECT_TRUE(check_chunks(*index, range, records));
    }
}

TEST(XetXorb, DamagedStoredBytesAreCorrupt) {
  Sample sample;
  auto index = verify(sample.xorb.name, sample.xorb.body);
  ASSERT_TRUE(index);
  ChunkRange all{0, index->count()};
  std::string content(index->content_bytes(), '\0');
  std::string cut_short = sample.xorb.body.substr(0, sample.xorb.body.size() - 1);
  for (const std::string& bad : {cut_short, sample.xorb.body + "x", std::string()}) {
    auto decoded = decode_chunks(*index, all, bad, content.data());
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
    EXPECT_EQ(decoded.error().word, "XorbCorrupt");
  }
  std::string flipped = sample.xorb.body;
  flipped[20] ^= 1;  // Of a stored chunk: it decodes, to something else.
  EXPECT_TRUE(decode_chunks(*index, all, flipped, content.data()));
  auto checked = check_chunks(*index, all, flipped);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().word, "XorbCorrupt");
}

TEST(XetXorb, AStoredIndexThatWasDamagedIsNotBelieved) {
  Sample sample;
  auto index = verify(sample.xorb.name, sample.xorb.body);
  ASSERT_TRUE(index);
  const std::string& bytes = index->bytes();
  EXPECT_EQ(bytes.size(), 48 + 40 * index->count());
  auto again = XorbIndex::parse(bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->xorb(), sample.xorb.name);
  EXPECT_EQ(again->body_bytes(), index->body_bytes());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] ^= 1;
    auto parsed = XorbIndex::parse(flipped);
    ASSERT_FALSE(parsed) << at;
    EXPECT_EQ(parsed.error().word, "XorbIndexCorrupt");
    EXPECT_FALSE(XorbIndex::parse(bytes.substr(0, at)));
  }
}

TEST(XetXorb, TheWriterPacksAsTheRustClientDoes) {
  Sample sample;
  XorbWriter writer;
  for (std::string_view chunk : sample.chunks) {
    ASSERT_TRUE(writer.has_room(static_cast<std::uint32_t>(chunk.size())));
    writer.add(chunk_hash(chunk), chunk);
  }
  auto made = writer.finish();
  EXPECT_EQ(made.index.xorb(), sample.xorb.name);
  auto verified = verify(sample.xorb.name, made.body);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->bytes(), made.index.bytes());
  EXPECT_LT(made.body.size(), sample.content.size());
  EXPECT_EQ(writer.count(), 0u);

  std::string chunk(chunk_bytes_max, 'x');
  Hash hash = chunk_hash(chunk);
  int count = 0;
  for (; writer.has_room(chunk_bytes_max); ++count) writer.add(hash, chunk);
  EXPECT_EQ(count, 512);
  EXPECT_FALSE(writer.has_room(1));
}

TEST(XetXorb, TheWriterPutsAtMost8192ChunksInAXorb) {
  XorbWriter writer;
  Hash hash = chunk_hash("x");
  int count = 0;
  for (; writer.has_room(1); ++count) writer.add(hash, "x");
  EXPECT_EQ(count, 8'192);
}

TEST(XetXorb, Item4SchemesSuitTheirContent) {
  EXPECT_EQ(choose_scheme(weights(65'536)), Scheme::bg4_lz4);
  EXPECT_EQ(choose_scheme(text(65'536)), Scheme::lz4);
  EXPECT_EQ(choose_scheme(splitmix_bytes(65'536)), Scheme::lz4);
  EXPECT_EQ(choose_scheme("abc"), Scheme::lz4);
  std::string grouped, plain, random;
  append_record(grouped, weights(65'536), Scheme::bg4_lz4);
  append_record(plain, weights(65'536), Scheme::lz4);
  EXPECT_LT(grouped.size(), plain.size());
  // What does not shrink is stored.
  append_record(random, splitmix_bytes(65'536), Scheme::lz4);
  EXPECT_EQ(random.size(), 65'536u + record_header_bytes);
  EXPECT_EQ(parse_record_header(random)->scheme, Scheme::stored);
}
