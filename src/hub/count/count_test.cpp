#include "hub/count/count.h"

#include <gtest/gtest.h>

#include "hub/account/testing/world.h"
#include "hub/count/downloads.h"

namespace cairn::count {
namespace {

using account::testing::World;
using Counts = std::vector<std::pair<RepoId, std::int64_t>>;

class OnEachEngine : public ::testing::TestWithParam<db::Engine> {
 protected:
  World world{count_migrations(), GetParam()};
  Day today() {
    return World::must(world.read([](db::Tx& tx) -> Result<Day> { return day_of(tx.now()); }));
  }
  void add(std::int64_t repo, std::int64_t downloads, std::int64_t likes) {
    World::must(world.write([=](db::Tx& tx) -> Result<> {
      count::add(tx, RepoId{repo}, downloads, likes);
      return {};
    }));
  }
  std::vector<Window> windows(std::int64_t after, std::int64_t last, Day at) {
    return World::must(world.read([=](db::Tx& tx) -> Result<std::vector<Window>> {
      return count::windows(tx, RepoId{after}, RepoId{last}, at);
    }));
  }
};
INSTANTIATE_TEST_SUITE_P(Counts, OnEachEngine, ::testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(OnEachEngine, DaysAddUpAndLeaveTheWindowAfterThirtyDays) {
  add(7, 3, 1);
  add(7, 2, -1);
  add(9, 0, -4);
  auto day = today();
  auto all = World::must(world.read([day](db::Tx& tx) -> Result<std::vector<DayCounts>> {
    return days(tx, RepoId{7}, day - 1, day);
  }));
  EXPECT_EQ(all, (std::vector<DayCounts>{{day, 5, 0}}));

  auto now = windows(0, 100, day);
  ASSERT_EQ(now.size(), 2u);
  EXPECT_EQ(now[0].repo, RepoId{7});
  EXPECT_EQ(now[0].downloads, 5);
  EXPECT_GT(now[0].trending_score, 0);
  EXPECT_EQ(now[1].likes, 0) << "never below zero";
  EXPECT_EQ(now[1].trending_score, 0);
  EXPECT_EQ(windows(7, 100, day).size(), 1u);
  EXPECT_EQ(windows(0, 7, day + window_days - 1).at(0).downloads, 5);
  EXPECT_EQ(windows(0, 100, day + window_days).size(), 0u);
  EXPECT_EQ(windows(0, 7, day + trending_days).at(0).trending_score, 0);

  World::must(world.write([](db::Tx& tx) -> Result<> {
    forget_repo(tx, RepoId{7});
    return {};
  }));
  EXPECT_EQ(windows(0, 100, day).size(), 1u);
}

TEST_P(OnEachEngine, NoStatementReadsTheWholeTable) {
  for (const auto* statement : statements()) {
    auto plan = World::must(world.database->explain(*statement));
    EXPECT_TRUE(plan.full_scans.empty()) << statement->name;
  }
}

TEST(Trending, FreshLikesOutweighOldOnesAndManyDownloads) {
  auto score = [](std::vector<DayCounts> days) { return trending_score(days, 100); };
  EXPECT_EQ(score({}), 0);
  EXPECT_EQ(score({{100, 0, 1}}), 40);
  EXPECT_EQ(score({{98, 0, 1}}), 20);
  EXPECT_EQ(score({{100, 15, 0}}), 40);
  EXPECT_EQ(score({{100, 15, 1}, {98, 0, 2}}), 120);
  EXPECT_EQ(score({{100, 0, -3}}), 0);
  EXPECT_EQ(score({{100 - trending_days, 1000, 1000}, {101, 5, 5}}), 0);
  EXPECT_LT(score({{100, 1'000'000, 0}}), score({{100, 0, 6}}));
}

TEST(QueryFiles, AreWhatLoadersReadAndNotWhatPeopleRead) {
  using enum RepoKind;
  for (const char* path : {"config.json", "a/b/config.json", "Config.JSON", "model.safetensors",
                           "model-00001-of-00002.safetensors", "x.gguf", "adapter_config.json"})
    EXPECT_TRUE(is_query_file(model, path, false)) << path;
  for (const char* path : {"README.md", ".gitattributes", "LICENSE", "image.png", "myconfig.json",
                           "safetensors", "config.json.md"})
    EXPECT_FALSE(is_query_file(model, path, false)) << path;
  EXPECT_TRUE(is_query_file(model, "weights.strange", true));
  EXPECT_TRUE(is_query_file(dataset, "README.md", false));
  EXPECT_TRUE(is_query_file(space, "app.py", false));
}

TEST(Downloads, CountACallerOncePerRepositoryAndFiveMinutes) {
  Downloads downloads;
  Time now{1'000'000'000};
  for (int file = 0; file < 10; ++file) downloads.note(RepoId{1}, "ada", now);
  downloads.note(RepoId{1}, "bob", now);
  downloads.note(RepoId{2}, "ada", now);
  downloads.note(RepoId{1}, "ada", now + minutes(4));
  EXPECT_EQ(downloads.take(), (Counts{{RepoId{1}, 2}, {RepoId{2}, 1}}));
  EXPECT_EQ(downloads.take(), Counts{});
  downloads.note(RepoId{1}, "ada", now + minutes(5));
  auto taken = downloads.take();
  EXPECT_EQ(taken, (Counts{{RepoId{1}, 1}}));
  downloads.put_back(taken);
  EXPECT_EQ(downloads.take(), taken);
}

TEST(Downloads, AFloodOfCallersIsForgottenNotKept) {
  Downloads downloads;
  Time now{1'000'000'000};
  for (int n = 0; n < 100'000; ++n) downloads.note(RepoId{1}, std::to_string(n), now);
  downloads.note(RepoId{1}, "0", now + seconds(1));
  EXPECT_EQ(downloads.take(), (Counts{{RepoId{1}, 100'001}}));
}

}  // namespace
}  // namespace cairn::count
