#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/xet/testing.h"
#include "hub/xet/token.h"

// Answers to queries, letting go, and whole files that are cut. Numbers are those of the protocol
// reference's checklist.
namespace cairn::xet {
namespace {

using testing::bytes_of;
using testing::prepare;
using testing::Prepared;
using testing::run;
using testing::shuffled;
using testing::word;

// ---- Answers to deduplication queries ----

class XetDedup : public ::testing::Test, public testing::World {
 protected:
  const Token ada = token(ada_model);
  /// Several xorbs of several chunks each; the first chunk is one to ask for.
  Prepared file = prepare(bytes_of(2'000'000), 6);
  Result<Shard> ask(const Token& as, const Hash& chunk) {
    CAIRN_TRY(bytes, run(xet->find_chunk(as, chunk)));
    return parse_shard(bytes, {.require_range_hashes = false});
  }
  void reveal_all() {
    options.reveals = [](db::Tx&, DedupScope, RepoId, RepoId) { return true; };
    restart();
  }
};

TEST_F(XetDedup, Item37AnAnswerNamesXorbsAndHidesChunks) {
  ASSERT_TRUE(upload(ada, file));
  auto shard = ask(ada, file.chunks[0]).value();
  EXPECT_TRUE(shard.files.empty());
  ASSERT_EQ(shard.xorbs.size(), file.xorbs.size()) << "neighbours come along";
  ASSERT_TRUE(shard.footer);
  auto key = shard.footer->dedup_key;
  EXPECT_FALSE(key.is_zero());
  EXPECT_EQ(key, dedup_key(keyring, clock.now()));
  EXPECT_GT(shard.footer->expires_at_s, static_cast<std::uint64_t>(clock.now().seconds()));
  std::size_t n = 0;
  for (const auto& xorb : shard.xorbs)
    for (const auto& chunk : xorb.chunks) EXPECT_EQ(chunk.hash, dedup_hash(key, file.chunks[n++]));
  EXPECT_EQ(n, file.chunks.size());
  auto bytes = run(xet->find_chunk(ada, file.chunks[0])).value();
  for (const auto& chunk : file.chunks) EXPECT_FALSE(bytes.contains(chunk.view()));
  EXPECT_FALSE(bytes.contains(file.file.file.view()));
}

TEST_F(XetDedup, Item37AnAnswerEndsWhereAClientAsksAgain) {
  auto wide = prepare(bytes_of(12'000'000), 2);
  ASSERT_GT(wide.xorbs.size(), 80u);
  auto has_key = [&](std::size_t n) {
    const auto& index = wide.xorbs[n].index;
    return index.chunk(0).is_key_chunk() || index.chunk(1).is_key_chunk();
  };
  ASSERT_TRUE(upload(ada, wide));
  // A client that was told of 64 goes on by itself, and asks when a chunk says so.
  std::size_t expected = 64;
  while (expected < 72 && !has_key(expected)) ++expected;
  EXPECT_EQ(ask(ada, wide.chunks[0]).value().xorbs.size(), expected);
  auto next = read([&](db::Tx& tx) { return find_live_xorb(tx, wide.xorbs[66].index.xorb())->id; });
  write([&](db::Tx& tx) {
    add_key_chunk(tx, wide.xorbs[66].index.chunk(0), next);
    return 0;
  });
  EXPECT_EQ(ask(ada, wide.chunks[0]).value().xorbs.size(), 66u);
}

TEST_F(XetDedup, Item37AXorbOfOneChunkIsNotShown) {
  auto one = prepare(bytes_of(5000));
  ASSERT_EQ(one.chunks.size(), 1u);
  ASSERT_TRUE(upload(ada, one));
  EXPECT_EQ(word(ask(ada, one.chunks[0])), "XetChunkNotFound");
}

TEST_F(XetDedup, OnlyKeyChunksAreAnsweredFor) {
  ASSERT_TRUE(upload(ada, file));
  for (std::size_t i = 1; i < file.chunks.size(); ++i)
    if (!file.chunks[i].is_key_chunk()) EXPECT_FALSE(ask(ada, file.chunks[i])) << i;
  EXPECT_FALSE(ask(ada, chunk_hash("nothing")));
}

TEST_F(XetDedup, WhoseChunksAreShownIsAskedEachTime) {
  ASSERT_TRUE(upload(ada, file));
  auto bob = token(bob_model, Right::write, stranger);
  EXPECT_FALSE(ask(bob, file.chunks[0])) << "nobody said that it may be shown";
  reveal_all();
  EXPECT_TRUE(ask(bob, file.chunks[0]));
  options.dedup_scope = DedupScope::repository;
  restart();
  EXPECT_FALSE(ask(bob, file.chunks[0]));
  EXPECT_TRUE(ask(ada, file.chunks[0]));
  options.dedup_scope = DedupScope::off;
  restart();
  EXPECT_FALSE(ask(ada, file.chunks[0]));
  // What is shown to nobody is accepted all the same from those who have it.
  EXPECT_TRUE(send_shard(bob, file.shard()).value());
}

TEST_F(XetDedup, XorbsThatNoFileUsesAreNotShown) {
  reveal_all();
  for (const auto& xorb : file.xorbs) ASSERT_TRUE(send_xorb(ada, xorb.index.xorb(), xorb.body));
  ASSERT_TRUE(send_shard(ada, write_upload_shard({}, file.xorb_blocks())));
  EXPECT_FALSE(ask(ada, file.chunks[0]));
}

// ---- Letting go ----

class XetCollect : public XetDedup {
 protected:
  bool drop(RepoId repo, const Prepared& what, lfs::Parting parting = lfs::Parting::after_grace) {
    return write([&](db::Tx& tx) { return lfs::unlink(tx, repo, sha256(what.content), parting); });
  }
  Sweep collect(Duration grace = hours(24)) { return run(xet->collect(grace, false)).value(); }
};

TEST_F(XetCollect, WhatIsLinkedStaysForEver) {
  ASSERT_TRUE(upload(ada, file));
  wait(days(400));
  EXPECT_EQ(collect().objects, 0u);
  EXPECT_EQ(content(ada_model, sha256(file.content)).value(), file.content);
}

TEST_F(XetCollect, Item39WhatAClientMayRememberStays) {
  ASSERT_TRUE(upload(ada, file));
  ASSERT_TRUE(drop(ada_model, file));
  wait(days(21));
  collect();
  collect();
  // A client with a three weeks old cache: its shard names xorbs, it sends none.
  EXPECT_TRUE(send_shard(token(bob_model), file.shard()).value());
  EXPECT_EQ(content(bob_model, sha256(file.content)).value(), file.content);
}

TEST_F(XetCollect, SpaceComesBackWhenNobodyCanRemember) {
  ASSERT_TRUE(upload(ada, file));
  ASSERT_TRUE(drop(ada_model, file));
  wait(days(2));
  collect();  // The file is forgotten: from now on its xorbs are kept for the clients' memory.
  wait(days(27));
  EXPECT_EQ(collect().objects, 0u);
  wait(days(2));
  collect();  // Condemned.
  EXPECT_FALSE(stored().empty());
  wait(days(2));
  EXPECT_EQ(collect().objects, file.xorbs.size());
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(word(send_shard(ada, file.shard())), "XorbNotFound");
  EXPECT_TRUE(upload(ada, file).value());
}

TEST_F(XetCollect, WhatIsPurgedIsGoneAtOnce) {
  ASSERT_TRUE(upload(ada, file));
  ASSERT_TRUE(drop(ada_model, file, lfs::Parting::at_once));
  collect();
  EXPECT_TRUE(stored().empty());
}

TEST_F(XetCollect, APurgeLeavesWhatOthersHave) {
  auto other = file;
  ASSERT_TRUE(upload(ada, file));
  ASSERT_TRUE(upload(token(bob_model), other));
  ASSERT_TRUE(drop(ada_model, file, lfs::Parting::at_once));
  collect();
  EXPECT_EQ(content(bob_model, sha256(file.content)).value(), file.content);
}

TEST_F(XetCollect, ACondemnedXorbIsRevivedByAShardAndByAnUpload) {
  for (bool by_upload : {false, true}) {
    auto what = prepare(bytes_of(300'000, by_upload ? 31 : 32));
    ASSERT_TRUE(upload(ada, what));
    ASSERT_TRUE(drop(ada_model, what));
    wait(days(2));
    collect();
    wait(days(30));
    collect();  // Condemned, not deleted.
    if (by_upload) ASSERT_TRUE(send_xorb(ada, what.xorbs[0].index.xorb(), what.xorbs[0].body));
    ASSERT_TRUE(send_shard(ada, what.shard()));
    wait(days(2));
    collect();
    EXPECT_EQ(content(ada_model, sha256(what.content)).value(), what.content);
  }
}

TEST_F(XetCollect, WhatAnAnswerNamesStaysUntilTheAnswerExpires) {
  reveal_all();
  ASSERT_TRUE(upload(ada, file));
  wait(days(27));  // Its uploader's memory ends tomorrow.
  ASSERT_TRUE(ask(token(bob_model), file.chunks[0]));
  ASSERT_TRUE(drop(ada_model, file));
  options.grace = Duration{0};  // So that the answer alone counts.
  restart();
  wait(days(6));
  collect(Duration{0});
  collect(Duration{0});
  EXPECT_TRUE(send_shard(token(bob_model), file.shard()));
}

TEST_F(XetCollect, BytesThatNoRowNamesGoWhenTheyAreOld) {
  ASSERT_TRUE(store->put(storage::make_key("xorb", sha256("x").hex()), "orphan"));
  EXPECT_EQ(collect(Duration{0}).objects, 0u);
  wait(hours(2));
  EXPECT_EQ(run(xet->collect(Duration{0}, true))->objects, 1u);
  EXPECT_EQ(collect(Duration{0}).objects, 1u);
}

TEST_F(XetCollect, ACheckFindsWhatIsDamagedAndWhatIsMissing) {
  ASSERT_TRUE(upload(ada, file));
  EXPECT_THAT(errors(), ::testing::IsEmpty());
  auto key = stored().front().key;
  auto bytes = store->get(key).value();
  ASSERT_TRUE(store->remove(key));
  restart();
  EXPECT_EQ(errors().size(), 2u) << "the xorb and the file";
  bytes[3000] ^= 1;
  ASSERT_TRUE(store->put(key, bytes));
  restart();
  EXPECT_THAT(errors(false), ::testing::IsEmpty()) << "a quick check reads no content";
  EXPECT_EQ(errors(true).size(), 2u);
}

/// Item 43: uploads, links, deletions, queries, collections and repacking in any order on a clock
/// that runs.
TEST_F(XetCollect, Item43AnyOrderKeepsWhatIsLinkedAndWhatWasAdvertised) {
  reveal_all();
  options.repack_bytes_min = 0;
  restart();
  std::vector<Prepared> known;
  for (unsigned i = 0; i < 5; ++i) known.push_back(prepare(bytes_of(250'000, 100 + i), 2));
  std::map<int, Time> advertised;       // Which file's xorbs a client knows of, until when.
  std::set<std::pair<int, int>> links;  // (repository, file)
  std::uint64_t state = 42;
  auto draw = [&](int below) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<int>((state >> 33) % static_cast<unsigned>(below));
  };
  for (int step = 0; step < 400; ++step) {
    int n = draw(5), repo = 1 + draw(2);
    const auto& what = known[static_cast<std::size_t>(n)];
    auto as = token(RepoId{repo});
    switch (draw(7)) {
      case 0:
        ASSERT_TRUE(upload(as, what)) << step;
        links.emplace(repo, n);
        advertised[n] = std::max(advertised[n], clock.now() + days(21));
        break;
      case 1:  // A client's memory alone.
        if (advertised[n] > clock.now()) {
          ASSERT_TRUE(send_shard(as, what.shard())) << step << ": an advertised xorb is gone";
          links.emplace(repo, n);
        }
        break;
      case 2:
        if (links.erase({repo, n})) ASSERT_TRUE(drop(RepoId{repo}, what));
        break;
      case 3:
        if (auto answer = ask(as, what.chunks[0]))
          advertised[n] =
              std::max(advertised[n],
                       Time{static_cast<std::int64_t>(answer->footer->expires_at_s) * 1'000'000});
        break;
      case 4:
        collect(hours(draw(48)));
        break;
      case 5:
        ASSERT_TRUE(run(xet->repack_next(days(draw(9))))) << step;
        break;
      default:
        wait(hours(draw(24 * 8)));
    }
    for (const auto& [at, file_number] : links) {
      const auto& linked_file = known[static_cast<std::size_t>(file_number)];
      ASSERT_TRUE(content(RepoId{at}, sha256(linked_file.content)).value() == linked_file.content)
          << step;
    }
  }
  EXPECT_THAT(errors(), ::testing::IsEmpty());
  for (const auto& [at, file_number] : links)
    ASSERT_TRUE(drop(RepoId{at}, known[static_cast<std::size_t>(file_number)]));
  for (int i = 0; i < 4; ++i) {
    wait(days(40));
    collect();
  }
  EXPECT_TRUE(stored().empty()) << "space is reclaimed in the end";
}

// ---- Whole files that are cut ----

class XetCut : public XetCollect {
 protected:
  /// As LFS brings it.
  void put_whole(RepoId repo, const std::string& bytes) {
    auto key = storage::make_key("lfs", sha256(bytes).hex());
    ASSERT_TRUE(store->put(key, bytes));
    write([&](db::Tx& tx) {
      auto object = lfs::adopt_object(tx, "lfs", sha256(bytes), bytes.size(), key);
      lfs::link(tx, repo, object, user);
      return true;
    });
  }
  std::uint64_t cut() { return run(xet->chunk_next(1000, Duration{0})).value(); }
  std::uint64_t stored_bytes() {
    std::uint64_t bytes = 0;
    for (const auto& object : stored()) bytes += object.size_bytes;
    return bytes;
  }
};

TEST_F(XetCut, AWholeFileIsKeptInChunksAsItsClientWouldHaveSentIt) {
  put_whole(ada_model, file.content);
  write([&](db::Tx& tx) {
    return lfs::link_from(tx, ada_model, bob_model, sha256(file.content), {});
  });
  EXPECT_EQ(cut(), file.content.size());
  EXPECT_EQ(cut(), 0u);
  for (auto repo : {ada_model, bob_model}) {
    EXPECT_EQ(hash_of(*linked(repo, file.content)), file.file.file);
    EXPECT_TRUE(content(repo, sha256(file.content)).value() == file.content);
  }
  EXPECT_TRUE(assemble(ada, file.file.file, {}, file.content.size()).value() == file.content);
  auto whole = read([&](db::Tx& tx) { return lfs::due_objects(tx, "lfs", Duration{0}, 10); });
  EXPECT_EQ(whole.size(), 1u) << "the whole copy is condemned";
  EXPECT_THAT(errors(), ::testing::IsEmpty());
}

TEST_F(XetCut, WhatTheHubHasInChunksIsNotKeptAgain) {
  auto known = prepare(bytes_of(2'000'000, 55));
  ASSERT_TRUE(upload(ada, known));
  auto before = stored_bytes();
  auto longer = known.content + bytes_of(100'000, 77);
  put_whole(ada_model, longer);
  EXPECT_EQ(cut(), longer.size());
  EXPECT_LT(stored_bytes() - before, 350'000u);
  EXPECT_TRUE(content(ada_model, sha256(longer)).value() == longer);
}

TEST_F(XetCut, RepeatedBytesAreKeptOnce) {
  std::string zeros(5'000'000, '\0');
  put_whole(ada_model, zeros);
  EXPECT_EQ(cut(), zeros.size());
  EXPECT_LT(stored_bytes(), 10'000u);
  EXPECT_TRUE(content(ada_model, sha256(zeros)).value() == zeros);
}

TEST_F(XetCut, SmallFilesStayWholeAndDamagedOnesToo) {
  put_whole(ada_model, "small");
  EXPECT_EQ(cut(), 0u);
  auto key = storage::make_key("lfs", sha256(file.content).hex());
  auto damaged = file.content;
  damaged[1'000'000] ^= 1;
  ASSERT_TRUE(store->put(key, damaged));
  write([&](db::Tx& tx) {
    auto object = lfs::adopt_object(tx, "lfs", sha256(file.content), damaged.size(), key);
    lfs::link(tx, ada_model, object, user);
    return true;
  });
  EXPECT_EQ(run(xet->chunk_next(1000, Duration{0})).error().code, ErrorCode::corrupt);
  EXPECT_EQ(linked(ada_model, file.content)->key, key);
}

TEST_F(XetCut, UsageCountsAXorbOnceForARepository) {
  ASSERT_TRUE(upload(ada, file));
  auto other = shuffled(file, 3, 4);
  ASSERT_TRUE(send_shard(ada, write_upload_shard(std::vector{other.file}, {})));
  put_whole(ada_model, bytes_of(5000, 9));
  auto usage = run(xet->usage(ada_model)).value();
  EXPECT_EQ(usage.logical_bytes, file.content.size() + other.content.size() + 5000);
  std::uint64_t bodies = 5000;
  for (const auto& xorb : file.xorbs) bodies += xorb.body.size();
  EXPECT_EQ(usage.stored_bytes, bodies);
}

}  // namespace
}  // namespace cairn::xet
