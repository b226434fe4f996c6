#include "hub/history/store.h"

#include <gtest/gtest.h>

#include "platform/db/testing.h"

namespace cairn::history {
namespace {

class StoreTest : public testing::TestWithParam<db::Engine> {
 protected:
  StoreTest() : scratch_(GetParam()) {
    database = scratch_.open(scratch_.options());
    EXPECT_TRUE(database->migrate(migrations(), "test"));
  }
  db::testing::TestDatabase scratch_;
  std::unique_ptr<db::Database> database;
  RepoId repo{7};

  static git::Oid oid(char c) { return *git::Oid::parse(std::string(40, c)); }
  CommitInfo commit(char c, std::vector<git::Oid> parents, std::int64_t generation) {
    CommitInfo out;
    out.oid = out.tree = oid(c);
    out.parents = std::move(parents);
    out.generation = generation;
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, testing::ValuesIn(db::testing::engines()));

TEST_P(StoreTest, ReachedIsWhatReadableRefsLeadTo) {
  auto reached = [&](db::Tx& tx) -> Result<std::unordered_set<git::Oid>> {
    // a <- b (main), a <- c (hidden), d alone.
    store::insert_commit(tx, repo, commit('a', {}, 1));
    store::insert_commit(tx, repo, commit('b', {oid('a')}, 2));
    store::insert_commit(tx, repo, commit('c', {oid('a')}, 2));
    store::insert_commit(tx, repo, commit('d', {}, 1));
    store::insert_ref(tx, repo, {"refs/heads/main", oid('b'), {}});
    store::insert_ref(tx, repo, {"refs/cairn/kept", oid('c'), {}});
    return store::reached(tx, repo, {oid('a'), oid('b'), oid('c'), oid('d'), oid('e')});
  };
  auto found = database->write_now(reached);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, (std::unordered_set{oid('a'), oid('b')}));
}

TEST_P(StoreTest, RecentValuesAreThoseOfReadableRefs) {
  auto values = [&](db::Tx& tx) -> Result<std::vector<git::Oid>> {
    store::append_log(tx, repo, "refs/heads/main", {}, oid('a'), {}, "create");
    store::append_log(tx, repo, "refs/heads/main", oid('a'), oid('b'), {}, "push");
    store::append_log(tx, repo, "refs/cairn/kept", oid('c'), {}, {}, "delete");
    EXPECT_TRUE(store::recent_values(tx, repo, tx.now() + seconds(1)).empty());
    return store::recent_values(tx, repo, tx.now() - minutes(10));
  };
  auto found = database->write_now(values);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, std::vector{oid('a')});
}

TEST_P(StoreTest, StatementsForClientsReadNoTableFromEndToEnd) {
  for (const auto* statement : store::client_statements()) {
    auto plan = database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << plan.error().message;
    for (std::string table : {"refs", "ref_log", "commits", "commit_parents"})
      EXPECT_EQ(std::ranges::count(plan->full_scans, table), 0) << statement->name;
  }
}

}  // namespace
}  // namespace cairn::history
