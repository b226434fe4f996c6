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

constexpr std::size_t part_size = 1 << 20;

class LfsParts : public ::testing::TestWithParam<db::Engine>, public testing::World {
 protected:
  LfsParts() : World(GetParam()) {
    options.multipart_bytes_min = 2 * part_size;
    options.part_bytes = part_size;
    restart();
  }

  UploadPlan plan_parts(const std::string& file) { return plan(ada_model, wanted(file), true); }
  std::string part_of(const std::string& file, int number) {
    return file.substr(static_cast<std::size_t>(number - 1) * part_size, part_size);
  }
  Result<std::string> send(const UploadPlan& planned, int number, std::string body) {
    auto one = ticket(planned.part_urls.at(static_cast<std::size_t>(number) - 1), {Kind::part});
    return run(lfs->receive_part(one, body.size(), source_of(body)));
  }
  Result<Linked> complete(const UploadPlan& planned, std::vector<int> parts) {
    return run(lfs->complete(ticket(planned.url, {Kind::complete}), std::move(parts)));
  }
  void expect_stored(const std::string& file) {
    EXPECT_EQ(content(ada_model, sha256(file)).value(), file);
    EXPECT_EQ(stored().size(), 1u);
    EXPECT_EQ(files->used_bytes(), file.size());  // no parts are left
  }

  const std::string bytes = bytes_of(3 * part_size + 1000);
};
INSTANTIATE_TEST_SUITE_P(Engines, LfsParts, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(LfsParts, ThereIsOneUrlPerPart) {
  auto planned = plan_parts(bytes);
  EXPECT_EQ(planned.part_bytes, part_size);
  EXPECT_EQ(planned.part_urls.size(), 4u);
  EXPECT_EQ(plan_parts(bytes_of(2 * part_size)).part_urls.size(), 2u);
}

TEST_P(LfsParts, SmallFilesAndClientsWithoutPartsSendOneBody) {
  EXPECT_TRUE(plan_parts(bytes_of(2 * part_size - 1)).part_urls.empty());
  auto planned = plan(ada_model, wanted(bytes), false);
  EXPECT_TRUE(planned.part_urls.empty());
  EXPECT_TRUE(run(lfs->receive(ticket(planned.url, {Kind::whole}), {}, source_of(bytes))));
  EXPECT_EQ(content(ada_model, sha256(bytes)).value(), bytes);
}

TEST_P(LfsParts, HugeFilesGetLargerPartsAndAtMostTenThousand) {
  auto planned = plan(ada_model, {sha256("huge"), 4ull << 40}, true);
  EXPECT_LE(planned.part_urls.size(), 10'000u);
  EXPECT_EQ(planned.part_urls.size(), ((4ull << 40) + planned.part_bytes - 1) / planned.part_bytes);
}

TEST_P(LfsParts, InOrderOrNotTheyAreTheFile) {
  for (auto order : {std::vector{1, 2, 3, 4}, {4, 2, 3, 1}}) {
    auto content_now = bytes_of(3 * part_size + 1000, static_cast<unsigned>(order[0]));
    auto planned = plan_parts(content_now);
    for (int number : order) {
      auto etag = send(planned, number, part_of(content_now, number));
      ASSERT_TRUE(etag) << etag.error().message;
      EXPECT_GT(etag->size(), 2u);
    }
    auto file = complete(planned, order);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(content(ada_model, sha256(content_now)).value(), content_now);
  }
  EXPECT_EQ(stored().size(), 2u);
}

TEST_P(LfsParts, PartsInOrderAreNotReadAgainToComplete) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  int reads = files->count("read");
  ASSERT_TRUE(complete(planned, {1, 2, 3, 4}));
  // Joining copies parts 2 to 4 to the first; hashing would read all of them.
  EXPECT_LE(files->count("read") - reads, 3);
  expect_stored(bytes);
}

TEST_P(LfsParts, APartSentAgainCounts) {
  auto planned = plan_parts(bytes);
  auto wrong = part_of(bytes, 2);
  wrong[5] ^= 1;
  ASSERT_TRUE(send(planned, 1, part_of(bytes, 1)));
  ASSERT_TRUE(send(planned, 2, wrong));
  ASSERT_TRUE(send(planned, 3, part_of(bytes, 3)));
  ASSERT_TRUE(send(planned, 4, part_of(bytes, 4)));
  ASSERT_TRUE(send(planned, 2, part_of(bytes, 2)));
  ASSERT_TRUE(complete(planned, {1, 2, 3, 4}));
  expect_stored(bytes);
}

TEST_P(LfsParts, ARightPartReplacedByAWrongOneIsNoticed) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  auto wrong = part_of(bytes, 2);
  wrong[5] ^= 1;
  ASSERT_TRUE(send(planned, 2, wrong));
  EXPECT_EQ(complete(planned, {1, 2, 3, 4}).error().word, "LfsHashMismatch");
}

TEST_P(LfsParts, PartsSurviveARestart) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  restart();
  // The same upload goes on, under new URLs.
  auto again = plan_parts(bytes);
  for (int number : {3, 4}) ASSERT_TRUE(send(again, number, part_of(bytes, number)));
  restart();
  ASSERT_TRUE(complete(again, {1, 2, 3, 4}));
  expect_stored(bytes);
}

