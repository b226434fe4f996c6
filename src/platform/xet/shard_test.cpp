#include "platform/xet/shard.h"

#include <gtest/gtest.h>

#include "platform/xet/little_endian.h"
#include "platform/xet/test_support.h"

using namespace cairn;
using namespace cairn::xet;
using namespace cairn::xet::testing;

namespace {

// Section 15.4 of the protocol's description: a file "Hello World!" as the Rust client uploads it.
constexpr std::string_view hello_hex = R"(
48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9 0200000000000000 0000000000000000
bd60b088ade0daa9b195cfbd7ac8e7d74f6db014045ac9326571b887d268eb6b 000000c0 01000000 0000000000000000
a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8 00000000 0c000000 00000000 01000000
4ccb988e4563cb8923b7a7a5506bbe7592e648535df0824b2b86c35daf1ab75f 00000000000000000000000000000000
53fcf17f65b1837f5dd6a14881c12db92877d6a31f4b2dfc69906d1200d2dd4a 00000000000000000000000000000000
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 00000000000000000000000000000000
a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8 00000000 01000000 0c000000 00000000
a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8 00000000 0c000000 00000000 00000000
ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 00000000000000000000000000000000)";

std::string hello_shard() {
  return bytes_of_hex(hello_hex);
}

/// Two xorbs and a file over both, with all that a client would send.
struct Sample {
  std::string content = splitmix_bytes(1'000'000);
  std::vector<std::string_view> chunks = cut(content, chunk_lengths(content));
  std::vector<XorbIndex> indexes;
  std::vector<FileBlock> files;
  std::vector<XorbBlock> xorbs;

  Sample() {
    std::vector<std::string_view> front(chunks.begin(), chunks.begin() + 7),
        back(chunks.begin() + 7, chunks.end());
    for (const auto& part : {front, back}) {
      MadeXorb made = make_xorb(part);
      indexes.push_back(verify(made.name, made.body).value());
      const XorbIndex& index = indexes.back();
      XorbBlock block{.xorb = made.name,
                      .body_bytes = static_cast<std::uint32_t>(index.body_bytes())};
      for (std::uint32_t i = 0; i < index.count(); ++i)
        block.chunks.push_back({index.chunk(i), index.chunk_bytes(i), i == 2});
      xorbs.push_back(block);
    }
    FileBlock file{.file = file_hash(hashes_of(chunks)), .sha256 = sha256(content)};
    for (const XorbIndex& index : indexes) {
      ChunkRange all{0, index.count()};
      file.terms.push_back({index.xorb(), static_cast<std::uint32_t>(index.content_bytes()), all});
      file.range_hashes.push_back(index.range_hash(all));
    }
    files.push_back(file);
  }
  [[nodiscard]] std::string shard() const { return write_upload_shard(files, xorbs); }
};

/// The upload shard with the footer that JavaScript clients append.
std::string with_javascript_footer(std::string shard, std::uint64_t xorb_section) {
  shard[40] = static_cast<char>(200);
  std::uint64_t end = shard.size();
  append_u64le(shard, 1);
  append_u64le(shard, 48);
  append_u64le(shard, xorb_section);
  shard.append(48 + 32, '\0');
  append_u64le(shard, 1'790'000'000);
  shard.append(8 + 48 + 24, '\0');
  append_u64le(shard, end);
  return shard;
}

std::string word_of(const Result<Shard>& parsed) {
  return parsed ? "accepted" : parsed.error().word;
}
std::string message_of(const Result<Shard>& parsed) {
  return parsed ? "accepted" : parsed.error().message;
}

/// `bytes` with a little-endian number written at `at`.
std::string with_number(std::string bytes, std::size_t at, std::uint32_t value) {
  write_u32le(bytes.data() + at, value);
  return bytes;
}

struct Nothing final : ShardSink {
  Result<> file(FileBlock) override { return {}; }
  Result<> xorb(XorbBlock) override { return {}; }
};

}  // namespace

