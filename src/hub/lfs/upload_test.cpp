#include <gtest/gtest.h>

#include "hub/lfs/store.h"
#include "hub/lfs/testing.h"

namespace cairn::lfs {
namespace {

using testing::bytes_of;
using testing::run;
using testing::source_of;
using testing::wanted;
using Kind = Ticket::Kind;

class LfsUpload : public ::testing::TestWithParam<db::Engine>, public testing::World {
 protected:
  LfsUpload() : World(GetParam()) {}

  Ticket whole(RepoId repo, const std::string& bytes) {
    return ticket(plan(repo, wanted(bytes)).url, {Kind::whole});
  }
  /// Nothing of it is in the store, in the repository, or in a temporary file.
  void expect_nothing(const std::string& bytes) {
    EXPECT_TRUE(stored().empty());
    EXPECT_EQ(files->used_bytes(), 0u);
    EXPECT_EQ(content(ada_model, sha256(bytes)).error().word, "LfsObjectNotFound");
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, LfsUpload, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(LfsUpload, BytesOfEverySizeComeBack) {
  // Below a block, exactly one, some, and sizes that no buffer divides.
  for (std::size_t size : {0ul, 1ul, 1000ul, 1ul << 20, (1ul << 20) + 1, 5'300'000ul}) {
    auto bytes = bytes_of(size, static_cast<unsigned>(size));
    auto file = upload(ada_model, bytes);
    ASSERT_TRUE(file) << size << file.error().message;
    EXPECT_EQ(file->size_bytes, size);
    EXPECT_EQ(content(ada_model, sha256(bytes)).value(), bytes) << size;
  }
}

TEST_P(LfsUpload, WhatIsThereNeedsNotBeSentAgain) {
  auto bytes = bytes_of(5000);
  ASSERT_TRUE(upload(ada_model, bytes));
  auto again = plan(ada_model, wanted(bytes));
  EXPECT_TRUE(again.present);
  EXPECT_TRUE(again.url.empty());
}

TEST_P(LfsUpload, PossessionIsProvenPerRepositoryAndBytesAreStoredOnce) {
  auto bytes = bytes_of(5000);
  ASSERT_TRUE(upload(ada_model, bytes));
  // Another repository gets no link for knowing the hash…
  auto planned = plan(bob_model, wanted(bytes));
  EXPECT_FALSE(planned.present);
  EXPECT_FALSE(planned.url.empty());
  EXPECT_EQ(content(bob_model, sha256(bytes)).error().code, ErrorCode::not_found);
  // …but once it has sent the bytes, they are the same object.
  ASSERT_TRUE(upload(bob_model, bytes));
  EXPECT_EQ(content(bob_model, sha256(bytes)).value(), bytes);
  EXPECT_EQ(stored().size(), 1u);
}

TEST_P(LfsUpload, AnotherHashLeavesNothing) {
  for (std::size_t size : {3000ul, 3'000'000ul}) {
    auto bytes = bytes_of(size);
    auto changed = bytes;
    changed[size / 2] ^= 1;
    auto result = run(lfs->receive(whole(ada_model, bytes), size, source_of(changed)));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unprocessable);
    EXPECT_EQ(result.error().word, "LfsHashMismatch");
    EXPECT_NE(result.error().message.find(sha256(changed).hex()), std::string::npos);
    expect_nothing(bytes);
  }
}

TEST_P(LfsUpload, AnotherSizeLeavesNothing) {
  auto bytes = bytes_of(3'000'000);
  auto send = [&](std::optional<std::uint64_t> length, std::string body) {
    return run(lfs->receive(whole(ada_model, bytes), length, source_of(std::move(body))));
  };
  EXPECT_EQ(send({}, bytes + "x").error().word, "LfsSizeMismatch");
  EXPECT_EQ(send({}, bytes.substr(1)).error().word, "LfsSizeMismatch");
  EXPECT_EQ(send({}, "").error().word, "LfsSizeMismatch");
  // Known from the header alone: the body is not even read.
  EXPECT_EQ(send(bytes.size() + 1, bytes).error().word, "LfsSizeMismatch");
  expect_nothing(bytes);
}

TEST_P(LfsUpload, ClientLostHalfwayLeavesNoObject) {
  for (std::size_t size : {100'000ul, 6'000'000ul}) {
    auto bytes = bytes_of(size);
    Error cut{ErrorCode::invalid_argument, "BodyIncomplete", "The connection ended early."};
    auto result = run(lfs->receive(whole(ada_model, bytes), size,
                                   source_of(bytes.substr(0, size / 2), 64 << 10, cut)));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().word, "BodyIncomplete");
    expect_nothing(bytes);
  }
}

TEST_P(LfsUpload, FullDiskIsSaidAndLeavesNothing) {
  files->set_capacity(2 << 20);
  auto bytes = bytes_of(6'000'000);
  EXPECT_EQ(upload(ada_model, bytes).error().code, ErrorCode::storage_full);
  expect_nothing(bytes);
  // Room again: the same upload works.
  files->set_capacity(UINT64_MAX);
  EXPECT_TRUE(upload(ada_model, bytes));
}

TEST_P(LfsUpload, TwoUploadsOfTheSameDigestAtOnceAreOneObject) {
  auto bytes = bytes_of(2'500'000);
  auto first = whole(ada_model, bytes), second = whole(bob_model, bytes);
  std::vector<std::future<Result<Linked>>> both;
  for (const auto& one : {first, second, first})
    both.push_back(std::async(std::launch::async, [this, one, bytes] {
      return run(lfs->receive(one, bytes.size(), source_of(bytes)));
    }));
  for (auto& one : both) {
    auto file = one.get();
    ASSERT_TRUE(file) << file.error().message;
  }
  EXPECT_EQ(content(ada_model, sha256(bytes)).value(), bytes);
  EXPECT_EQ(content(bob_model, sha256(bytes)).value(), bytes);
  EXPECT_EQ(stored().size(), 1u);
}

TEST_P(LfsUpload, CondemnedDigestIsRevived) {
  auto bytes = bytes_of(5000);
  auto before = upload(ada_model, bytes).value();
  ASSERT_TRUE(write(
      [&](db::Tx& tx) { return unlink(tx, ada_model, sha256(bytes), Parting::after_grace); }));
  EXPECT_EQ(content(ada_model, sha256(bytes)).error().code, ErrorCode::not_found);
  auto after = upload(ada_model, bytes).value();
  EXPECT_EQ(after.key, before.key);
  EXPECT_EQ(stored().size(), 1u);
  // Revived for good: no later collection takes it.
  ASSERT_TRUE(run(lfs->collect(Duration{0}, false)));
  EXPECT_EQ(content(ada_model, sha256(bytes)).value(), bytes);
}

TEST_P(LfsUpload, AWrongSizeOfAKnownFileIsRefusedInThePlan) {
  auto bytes = bytes_of(5000);
  ASSERT_TRUE(upload(ada_model, bytes));
  auto planned = plan(ada_model, {sha256(bytes), 4999});
  ASSERT_TRUE(planned.error);
  EXPECT_EQ(planned.error->word, "LfsSizeMismatch");
}

TEST_P(LfsUpload, FilesOverTheLimitAreRefusedInThePlan) {
  options.file_bytes_max = 1000;
  restart();
  EXPECT_EQ(plan(ada_model, wanted(bytes_of(1001))).error->code, ErrorCode::too_large);
  EXPECT_FALSE(plan(ada_model, wanted(bytes_of(1000))).error);
}

TEST_P(LfsUpload, PlansOfManyFilesKeepTheirOrder) {
  std::vector<Wanted> files_wanted;
  for (unsigned i = 0; i < 450; ++i) files_wanted.push_back({sha256(std::to_string(i)), i});
  files_wanted.push_back(files_wanted.front());
  auto plans =
      run(lfs->plan_uploads(ada_model, owner, user, files_wanted, TakesParts::each_large)).value();
  ASSERT_EQ(plans.size(), files_wanted.size());
  for (std::size_t i = 0; i < plans.size(); ++i) {
    EXPECT_EQ(plans[i].file.sha256, files_wanted[i].sha256);
    EXPECT_FALSE(plans[i].url.empty());
  }
}

TEST_P(LfsUpload, UnfinishedUploadsAreLimited) {
  options.pending_max = 3;
  restart();
  for (unsigned i = 0; i < 3; ++i) EXPECT_FALSE(plan(ada_model, wanted(bytes_of(10, i))).error);
  auto one_more =
      run(lfs->plan_uploads(ada_model, owner, user, {wanted(bytes_of(9))}, TakesParts::none));
  EXPECT_EQ(one_more.error().code, ErrorCode::rate_limited);
  // In another repository, and once one is finished, there is room.
  EXPECT_FALSE(plan(bob_model, wanted(bytes_of(9))).error);
}

TEST_P(LfsUpload, BodiesReceivedAtOnceAreLimited) {
  options.receiving_max = 0;
  restart();
  auto result = upload(ada_model, bytes_of(100));
  EXPECT_EQ(result.error().code, ErrorCode::unavailable);
  EXPECT_GT(result.error().retry_after_s, 0);
}

TEST_P(LfsUpload, QuotaIsAskedInThePlanAndBeforeTheBodyAndBeforeTheLink) {
  auto bytes = bytes_of(5000);
  int asked = 0, refuse_at = 0;
  options.admit = [&](db::Tx&, const Options::Admission& want) -> Result<> {
    EXPECT_EQ(want.meter, "storage_bytes");
    EXPECT_EQ(want.amount, 5000u);
    if (++asked == refuse_at) return fail(ErrorCode::quota_exceeded, "QuotaExceeded", "Full.");
    return {};
  };
  restart();
  for (int step : {1, 2, 3}) {
    asked = 0, refuse_at = step;
    EXPECT_EQ(upload(ada_model, bytes).error().code, ErrorCode::quota_exceeded) << step;
    EXPECT_EQ(asked, step);
    expect_nothing(bytes);
  }
  refuse_at = 0;
  EXPECT_TRUE(upload(ada_model, bytes));
}

TEST_P(LfsUpload, RightsThatEndWhileBytesArriveRefuseTheLink) {
  auto bytes = bytes_of(5000);
  bool allowed = true;
  options.allow = [&](db::Tx&, RepoId, UserId, Use) -> Result<OwnerId> {
    if (!allowed) return fail(ErrorCode::forbidden, "Forbidden", "No more.");
    return owner;
  };
  restart();
  auto ticket = whole(ada_model, bytes);
  auto body = source_of(bytes);
  Source source = [&] {
    allowed = false;  // once the body is being read
    return body();
  };
  EXPECT_EQ(run(lfs->receive(ticket, {}, source)).error().word, "Forbidden");
  expect_nothing(bytes);
}

TEST_P(LfsUpload, TheHubItselfAddsFiles) {
  auto bytes = bytes_of(5000);
  ASSERT_TRUE(run(lfs->add(ada_model, UserId{}, wanted(bytes), source_of(bytes))));
  EXPECT_EQ(content(ada_model, sha256(bytes)).value(), bytes);
  auto listed = read([&](db::Tx& tx) { return list_files(tx, ada_model, {}, 10); });
  EXPECT_FALSE(listed.at(0).pusher);
}

// ---- Signed URLs ----

TEST_P(LfsUpload, SignedUrlsHoldForTheirUseAlone) {
  auto planned = plan(ada_model, wanted(bytes_of(100)));
  ASSERT_TRUE(planned.url.starts_with("https://hub.example/api/-/v1/lfs/upload/"));
  auto text = planned.url.substr(planned.url.rfind('/') + 1);
  EXPECT_TRUE(lfs->open_ticket(text, {Kind::whole}));
  for (auto kind : {Kind::part, Kind::complete, Kind::verify, Kind::download})
    EXPECT_EQ(lfs->open_ticket(text, {kind}).error().word, "InvalidSignature");
}

TEST_P(LfsUpload, ChangedUrlsAreRefused) {
  auto planned = plan(ada_model, wanted(bytes_of(100)));
  auto text = planned.url.substr(planned.url.rfind('/') + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last digit of a base64 text has bits that mean nothing.
    if (i + 1 == text.size()) continue;
    auto opened = lfs->open_ticket(changed, {Kind::whole});
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, ErrorCode::forbidden);
  }
  for (const std::string& wrong : {std::string(), std::string("x"), text.substr(1), text + text,
                                   std::string(100'000, 'a'), std::string("a.b.c")})
    EXPECT_FALSE(lfs->open_ticket(wrong, {Kind::whole})) << wrong.substr(0, 100);
}

TEST_P(LfsUpload, UrlsExpireLaterForLargeFiles) {
  auto small = plan(ada_model, wanted(bytes_of(100)));
  auto large = plan(ada_model, {sha256("large"), 10ull << 30});
  auto huge = plan(ada_model, {sha256("huge"), 1ull << 40});
  EXPECT_EQ(small.expires_in_s, 3600);
  EXPECT_EQ(large.expires_in_s, 3600 + (10 << 10));
  EXPECT_EQ(huge.expires_in_s, 24 * 3600);
  auto text = small.url.substr(small.url.rfind('/') + 1);
  clock.advance(seconds(3599));
  EXPECT_TRUE(lfs->open_ticket(text, {Kind::whole}));
  clock.advance(seconds(1));
  EXPECT_EQ(lfs->open_ticket(text, {Kind::whole}).error().word, "UrlExpired");
}

TEST_P(LfsUpload, VerifyTellsWhetherTheRepositoryHasTheFile) {
  auto bytes = bytes_of(5000);
  EXPECT_EQ(run(lfs->verify(ada_model, wanted(bytes))).error().word, "LfsObjectNotFound");
  ASSERT_TRUE(upload(ada_model, bytes));
  EXPECT_TRUE(run(lfs->verify(ada_model, wanted(bytes))));
  EXPECT_EQ(run(lfs->verify(ada_model, {sha256(bytes), 1})).error().word, "LfsSizeMismatch");
}

TEST_P(LfsUpload, DownloadUrlsLeadToTheBytesWhileTheReaderMay) {
  auto bytes = bytes_of(5000);
  ASSERT_TRUE(upload(ada_model, bytes));
  bool allowed = true;
  options.allow = [&](db::Tx&, RepoId, UserId, Use use) -> Result<OwnerId> {
    EXPECT_EQ(use, Use::download);
    if (!allowed) return fail(ErrorCode::not_found, "RepoNotFound", "Gone.");
    return owner;
  };
  restart();
  auto plans = run(lfs->plan_downloads(ada_model, user,
                                       {wanted(bytes), {sha256("other"), 5}, {sha256(bytes), 1}}));
  EXPECT_EQ(plans->at(1).error->word, "LfsObjectNotFound");
  EXPECT_EQ(plans->at(2).error->word, "LfsSizeMismatch");
  auto ticket_of = ticket(plans->at(0).url, {Kind::download});
  auto open = run(lfs->open(ticket_of));
  ASSERT_TRUE(open);
  EXPECT_EQ(run(lfs->read(*open, 10, 20)).value(), bytes.substr(10, 20));
  allowed = false;
  EXPECT_EQ(run(lfs->open(ticket_of)).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace cairn::lfs
