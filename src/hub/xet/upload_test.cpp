#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "hub/xet/testing.h"

// Numbers are those of the protocol reference's checklist.
namespace cairn::xet {
namespace {

using testing::bytes_of;
using testing::prepare;
using testing::Prepared;
using testing::run;
using testing::source_of;
using testing::word;

class XetUpload : public ::testing::TestWithParam<db::Engine>, public testing::World {
 protected:
  XetUpload() : World(GetParam()) {}
  const Token ada = token(ada_model);
};
INSTANTIATE_TEST_SUITE_P(Engines, XetUpload, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

// ---- Xorbs ----

TEST_P(XetUpload, Item5XorbsComeWithOrWithoutAFooterAndAreKeptWithout) {
  auto file = prepare(bytes_of(300'000));
  const auto& xorb = file.xorbs.front();
  std::vector<std::string> bodies{xorb.body,
                                  xorb.body + encode_footer(xorb.index, FooterVersion::v0),
                                  xorb.body + encode_footer(xorb.index, FooterVersion::v1),
                                  xorb.body + encode_footer(xorb.index, FooterVersion::v1, 12345)};
  for (const auto& body : bodies) {
    World other(GetParam());
    ASSERT_TRUE(other.send_xorb(other.token(ada_model), xorb.index.xorb(), body));
    ASSERT_EQ(other.stored().size(), 1u);
    ASSERT_TRUE(other.send_shard(other.token(ada_model), file.shard()));
    EXPECT_EQ(other.content(ada_model, sha256(file.content)).value(), file.content);
    auto row = other.read([&](db::Tx& tx) { return find_live_xorb(tx, xorb.index.xorb()); });
    EXPECT_EQ(row->body_bytes, xorb.body.size());
  }
}

TEST_P(XetUpload, Item6ASecondSerializationIsVerifiedAndTheFirstStays) {
  auto file = prepare(std::string(200'000, 'x') + bytes_of(1000));
  const auto& xorb = file.xorbs.front();
  ASSERT_TRUE(upload(ada, file));
  auto before = stored();
  // The same chunks, stored instead of compressed.
  std::string plain;
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < xorb.index.count(); ++i) {
    auto chunk = std::string_view(file.content).substr(at, xorb.index.chunk_bytes(i));
    append_record(plain, chunk, Scheme::stored);
    at += chunk.size();
  }
  ASSERT_NE(plain, xorb.body);
  ASSERT_TRUE(send_xorb(ada, xorb.index.xorb(), plain));
  EXPECT_EQ(stored().size(), 1u);
  EXPECT_EQ(stored().front().key, before.front().key);
  EXPECT_EQ(content(ada_model, sha256(file.content)).value(), file.content);
  plain[plain.size() - 1] ^= 1;
  EXPECT_EQ(word(send_xorb(ada, xorb.index.xorb(), plain)), "InvalidXorb");
}

TEST_P(XetUpload, Item7WhatIsBrokenIsRefusedAndLeavesNothing) {
  auto file = prepare(bytes_of(300'000));
  const auto& xorb = file.xorbs.front();
  auto name = xorb.index.xorb();
  auto with = [&](auto change) {
    auto body = xorb.body;
    change(body);
    return body;
  };
  std::map<std::string, std::string> broken{
      {"flipped", with([](auto& b) { b[5000] ^= 1; })},
      {"cut", with([](auto& b) { b.pop_back(); })},
      {"cut in a header", xorb.body.substr(0, 4)},
      {"more", xorb.body + "x"},
      {"version", with([](auto& b) { b[0] = 1; })},
      {"scheme", with([](auto& b) { b[4] = 99; })},
      {"size", with([](auto& b) { b[5] ^= 1; })},
      {"nothing", ""},
      {"another footer",
       xorb.body + encode_footer(prepare(bytes_of(10)).xorbs[0].index, FooterVersion::v1)}};
  for (const auto& [what, body] : broken)
    EXPECT_EQ(word(send_xorb(ada, name, body)), "InvalidXorb") << what;
  EXPECT_EQ(word(send_xorb(ada, chunk_hash("other"), xorb.body)), "InvalidXorb");
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(word(send_xorb(ada, Hash{}, xorb.body)), "InvalidXetHash");
  EXPECT_EQ(word(send_shard(ada, file.shard())), "XorbNotFound");
}

TEST_P(XetUpload, Item8ATooLargeBodyIsRefusedBeforeItIsRead) {
  bool read = false;
  Source source = [&]() -> Task<Result<std::string>> {
    read = true;
    co_return std::string();
  };
  auto refused = run(xet->receive_xorb(ada, chunk_hash("x"), xorb_upload_bytes_max + 1, source));
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  auto shard = run(xet->receive_shard(ada, shard_bytes_max + 1, source));
  EXPECT_EQ(shard.error().code, ErrorCode::too_large);
  EXPECT_FALSE(read);
}

TEST_P(XetUpload, Item12AClientLostHalfwayLeavesNothing) {
  auto file = prepare(bytes_of(300'000));
  const auto& xorb = file.xorbs.front();
  auto lost = fail(ErrorCode::invalid_argument, "BodyIncomplete", "The connection ended.").error();
  auto half = source_of(xorb.body.substr(0, xorb.body.size() / 2), 1000, lost);
  EXPECT_EQ(word(run(xet->receive_xorb(ada, xorb.index.xorb(), {}, half))), "BodyIncomplete");
  EXPECT_TRUE(stored().empty());
  ASSERT_TRUE(send_xorb(ada, xorb.index.xorb(), xorb.body, 7));
  auto shard = file.shard();
  auto cut = source_of(shard.substr(0, 100), 10, lost);
  EXPECT_EQ(word(run(xet->receive_shard(ada, {}, cut))), "BodyIncomplete");
  EXPECT_FALSE(linked(ada_model, file.content));
}

TEST_P(XetUpload, AFullDiskLeavesNothingAndTheNextTryGoesThrough) {
  auto file = prepare(bytes_of(300'000));
  const auto& xorb = file.xorbs.front();
  files->set_capacity(100'000);
  EXPECT_EQ(send_xorb(ada, xorb.index.xorb(), xorb.body).error().code, ErrorCode::storage_full);
  files->set_capacity(1 << 30);
  EXPECT_TRUE(stored().empty());
  ASSERT_TRUE(upload(ada, file));
  EXPECT_EQ(content(ada_model, sha256(file.content)).value(), file.content);
}

// ---- Shards ----

TEST_P(XetUpload, Item13AShardIsNewOnceAndFineAgain) {
  auto file = prepare(bytes_of(500'000), 3);
  ASSERT_GT(file.xorbs.size(), 1u);
  EXPECT_TRUE(upload(ada, file).value());
  EXPECT_FALSE(send_shard(ada, file.shard()).value());
  EXPECT_TRUE(send_shard(token(bob_model), file.shard()).value());
  EXPECT_EQ(content(bob_model, sha256(file.content)).value(), file.content);
  EXPECT_THAT(errors(), ::testing::IsEmpty());
}

/// Section 15.4: what the Rust client uploads for "Hello World!".
constexpr std::string_view hello_xorb = "000c0000000c000048656c6c6f20576f726c6421";
constexpr std::string_view hello_shard =
    "48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9020000000000000000000000000000"
    "00"
    "bd60b088ade0daa9b195cfbd7ac8e7d74f6db014045ac9326571b887d268eb6b000000c00100000000000000000000"
    "00"
    "a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8000000000c00000000000000010000"
    "00"
    "4ccb988e4563cb8923b7a7a5506bbe7592e648535df0824b2b86c35daf1ab75f000000000000000000000000000000"
    "00"
    "53fcf17f65b1837f5dd6a14881c12db92877d6a31f4b2dfc69906d1200d2dd4a000000000000000000000000000000"
    "00"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000000000000000000000000000"
    "00"
    "a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e800000000010000000c000000000000"
    "00"
    "a29cfb08e608d4d8726dd8659a90b9134b3240d5d8e42d5fcb28e2a6e763a3e8000000000c00000000000000000000"
    "00"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000000000000000000000000000"
    "00";

TEST_P(XetUpload, Item14TheMinimalShardNeedsItsXorbFirst) {
  auto shard = hex_decode(hello_shard).value();
  EXPECT_EQ(word(send_shard(ada, shard)), "XorbNotFound");
  auto name =
      Hash::parse("d8d408e608fb9ca213b9909a65d86d725f2de4d8d540324be8a363e7a6e228cb").value();
  ASSERT_TRUE(send_xorb(ada, name, hex_decode(hello_xorb).value()));
  EXPECT_TRUE(send_shard(ada, shard).value());
  EXPECT_EQ(content(ada_model, sha256("Hello World!")).value(), "Hello World!");
}

TEST_P(XetUpload, Item15AShardThatDoesNotHoldIsRefusedWhole) {
  auto file = prepare(bytes_of(500'000), 3);
  auto good = prepare(bytes_of(1000, 2));
  for (const auto* all : {&file, &good})
    for (const auto& xorb : all->xorbs) ASSERT_TRUE(send_xorb(ada, xorb.index.xorb(), xorb.body));
  auto refused = [&](std::string_view what, auto change) {
    auto changed = file;
    auto blocks = file.xorb_blocks();
    change(changed, blocks);
    auto shard = write_upload_shard(std::vector{good.file, changed.file}, blocks);
    auto answer = send_shard(ada, shard);
    ASSERT_FALSE(answer) << what;
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument) << what;
    EXPECT_FALSE(linked(ada_model, good.content)) << what << ": half of the shard was stored";
    for (const auto& chunk : file.chunks)
      EXPECT_FALSE(answer.error().message.contains(chunk.text())) << what;
  };
  using Blocks = std::vector<XorbBlock>;
  refused("range ends behind the xorb",
          [](Prepared& f, Blocks&) { f.file.terms[0].chunks.end += 1; });
  refused("size", [](Prepared& f, Blocks&) { f.file.terms[0].content_bytes += 1; });
  refused("range hash", [](Prepared& f, Blocks&) { f.file.range_hashes[0].bytes[3] ^= 1; });
  refused("file hash", [](Prepared& f, Blocks&) { f.file.file.bytes[3] ^= 1; });
  refused("order of terms", [](Prepared& f, Blocks&) {
    std::swap(f.file.terms[0], f.file.terms[1]);
    std::swap(f.file.range_hashes[0], f.file.range_hashes[1]);
  });
  refused("unknown xorb", [](Prepared& f, Blocks&) { f.file.terms[0].xorb.bytes[0] ^= 1; });
  refused("another chunk in a block",
          [](Prepared&, Blocks& b) { b[0].chunks[0].hash.bytes[0] ^= 1; });
  refused("a chunk less in a block", [](Prepared&, Blocks& b) { b[0].chunks.pop_back(); });
  refused("another size in a block", [](Prepared&, Blocks& b) { b[0].chunks[0].chunk_bytes += 1; });
  refused("a block of an unknown xorb", [](Prepared&, Blocks& b) { b[0].xorb.bytes[0] ^= 1; });
  EXPECT_TRUE(send_shard(ada, file.shard()).value());
}

TEST_P(XetUpload, Item16TheEmptyFileHasNoTerms) {
  auto file = prepare("");
  ASSERT_TRUE(file.file.terms.empty() && file.file.file.is_zero());
  EXPECT_TRUE(upload(ada, file).value());
  EXPECT_EQ(content(ada_model, sha256("")).value(), "");
  auto made = run(xet->reconstruct(ada, Hash{}, Span{0, 0})).value();
  EXPECT_TRUE(made.terms.empty() && made.xorbs.empty());
}

TEST_P(XetUpload, Item17FilesUseXorbsOfEarlierShardsAndBeforeTheirBlocksCome) {
  auto file = prepare(bytes_of(500'000), 3);
  for (const auto& xorb : file.xorbs) ASSERT_TRUE(send_xorb(ada, xorb.index.xorb(), xorb.body));
  EXPECT_TRUE(send_shard(ada, write_upload_shard(std::vector{file.file}, {})).value());
  EXPECT_FALSE(send_shard(ada, write_upload_shard({}, file.xorb_blocks())).value());
  // Another file of the same chunks, in the other order.
  auto other = file;
  std::ranges::reverse(other.file.terms);
  std::ranges::reverse(other.file.range_hashes);
  std::vector<SizedHash> all;
  other.content.clear();
  for (const auto& term : other.file.terms)
    for (const auto& xorb : file.xorbs)
      if (xorb.index.xorb() == term.xorb)
        for (std::uint32_t i = 0; i < xorb.index.count(); ++i)
          all.push_back({xorb.index.chunk(i), xorb.index.chunk_bytes(i)});
  for (auto at = file.xorbs.rbegin(); at != file.xorbs.rend(); ++at)
    other.content += World::decode(at->body, 0, at->index.count());
  other.file.file = file_hash(all);
  other.file.sha256 = sha256(other.content);
  EXPECT_TRUE(send_shard(ada, write_upload_shard(std::vector{other.file}, {})).value());
  EXPECT_EQ(content(ada_model, sha256(other.content)).value(), other.content);
}

TEST_P(XetUpload, Item18AnotherSha256IsRefusedHereAndTouchesNobodyElse) {
  auto file = prepare(bytes_of(500'000));
  ASSERT_TRUE(upload(token(bob_model), file));
  auto poison = file;
  poison.file.sha256 = sha256("what somebody else trusts");
  EXPECT_EQ(word(send_shard(ada, poison.shard())), "XetSha256Mismatch");
  auto fresh = prepare(bytes_of(500'000, 9));
  fresh.file.sha256 = sha256(file.content);
  EXPECT_EQ(word(upload(ada, fresh)), "XetSha256Mismatch");
  EXPECT_FALSE(linked(ada_model, file.content));
  EXPECT_EQ(content(bob_model, sha256(file.content)).value(), file.content);
}

TEST_P(XetUpload, AShardMayLeaveTheSha256Out) {
  auto file = prepare(bytes_of(500'000));
  file.file.sha256.reset();
  EXPECT_TRUE(upload(ada, file).value());
  EXPECT_EQ(content(ada_model, sha256(file.content)).value(), file.content);
}

TEST_P(XetUpload, Item19TheSameBytesMayHaveTwoFileHashes) {
  auto file = prepare(bytes_of(500'000));
  ASSERT_TRUE(upload(ada, file));
  // Cut elsewhere, as another client does it.
  auto other = prepare("");
  other.content = file.content;
  XorbWriter writer;
  std::vector<SizedHash> all;
  for (std::size_t at = 0; at < file.content.size(); at += 10'000) {
    auto chunk = std::string_view(file.content).substr(at, 10'000);
    all.push_back({chunk_hash(chunk), chunk.size()});
    writer.add(all.back().hash, chunk);
  }
  other.xorbs = {writer.finish()};
  const auto& index = other.xorbs[0].index;
  other.file = {.file = file_hash(all),
                .terms = {{.xorb = index.xorb(),
                           .content_bytes = static_cast<std::uint32_t>(index.content_bytes()),
                           .chunks = {0, index.count()}}},
                .range_hashes = {index.range_hash({0, index.count()})},
                .sha256 = sha256(file.content)};
  ASSERT_NE(other.file.file, file.file.file);
  EXPECT_FALSE(upload(ada, other).value());
  EXPECT_TRUE(upload(token(bob_model), other).value());
  for (auto repo : {ada_model, bob_model})
    EXPECT_EQ(content(repo, sha256(file.content)).value(), file.content);
  EXPECT_THAT(errors(), ::testing::IsEmpty());
}

TEST_P(XetUpload, ALargeFileOfAnotherWayIsKeptInChunksFromThenOn) {
  auto file = prepare(bytes_of(500'000));
  auto key = storage::make_key("lfs", sha256(file.content).hex());
  ASSERT_TRUE(store->put(key, file.content));
  write([&](db::Tx& tx) {
    auto object = lfs::adopt_object(tx, "lfs", sha256(file.content), file.content.size(), key);
    lfs::link(tx, ada_model, object, user);
    return true;
  });
  EXPECT_FALSE(upload(ada, file).value()) << "the repository had the file";
  auto link = linked(ada_model, file.content);
  EXPECT_EQ(hash_of(*link), file.file.file);
  EXPECT_EQ(content(ada_model, sha256(file.content)).value(), file.content);
}

TEST_P(XetUpload, ThousandsOfFilesComeInOneShard) {
  std::vector<FileBlock> blocks;
  std::vector<std::string> contents;
  XorbWriter writer;
  for (unsigned i = 0; i < 3000; ++i) {
    contents.push_back(bytes_of(20, i));
    writer.add(chunk_hash(contents.back()), contents.back());
  }
  auto xorb = writer.finish();
  ASSERT_TRUE(send_xorb(ada, xorb.index.xorb(), xorb.body));
  for (std::uint32_t i = 0; i < 3000; ++i) {
    SizedHash chunk{xorb.index.chunk(i), 20};
    blocks.push_back(
        {.file = file_hash({&chunk, 1}),
         .terms = {{.xorb = xorb.index.xorb(), .content_bytes = 20, .chunks = {i, i + 1}}},
         .range_hashes = {xorb.index.range_hash({i, i + 1})},
         .sha256 = sha256(contents[i])});
  }
  ASSERT_TRUE(send_shard(ada, write_upload_shard(blocks, {})).value());
  for (std::uint32_t i : {0u, 1499u, 2999u})
    EXPECT_EQ(content(ada_model, sha256(contents[i])).value(), contents[i]);
}

// ---- Rights and limits ----

TEST_P(XetUpload, TokensForReadingUploadNothing) {
  auto file = prepare(bytes_of(1000));
  auto reader = token(ada_model, Right::read);
  EXPECT_EQ(word(send_xorb(reader, file.xorbs[0].index.xorb(), file.xorbs[0].body)),
            "XetTokenReadOnly");
  EXPECT_EQ(word(send_shard(reader, file.shard())), "XetTokenReadOnly");
}

TEST_P(XetUpload, RightsAreAskedAgainWhenATokenIsUsed) {
  auto file = prepare(bytes_of(1000));
  bool may = true;
  options.allow = [&](db::Tx&, RepoId, UserId, Right right) -> Result<OwnerId> {
    EXPECT_EQ(right, Right::write);
    if (may) return OwnerId{7};
    return fail(ErrorCode::forbidden, "Forbidden", "no longer");
  };
  restart();
  ASSERT_TRUE(send_xorb(ada, file.xorbs[0].index.xorb(), file.xorbs[0].body));
  may = false;
  EXPECT_EQ(word(send_shard(ada, file.shard())), "Forbidden");
  EXPECT_EQ(word(send_xorb(ada, file.xorbs[0].index.xorb(), file.xorbs[0].body)), "Forbidden");
  EXPECT_FALSE(linked(ada_model, file.content));
}

TEST_P(XetUpload, Item44BytesWithoutAFileAreBounded) {
  options.pending_bytes_max = 100'000;
  restart();
  auto first = prepare(bytes_of(150'000)), second = prepare(bytes_of(150'000, 2));
  ASSERT_TRUE(send_xorb(ada, first.xorbs[0].index.xorb(), first.xorbs[0].body));
  auto refused = send_xorb(ada, second.xorbs[0].index.xorb(), second.xorbs[0].body);
  EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
  auto other = token(bob_model, Right::write, stranger);
  EXPECT_TRUE(send_xorb(other, second.xorbs[0].index.xorb(), second.xorbs[0].body));
  // What a file refers to is no longer pending.
  ASSERT_TRUE(send_shard(ada, first.shard()));
  EXPECT_TRUE(send_xorb(ada, second.xorbs[0].index.xorb(), second.xorbs[0].body));
}

TEST_P(XetUpload, Item40NobodyClaimsChunksWithoutHavingThem) {
  // Bob knows the names of ada's file and xorb, and where its chunks lie.
  auto secret = prepare(bytes_of(500'000), 3);
  ASSERT_TRUE(upload(ada, secret));
  auto bob = token(bob_model, Right::write, stranger);
  auto claim = secret;
  for (auto& hash : claim.file.range_hashes) hash = chunk_hash("guess");
  EXPECT_EQ(word(send_shard(bob, write_upload_shard(std::vector{claim.file}, {}))), "InvalidShard");
  EXPECT_FALSE(run(xet->reconstruct(bob, secret.file.file, {})));
  EXPECT_EQ(word(run(xet->file_size(bob, secret.file.file))), "XetFileNotFound");
}

TEST_P(XetUpload, NoStatementReadsATableFromEndToEnd) {
  for (auto list : {statements(), upkeep_statements()})
    for (const auto* statement : list) {
      auto plan = database->explain(*statement);
      ASSERT_TRUE(plan) << statement->name << plan.error().message;
      for (const auto& table : plan->full_scans)
        EXPECT_TRUE(table != "objects" && !table.starts_with("lfs_") && !table.starts_with("xet_"))
            << statement->name << " reads all of " << table;
    }
}

}  // namespace
}  // namespace cairn::xet