TEST(XetShard, Item14TheMinimalShardIsReadAndWrittenByteForByte) {
  std::string bytes = hello_shard();
  ASSERT_EQ(bytes.size(), 432u);
  ASSERT_EQ(sha256(bytes).hex(),
            "92b52ba3907f9c57246fe5c81f562af5e7afecb15c37ae5905cc2cb084f19ed4");
  auto shard = parse_shard(bytes);
  ASSERT_TRUE(shard) << shard.error().message;
  EXPECT_FALSE(shard->footer);
  ASSERT_EQ(shard->files.size(), 1u);
  Hash chunk = chunk_hash("Hello World!");
  EXPECT_EQ(shard->files[0], (FileBlock{.file = file_hash(chunk_hashes("Hello World!")),
                                        .terms = {{chunk, 12, {0, 1}}},
                                        .range_hashes = {range_hash(std::vector<Hash>{chunk})},
                                        .sha256 = sha256("Hello World!")}));
  EXPECT_EQ(shard->files[0].size_bytes(), 12u);
  ASSERT_EQ(shard->xorbs.size(), 1u);
  EXPECT_EQ(shard->xorbs[0], (XorbBlock{.xorb = chunk, .chunks = {{chunk, 12, false}}}));
  EXPECT_EQ(write_upload_shard(shard->files, shard->xorbs), bytes);
}