TEST_P(LfsParts, AWrongHashLeavesNothingAndTheNextPlanBeginsAnew) {
  auto planned = plan_parts(bytes);
  auto other = bytes_of(bytes.size(), 9);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(other, number)));
  auto result = complete(planned, {1, 2, 3, 4});
  EXPECT_EQ(result.error().code, ErrorCode::unprocessable);
  EXPECT_EQ(result.error().word, "LfsHashMismatch");
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(files->used_bytes(), 0u);
  EXPECT_EQ(send(planned, 1, part_of(bytes, 1)).error().word, "UploadNotFound");

  auto again = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(again, number, part_of(bytes, number)));
  ASSERT_TRUE(complete(again, {1, 2, 3, 4}));
  expect_stored(bytes);
}

TEST_P(LfsParts, MissingPartsAreNamedAndTheOthersKept) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  for (auto parts : {std::vector{1, 2, 4}, {1, 2, 3, 4}, {1, 2, 2, 4}, {}, {1, 2, 3, 4, 5}})
    EXPECT_EQ(complete(planned, parts).error().word, "LfsPartMissing");
  ASSERT_TRUE(send(planned, 3, part_of(bytes, 3)));
  ASSERT_TRUE(complete(planned, {1, 2, 3, 4}));
  expect_stored(bytes);
}

TEST_P(LfsParts, PartsOfAnotherSizeAreRefused) {
  auto planned = plan_parts(bytes);
  EXPECT_EQ(send(planned, 1, part_of(bytes, 1) + "x").error().word, "LfsSizeMismatch");
  EXPECT_EQ(send(planned, 1, "short").error().word, "LfsSizeMismatch");
  EXPECT_EQ(send(planned, 4, part_of(bytes, 1)).error().word, "LfsSizeMismatch");
  auto one = ticket(planned.part_urls[0], {Kind::part});
  EXPECT_EQ(run(lfs->receive_part(one, {}, source_of("short"))).error().word, "LfsSizeMismatch");
}

TEST_P(LfsParts, CompletingAgainIsFine) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  ASSERT_TRUE(complete(planned, {1, 2, 3, 4}));
  EXPECT_TRUE(complete(planned, {1, 2, 3, 4}));
}

TEST_P(LfsParts, CompletingAtOnceAnswersBothAlike) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  auto one = ticket(planned.url, {Kind::complete});
  std::vector<std::future<Result<Linked>>> both;
  for (int i = 0; i < 2; ++i)
    both.push_back(std::async(std::launch::async,
                              [this, one] { return run(lfs->complete(one, {1, 2, 3, 4})); }));
  for (auto& result : both) {
    auto file = result.get();
    EXPECT_TRUE(file) << file.error().message;
  }
  expect_stored(bytes);
}

TEST_P(LfsParts, JoinedBeforeACrashIsLinkedAfterIt) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  auto id = ticket(planned.url, {Kind::complete}).upload;
  auto upload = read([&](db::Tx& tx) { return find_upload(tx, id).value(); });
  auto parts = store->multipart(upload.in_parts->key, upload.in_parts->multipart_id).value();
  ASSERT_TRUE(parts->complete(4));
  restart();
  ASSERT_TRUE(complete(planned, {1, 2, 3, 4}));
  expect_stored(bytes);
}

TEST_P(LfsParts, WhatTheStoreSweptBeginsAnew) {
  auto planned = plan_parts(bytes);
  ASSERT_TRUE(send(planned, 1, part_of(bytes, 1)));
  files->advance(days(30));
  ASSERT_TRUE(store->sweep_unfinished(days(7)));
  EXPECT_EQ(send(planned, 2, part_of(bytes, 2)).error().word, "UploadNotFound");
  auto again = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(again, number, part_of(bytes, number)));
  EXPECT_TRUE(complete(again, {1, 2, 3, 4}));
}

TEST_P(LfsParts, UploadsThatNobodyFinishesExpire) {
  if (GetParam() == db::Engine::postgres) GTEST_SKIP() << "its clock cannot be moved";
  auto planned = plan_parts(bytes);
  ASSERT_TRUE(send(planned, 1, part_of(bytes, 1)));
  EXPECT_EQ(run(lfs->expire_uploads(10)).value(), 0);
  clock.advance(days(3));
  EXPECT_EQ(run(lfs->expire_uploads(10)).value(), 1);
  EXPECT_EQ(files->used_bytes(), 0u);
}

TEST_P(LfsParts, AFileThatAnotherRequestLinkedMeanwhileIsStoredOnce) {
  auto planned = plan_parts(bytes);
  for (int number : {1, 2, 3, 4}) ASSERT_TRUE(send(planned, number, part_of(bytes, number)));
  ASSERT_TRUE(upload(bob_model, bytes));
  ASSERT_TRUE(complete(planned, {1, 2, 3, 4}));
  expect_stored(bytes);
  EXPECT_EQ(content(bob_model, sha256(bytes)).value(), bytes);
}

}  // namespace
}  // namespace cairn::lfs
