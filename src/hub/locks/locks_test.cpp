#include "hub/locks/locks.h"

#include <gtest/gtest.h>

#include "hub/locks/store.h"
#include "hub/repo/testing/hub.h"

namespace cairn::locks {
namespace {

class LocksTest : public testing::TestWithParam<db::Engine> {
 protected:
  LocksTest() : hub(GetParam()) {
    auto all = account::account_migrations();
    for (auto list : {repo::testing::Hub::migrations(), locks_migrations()})
      all.insert(all.end(), list.begin(), list.end());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    repo::testing::Hub::must(hub.database->migrate(all, "test"));
    repo = hub.create(hub.ada, "bert");
  }
  std::vector<std::string> paths(Query query = {}) {
    std::vector<std::string> out;
    for (const auto& lock : hub.must(hub.run(locks.list(repo, query))).locks)
      out.push_back(lock.path);
    return out;
  }

  repo::testing::Hub hub;
  repo::RepoRef repo;
  Locks locks{*hub.database, *hub.repos};
};
INSTANTIATE_TEST_SUITE_P(Engines, LocksTest, testing::ValuesIn(db::testing::engines()));

TEST_P(LocksTest, PathHasOneLock) {
  auto made = hub.must(hub.run(locks.lock(hub.ada, repo, "a/b.bin")));
  EXPECT_TRUE(made.made);
  EXPECT_EQ(made.lock.owner, "ada");
  auto again = hub.must(hub.run(locks.lock(hub.ada, repo, "a/b.bin")));
  EXPECT_FALSE(again.made);
  EXPECT_EQ(again.lock.id, made.lock.id);
  EXPECT_EQ(hub.run(locks.lock(hub.ada, repo, "../x")).error().word, "InvalidPath");
}

TEST_P(LocksTest, WhoMayNotWriteLocksAndUnlocksNothing) {
  auto made = hub.must(hub.run(locks.lock(hub.ada, repo, "a")));
  EXPECT_FALSE(hub.run(locks.lock(hub.bob, repo, "b")));
  EXPECT_FALSE(hub.run(locks.unlock(hub.bob, repo, made.lock.id, true)));
  EXPECT_EQ(hub.run(locks.lock(Actor::anonymous(), repo, "b")).error().code,
            ErrorCode::unauthenticated);
  EXPECT_EQ(paths(), std::vector<std::string>{"a"});
}

TEST_P(LocksTest, UnlockedPathIsFree) {
  auto made = hub.must(hub.run(locks.lock(hub.ada, repo, "a")));
  EXPECT_EQ(hub.must(hub.run(locks.unlock(hub.ada, repo, made.lock.id, false))).path, "a");
  EXPECT_EQ(hub.run(locks.unlock(hub.ada, repo, made.lock.id, false)).error().word, "LockNotFound");
  EXPECT_TRUE(hub.must(hub.run(locks.lock(hub.ada, repo, "a"))).made);
}

TEST_P(LocksTest, ListsGoOnWhereTheyEnded) {
  for (const char* path : {"c", "a", "e", "b", "d"})
    hub.must(hub.run(locks.lock(hub.ada, repo, path)));
  auto first = hub.must(hub.run(locks.list(repo, {.limit = 2})));
  ASSERT_EQ(first.locks.size(), 2u);
  ASSERT_TRUE(first.next);
  // What was locked and unlocked meanwhile makes no hole and no double.
  hub.must(hub.run(locks.lock(hub.ada, repo, "aa")));
  hub.must(hub.run(locks.unlock(hub.ada, repo, first.locks[1].id, false)));
  EXPECT_EQ(paths({.after = first.next}), (std::vector<std::string>{"c", "d", "e"}));
  EXPECT_EQ(paths({.path = "d"}), std::vector<std::string>{"d"});
  EXPECT_EQ(paths({.id = first.locks[0].id}), std::vector<std::string>{"a"});
  EXPECT_TRUE(paths({.path = "z"}).empty());
}

TEST_P(LocksTest, GoWithThePersonAndWithTheRepository) {
  for (const char* path : {"a", "b", "c"}) hub.must(hub.run(locks.lock(hub.ada, repo, path)));
  auto purge = [&](db::Tx& tx) -> Result<> {
    locks.owner_purged(tx, owner_of(hub.bob.user));
    return {};
  };
  hub.must(hub.write(purge));
  EXPECT_EQ(paths().size(), 3u);
  auto count = [&](db::Tx& tx) -> Result<std::int64_t> { return store::count(tx, repo->id); };
  hub.must(hub.run(hub.repos->remove(hub.ada, repo->kind, repo->name)));
  hub.must(hub.run(hub.repos->purge(Actor::system(), repo->public_id)));
  EXPECT_EQ(hub.must(hub.read(count)), 0);

  repo = hub.create(hub.ada, "again");
  hub.must(hub.run(locks.lock(hub.ada, repo, "a")));
  auto purge_ada = [&](db::Tx& tx) -> Result<> {
    locks.owner_purged(tx, owner_of(hub.ada.user));
    return {};
  };
  hub.must(hub.write(purge_ada));
  EXPECT_TRUE(paths().empty());
}

TEST_P(LocksTest, NoStatementReadsATableFromEndToEnd) {
  for (const auto* statement : store::statements()) {
    auto plan = hub.database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << plan.error().message;
    EXPECT_TRUE(plan->full_scans.empty()) << statement->name;
  }
}

}  // namespace
}  // namespace cairn::locks