TEST(XetShard, Item13WithTheFooterOfJavaScriptClients) {
  Sample sample;
  std::uint64_t xorb_section = 48 * (1 + 1 + 2 + 2 + 1 + 1);
  auto shard = parse_shard(with_javascript_footer(sample.shard(), xorb_section));
  ASSERT_TRUE(shard) << shard.error().message;
  EXPECT_EQ(shard->files, sample.files);
  EXPECT_EQ(shard->xorbs, sample.xorbs);
  EXPECT_EQ(shard->footer, (ShardFooter{.created_at_s = 1'790'000'000}));
}

TEST(XetShard, Item13InPiecesOfAnySize) {
  Sample sample;
  std::string bytes = with_javascript_footer(sample.shard(), 48 * 8);
  for (std::size_t piece : {1, 7, 47, 48, 49, 199, 1000}) {
    struct Collect final : ShardSink {
      std::vector<FileBlock> files;
      std::vector<XorbBlock> xorbs;
      Result<> file(FileBlock block) override {
        files.push_back(std::move(block));
        return {};
      }
      Result<> xorb(XorbBlock block) override {
        xorbs.push_back(std::move(block));
        return {};
      }
    } sink;
    ShardReader reader(bytes.size(), sink);
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      ASSERT_TRUE(reader.write(std::string_view(bytes).substr(at, piece)));
    auto footer = reader.finish();
    ASSERT_TRUE(footer);
    EXPECT_TRUE(*footer);
    EXPECT_EQ(sink.files, sample.files);
    EXPECT_EQ(sink.xorbs, sample.xorbs);
  }
}

TEST(XetShard, Item13LookupTablesBeforeTheFooterArePassedOver) {
  std::string bytes = hello_shard();
  std::string tables(12 + 12 + 16, 'x');
  std::string whole = with_javascript_footer(bytes + tables, 48 * 6);
  std::size_t footer = whole.size() - 200;
  const std::uint32_t starts[] = {432, 444, 456};
  for (std::size_t table = 0; table < 3; ++table) {
    whole = with_number(whole, footer + 24 + 16 * table, starts[table]);
    whole = with_number(whole, footer + 32 + 16 * table, 1);
  }
  auto shard = parse_shard(whole);
  ASSERT_TRUE(shard) << shard.error().message;
  EXPECT_EQ(shard->files.size(), 1u);
  EXPECT_EQ(word_of(parse_shard(with_number(whole, footer + 32, 2))), "InvalidShard");
  EXPECT_EQ(word_of(parse_shard(with_number(whole, footer + 36, 0x20000000))), "InvalidShard");
  EXPECT_EQ(word_of(parse_shard(with_number(whole, footer + 24, 5000))), "InvalidShard");
}

TEST(XetShard, Item15RefusesWhatIsNoShard) {
  std::string good = hello_shard();
  EXPECT_EQ(word_of(parse_shard("")), "InvalidShard");
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_EQ(word_of(parse_shard(std::string_view(good).substr(0, size))), "InvalidShard") << size;
  std::string tag = good;
  tag[20] ^= 1;
  EXPECT_EQ(message_of(parse_shard(tag)), "It does not begin as a shard does.");
  EXPECT_EQ(message_of(parse_shard(with_number(good, 32, 3))),
            "The shard has a version other than 2.");
  EXPECT_EQ(message_of(parse_shard(with_number(good, 40, 100))),
            "The shard announces a footer of other than 200 bytes.");
  EXPECT_EQ(message_of(parse_shard(good + "x")), "Bytes follow the shard's last end marker.");
  EXPECT_EQ(message_of(parse_shard(with_number(good, 40, 200))),
            "The shard ends within its footer.");
}

TEST(XetShard, Item15RefusesAMissingEndMarker) {
  std::string good = hello_shard();
  std::string first = good, second = good;
  first.erase(48 * 5, 48);
  second.erase(48 * 8, 48);
  EXPECT_EQ(word_of(parse_shard(first)), "InvalidShard");
  EXPECT_EQ(message_of(parse_shard(second)),
            "Xorb 0 of the shard states more chunks than the shard has room for.");
}

TEST(XetShard, Item15RefusesCountsThatTheShardHasNoRoomFor) {
  std::string good = hello_shard();
  for (std::uint32_t count : {4u, 1'000'000u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu})
    EXPECT_EQ(message_of(parse_shard(with_number(good, 48 + 36, count))),
              "File 0 of the shard states more terms than the shard has room for.")
        << count;
  EXPECT_EQ(message_of(parse_shard(with_number(good, 48 * 6 + 36, 2))),
            "Xorb 0 of the shard states more chunks than the shard has room for.");
  for (std::uint32_t count : {0u, 8193u, 0xFFFFFFFFu})
    EXPECT_EQ(message_of(parse_shard(with_number(good, 48 * 6 + 36, count))),
              "Xorb 0 of the shard has " + std::to_string(count) + " chunks; it has 1 to 8192.");
}

TEST(XetShard, Item15RefusesImpossibleTerms) {
  std::string good = hello_shard();
  const std::size_t term = 48 * 2;
  struct {
    std::size_t at;
    std::uint32_t value;
    std::string_view rule;
  } rows[] = {
      {40, 1, "has an impossible range of chunks."},            // start = end
      {40, 5, "has an impossible range of chunks."},            // start > end
      {44, 8193, "has an impossible range of chunks."},         // end beyond any xorb
      {36, 0, "has a size that its chunks cannot have."},       // empty
      {36, 131'073, "has a size that its chunks cannot have."}  // more than a chunk
  };
  for (const auto& row : rows)
    EXPECT_EQ(message_of(parse_shard(with_number(good, term + row.at, row.value))),
              "File 0 of the shard is refused: term 0 " + std::string(row.rule));
  std::string marker = good, zero = good;
  marker.replace(term, 32, 32, '\xff');
  zero.replace(term, 32, 32, '\0');
  EXPECT_EQ(message_of(parse_shard(marker)),
            "File 0 of the shard is refused: term 0 names no xorb.");
  EXPECT_EQ(message_of(parse_shard(zero)), "File 0 of the shard is refused: term 0 names no xorb.");
}

TEST(XetShard, Item15RefusesTermsWithoutVerification) {
  std::string bytes = with_number(hello_shard(), 48 + 32, 0x40000000);
  bytes.erase(48 * 3, 48);
  EXPECT_EQ(message_of(parse_shard(bytes)),
            "File 0 of the shard has no verification records. Each term needs one.");
  auto lenient = parse_shard(bytes, {.require_range_hashes = false});
  ASSERT_TRUE(lenient) << lenient.error().message;
  EXPECT_TRUE(lenient->files[0].range_hashes.empty());
}

TEST(XetShard, Item15RefusesUnknownFlagsAndNamelessXorbs) {
  EXPECT_EQ(message_of(parse_shard(with_number(hello_shard(), 48 + 32, 0xE0000000))),
            "File 0 of the shard has unknown flags.");
  std::string nameless = hello_shard();
  nameless.replace(48 * 6, 32, 32, '\0');
  EXPECT_EQ(message_of(parse_shard(nameless)), "Xorb 0 of the shard has no name.");
}

TEST(XetShard, Item15RefusesXorbBlocksThatDoNotAddUp) {
  std::string good = hello_shard();
  const std::size_t xorb = 48 * 6, chunk = 48 * 7;
  EXPECT_EQ(message_of(parse_shard(with_number(good, xorb + 40, 13))),
            "Xorb 0 of the shard states another size than its chunks have together.");
  EXPECT_EQ(message_of(parse_shard(with_number(good, chunk + 32, 1))),
            "Xorb 0 of the shard is refused: chunk 0 does not start where the one before it ends.");
  for (std::uint32_t size : {0u, 131'073u, 0xFFFFFFFFu})
    EXPECT_EQ(message_of(parse_shard(with_number(good, chunk + 36, size))),
              "Xorb 0 of the shard is refused: chunk 0 has a size other than 1 to 131072.");
}

TEST(XetShard, Item15RefusesMoreThan64MiB) {
  Nothing sink;
  ShardReader reader(shard_bytes_max + 1, sink);
  std::string header = hello_shard().substr(0, 48);
  ASSERT_TRUE(reader.write(with_number(header, 40, 200)));
  std::string marker = std::string(32, '\xff') + std::string(16, '\0');
  ASSERT_TRUE(reader.write(marker + marker));
  std::string mebibyte(1 << 20, '\0');
  for (int i = 0; i < 63; ++i) ASSERT_TRUE(reader.write(mebibyte));
  auto over = reader.write(mebibyte);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::too_large);
  EXPECT_EQ(over.error().word, "ShardTooLarge");
}

TEST(XetShard, Item15RefusesFootersThatDisagree) {
  std::string good = with_javascript_footer(hello_shard(), 48 * 6);
  ASSERT_TRUE(parse_shard(good));
  std::size_t footer = good.size() - 200;
  for (std::size_t field : {0, 8, 16, 192})
    EXPECT_EQ(word_of(parse_shard(with_number(good, footer + field, 7))), "InvalidShard") << field;
  EXPECT_EQ(word_of(parse_shard(good + "x")), "InvalidShard");
  std::string longer = good;
  longer.insert(footer, "x");
  EXPECT_EQ(word_of(parse_shard(longer)), "InvalidShard");
}

TEST(XetShard, Item16TheEmptyFileHasNoTermsAndTheZeroHash) {
  FileBlock empty{.sha256 = sha256("")};
  auto shard = parse_shard(write_upload_shard(std::vector{empty}, {}));
  ASSERT_TRUE(shard) << shard.error().message;
  EXPECT_EQ(shard->files, std::vector{empty});
  EXPECT_EQ(shard->files[0].size_bytes(), 0u);

  FileBlock naive{.file =
                      hash_of("638a6bc391964a85939d48f008e8bdbae6a7975e7ca2d87a3ce2492f4e4d8a4c")};
  EXPECT_EQ(message_of(parse_shard(write_upload_shard(std::vector{naive}, {}))),
            "File 0 of the shard has no terms; then its hash is zero.");
  Sample sample;
  sample.files[0].file = Hash{};
  EXPECT_EQ(message_of(parse_shard(sample.shard())),
            "File 0 of the shard has the hash of the empty file, and terms.");
}

TEST(XetShard, ASinksErrorEndsTheReading) {
  struct Refuse final : ShardSink {
    Result<> file(FileBlock) override { return fail(ErrorCode::conflict, "No", "no"); }
    Result<> xorb(XorbBlock) override { return {}; }
  } sink;
  std::string bytes = hello_shard();
  ShardReader reader(bytes.size(), sink);
  auto written = reader.write(bytes);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().word, "No");
}

TEST(XetShard, Item15TermsAreHeldAgainstTheStoredXorb) {
  Sample sample;
  const XorbIndex& index = sample.indexes[0];
  Term term = sample.files[0].terms[0];
  Hash proof = sample.files[0].range_hashes[0];
  EXPECT_TRUE(check_term(term, proof, index));

  Term part{index.xorb(), static_cast<std::uint32_t>(index.content_bytes({2, 5})), {2, 5}};
  EXPECT_TRUE(check_term(part, index.range_hash({2, 5}), index));
  EXPECT_FALSE(check_term(part, index.range_hash({2, 4}), index));
  EXPECT_FALSE(check_term(part, Hash{}, index));
  Term size = part;
  size.content_bytes += 1;
  EXPECT_FALSE(check_term(size, index.range_hash({2, 5}), index));
  for (ChunkRange range : {ChunkRange{2, 8}, ChunkRange{5, 5}, ChunkRange{6, 5}}) {
    Term beyond = part;
    beyond.chunks = range;
    EXPECT_FALSE(check_term(beyond, proof, index));
  }
  // Nothing that an asker could prove possession with.
  std::string message = check_term(part, Hash{}, index).error().message;
  for (std::uint32_t i = 0; i < index.count(); ++i)
    EXPECT_EQ(message.find(index.chunk(i).text()), std::string::npos);
}

TEST(XetShard, Item15XorbBlocksAreHeldAgainstTheStoredXorb) {
  Sample sample;
  EXPECT_TRUE(check_xorb_block(sample.xorbs[0], sample.indexes[0]));
  EXPECT_FALSE(check_xorb_block(sample.xorbs[0], sample.indexes[1]));
  XorbBlock other = sample.xorbs[0];
  other.chunks[1].hash.bytes[0] ^= 1;
  EXPECT_FALSE(check_xorb_block(other, sample.indexes[0]));
  other = sample.xorbs[0];
  other.chunks[1].chunk_bytes -= 1;
  EXPECT_FALSE(check_xorb_block(other, sample.indexes[0]));
  other = sample.xorbs[0];
  other.chunks.pop_back();
  EXPECT_FALSE(check_xorb_block(other, sample.indexes[0]));
  // Another serialization of the same chunks is fine: the size on disk is the sender's.
  other = sample.xorbs[0];
  other.body_bytes = 1;
  EXPECT_TRUE(check_xorb_block(other, sample.indexes[0]));
}

TEST(XetShard, TheFilesNameFollowsFromItsTerms) {
  Sample sample;
  FileHasher hasher;
  for (std::size_t i = 0; i < 2; ++i)
    hasher.add(sample.indexes[i], sample.files[0].terms[i].chunks);
  EXPECT_EQ(hasher.file(), sample.files[0].file);
  EXPECT_EQ(hasher.file().text(),
            "3d17b2d7d64a0e011b6717a52d9a16bd2c3f05b743fa8adf52a7d75dafab6d89");
  EXPECT_EQ(hasher.size_bytes(), 1'000'000u);
}

TEST(XetShard, Item37TheDedupAnswerHasTheExactFieldsOfBothReaders) {
  Sample sample;
  Hash key = hash_of("abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
  std::vector<DedupXorb> shown = {{&sample.indexes[0], {0, 3}}, {&sample.indexes[1], {11}}};
  std::string bytes = write_dedup_shard(shown, key, 1'790'000'000, 1'791'000'000);

  std::size_t chunks = sample.indexes[0].count() + sample.indexes[1].count();
  std::size_t footer = 48 * (1 + 1 + 2 + chunks + 1);
  ASSERT_EQ(bytes.size(), footer + 200);
  auto number = [&](std::size_t at) { return read_u64le(bytes.data() + at); };
  EXPECT_EQ(number(32), 2u);
  EXPECT_EQ(number(40), 200u);
  EXPECT_EQ(bytes.substr(48, 48), std::string(32, '\xff') + std::string(16, '\0'));
  EXPECT_EQ(number(footer), 1u);
  EXPECT_EQ(number(footer + 8), 48u);
  EXPECT_EQ(number(footer + 16), 96u);
  for (std::size_t table = 0; table < 3; ++table) {
    EXPECT_EQ(number(footer + 24 + 16 * table), footer);
    EXPECT_EQ(number(footer + 32 + 16 * table), 0u);
  }
  EXPECT_EQ(bytes.substr(footer + 72, 32), key.view());
  EXPECT_EQ(number(footer + 104), 1'790'000'000u);
  EXPECT_EQ(number(footer + 112), 1'791'000'000u);
  EXPECT_EQ(number(footer + 192), footer);

  auto parsed = parse_shard(bytes);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->files.empty());
  EXPECT_EQ(parsed->footer, (ShardFooter{key, 1'790'000'000, 1'791'000'000}));
  ASSERT_EQ(parsed->xorbs.size(), 2u);
  for (std::size_t x = 0; x < 2; ++x) {
    const XorbIndex& index = sample.indexes[x];
    EXPECT_EQ(parsed->xorbs[x].xorb, index.xorb());
    EXPECT_EQ(parsed->xorbs[x].body_bytes, index.body_bytes());
    ASSERT_EQ(parsed->xorbs[x].chunks.size(), index.count());
    for (std::uint32_t i = 0; i < index.count(); ++i) {
      bool flagged = x == 0 ? i == 0 || i == 3 : i == 11;
      EXPECT_EQ(parsed->xorbs[x].chunks[i],
                (ShardChunk{dedup_hash(key, index.chunk(i)), index.chunk_bytes(i), flagged}));
      EXPECT_EQ(bytes.find(index.chunk(i).view()), std::string::npos) << "a plain chunk hash";
    }
  }
  EXPECT_EQ(bytes.find(sample.files[0].file.view()), std::string::npos);
}

TEST(XetShard, Item37AnAnswerWithoutXorbsIsAShardToo) {
  Hash key = chunk_hash("key");
  auto parsed = parse_shard(write_dedup_shard({}, key, 1, 2));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->xorbs.empty());
}
