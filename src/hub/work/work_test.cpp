#include "hub/work/work.h"

#include <gtest/gtest.h>

#include "hub/work/store.h"
#include "platform/db/testing.h"

namespace cairn::work {
namespace {

/// The table's rules, on both engines; the clock stands still on SQLite only, so here nothing
/// waits for it.
class WorkTest : public testing::TestWithParam<db::Engine> {
 protected:
  void SetUp() override {
    auto migrated = database->migrate(work_migrations(), "1.0");
    ASSERT_TRUE(migrated) << migrated.error().message;
  }
  template <class Function>
  auto write(Function function) {
    auto body = [&](db::Tx& tx) -> Result<std::invoke_result_t<Function, db::Tx&>> {
      return function(tx);
    };
    return database->write_now(body).value();
  }
  std::int64_t add(NewWork work) {
    return write([&](db::Tx& tx) { return enqueue(tx, work); });
  }
  std::vector<WorkItem> take(int limit = 10, Duration lease = minutes(1)) {
    return write([&](db::Tx& tx) { return claim(tx, {"merge", "mail"}, "node-1", lease, limit); });
  }
  std::vector<Listed> list(ListOptions options = {}) {
    return write([&](db::Tx& tx) { return list_work(tx, options); });
  }
  /// Runs one of the functions that return a Result, and gives its error's word.
  template <class Function>
  std::string word(Function function) {
    auto done = database->write_now(function);
    return done ? "" : done.error().word;
  }

  db::testing::TestDatabase files{GetParam()};
  std::unique_ptr<db::Database> database = files.open();
};
INSTANTIATE_TEST_SUITE_P(Engines, WorkTest, testing::ValuesIn(db::testing::engines()),
                         [](const auto& info) { return db::testing::to_string(info.param); });

TEST_P(WorkTest, AnEnqueuedItemIsClaimedOnceWithItsPayload) {
  auto id = add({.kind = "merge", .key = "repo/1", .payload = {{"repo", 1}}});
  auto items = take();
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].id, id);
  EXPECT_EQ(items[0].kind, "merge");
  EXPECT_EQ(items[0].key, "repo/1");
  EXPECT_EQ(items[0].payload, json::value({{"repo", 1}}));
  EXPECT_EQ(items[0].attempt, 1);
  EXPECT_EQ(items[0].lease_number, 1);
  EXPECT_TRUE(take().empty());
  auto listed = list();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].state, State::running);
  EXPECT_EQ(listed[0].leased_by, "node-1");
}

TEST_P(WorkTest, ARefusedTransactionLeavesNoWork) {
  auto refused = database->write_now([](db::Tx& tx) -> Result<> {
    enqueue(tx, {.kind = "merge", .key = "a"});
    return fail(ErrorCode::conflict, "RefMoved", "The branch moved.");
  });
  EXPECT_FALSE(refused);
  EXPECT_TRUE(take().empty());
}

TEST_P(WorkTest, TheSameKeyTwiceIsOneItemWithTheLatestPayload) {
  auto first = add({.kind = "merge", .key = "a", .payload = 1});
  auto second = add({.kind = "merge", .key = "a", .payload = 2});
  EXPECT_EQ(first, second);
  EXPECT_NE(add({.kind = "mail", .key = "a"}), first);
  auto items = take();
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].payload, json::value(2));
}

TEST_P(WorkTest, WithoutAKeyEachIsItsOwn) {
  EXPECT_NE(add({.kind = "mail"}), add({.kind = "mail"}));
  EXPECT_EQ(take().size(), 2u);
}

TEST_P(WorkTest, OneThatRunsAndIsAskedForAgainRunsAgainAfter) {
  add({.kind = "merge", .key = "a", .payload = 1});
  auto item = take().at(0);
  EXPECT_EQ(add({.kind = "merge", .key = "a", .payload = 2}), item.id);
  EXPECT_TRUE(take().empty()) << "never two at once";
  EXPECT_EQ(word([&](db::Tx& tx) { return finish(tx, item); }), "");
  auto again = take();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].payload, json::value(2));
  EXPECT_EQ(again[0].attempt, 1);
  EXPECT_EQ(word([&](db::Tx& tx) { return finish(tx, again[0]); }), "");
  EXPECT_TRUE(list().empty());
}

TEST_P(WorkTest, OnlyKindsThatThisNodeKnowsAreClaimed) {
  add({.kind = "from-the-future", .key = "a"});
  EXPECT_TRUE(take().empty());
  EXPECT_FALSE(write([](db::Tx& tx) { return has_due(tx, {"merge"}); }));
  EXPECT_TRUE(write([](db::Tx& tx) { return has_due(tx, {"merge", "from-the-future"}); }));
}

TEST_P(WorkTest, WorkForLaterWaits) {
  add({.kind = "mail", .key = "later", .run_at = Time{4'000'000'000'000'000}});
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(list().at(0).due_at, Time{4'000'000'000'000'000});
  add({.kind = "mail", .key = "later"});  // now please
  EXPECT_EQ(take().size(), 1u);
}

TEST_P(WorkTest, AnEffectCommitsOnlyWithItsLease) {
  add({.kind = "merge", .key = "a"});
  auto first = take(10, Duration{-1}).at(0);  // a lease that has ended already
  EXPECT_EQ(word([&](db::Tx& tx) { return check_lease(tx, first); }), "")
      << "nobody has taken over yet";
  auto second = take().at(0);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.lease_number, first.lease_number + 1);
  EXPECT_EQ(second.attempt, 2);
  EXPECT_EQ(word([&](db::Tx& tx) { return check_lease(tx, first); }), "LeaseLost");
  EXPECT_EQ(word([&](db::Tx& tx) { return finish(tx, first); }), "LeaseLost");
  EXPECT_EQ(word([&](db::Tx& tx) { return give_back(tx, first); }), "LeaseLost");
  EXPECT_EQ(word([&](db::Tx& tx) { return fail_attempt(tx, first, {}); }), "LeaseLost");
  EXPECT_FALSE(write([&](db::Tx& tx) { return renew(tx, first, minutes(1)); }));
  EXPECT_TRUE(write([&](db::Tx& tx) { return renew(tx, second, minutes(1)); }));
  EXPECT_EQ(word([&](db::Tx& tx) { return finish(tx, second); }), "");
  EXPECT_EQ(word([&](db::Tx& tx) { return check_lease(tx, second); }), "LeaseLost");
}

TEST_P(WorkTest, WorkWhoseNodeDiesEveryTimeFails) {
  add({.kind = "merge", .key = "poison", .attempts_max = 2});
  EXPECT_EQ(take(10, Duration{-1}).size(), 1u);
  EXPECT_EQ(take(10, Duration{-1}).size(), 1u);
  EXPECT_TRUE(take(10, Duration{-1}).empty());
  auto listed = list();
  EXPECT_EQ(listed.at(0).state, State::failed);
  EXPECT_EQ(listed.at(0).error_word, "WorkerLost");
}

const Error broken = fail(ErrorCode::unavailable, "DiskGone", "The disk is gone.").error();

TEST_P(WorkTest, AFailedAttemptWaitsAndTheLastOneFailsForGood) {
  add({.kind = "merge", .key = "a", .attempts_max = 2});
  auto item = take().at(0);
  write([&](db::Tx& tx) { return fail_attempt(tx, item, broken).value(); });
  EXPECT_TRUE(take().empty()) << "it backs off";
  auto waiting = list().at(0);
  EXPECT_EQ(waiting.state, State::pending);
  EXPECT_EQ(waiting.attempts, 1);
  EXPECT_EQ(waiting.error_word, "DiskGone");
  EXPECT_EQ(waiting.error_message, "The disk is gone.");
  // Asking for it again does not get it out of its back-off.
  add({.kind = "merge", .key = "a", .attempts_max = 2});
  EXPECT_TRUE(take().empty());

  EXPECT_EQ(word([&](db::Tx& tx) { return retry_work(tx, item.id); }), "");
  EXPECT_EQ(list().at(0).attempts, 0) << "a person's retry has all attempts";
  for (int attempt = 1; attempt <= 2; ++attempt) {
    item = take().at(0);
    EXPECT_EQ(item.attempt, attempt);
    auto state = write([&](db::Tx& tx) { return fail_attempt(tx, item, broken).value(); });
    EXPECT_EQ(state, attempt == 1 ? State::pending : State::failed);
    static constexpr db::Statement wait_is_over{"test.due", "UPDATE work SET due_at = 0"};
    write([](db::Tx& tx) { return tx.run(wait_is_over); });
  }
  EXPECT_TRUE(take().empty());
  auto failed = write([](db::Tx& tx) { return list_work(tx, {.state = State::failed}); });
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].attempts, 2);
}

TEST_P(WorkTest, AFailedItemThatIsAskedForAgainStartsOver) {
  add({.kind = "merge", .key = "a", .attempts_max = 1});
  auto item = take().at(0);
  write([&](db::Tx& tx) { return fail_attempt(tx, item, broken).value(); });
  EXPECT_EQ(list().at(0).state, State::failed);
  add({.kind = "merge", .key = "a", .payload = 2, .attempts_max = 1});
  item = take().at(0);
  EXPECT_EQ(item.attempt, 1);
  EXPECT_EQ(item.payload, json::value(2));
  // Asked for while its last attempt runs: that request is not lost with it.
  add({.kind = "merge", .key = "a", .payload = 3, .attempts_max = 1});
  write([&](db::Tx& tx) { return fail_attempt(tx, item, broken).value(); });
  EXPECT_EQ(take().at(0).payload, json::value(3));
}

TEST_P(WorkTest, GivenBackWorkIsDueAtOnceAndKeepsItsAttempts) {
  add({.kind = "merge", .key = "a"});
  auto item = take().at(0);
  EXPECT_EQ(word([&](db::Tx& tx) { return give_back(tx, item); }), "");
  EXPECT_EQ(take().at(0).attempt, 1);
}

TEST_P(WorkTest, PeopleListRetryAndDiscard) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(add({.kind = i < 3 ? "merge" : "mail", .attempts_max = 1}));
  EXPECT_EQ(list({.kind = "merge"}).size(), 3u);
  auto page = list({.limit = 2});
  EXPECT_EQ(page.back().id, ids[1]);
  EXPECT_EQ(list({.after = page.back().id}).size(), 3u);

  auto items = take(3);
  for (int i : {0, 1})
    write([&](db::Tx& tx) {
      return fail_attempt(tx, items[static_cast<std::size_t>(i)], broken).value();
    });
  auto counts = write([](db::Tx& tx) { return count_work(tx); });
  EXPECT_EQ(counts.failed, 2);
  EXPECT_EQ(counts.running, 1);
  EXPECT_EQ(counts.pending, 2);

  auto retry = [](std::int64_t id) { return [id](db::Tx& tx) { return retry_work(tx, id); }; };
  auto discard = [](std::int64_t id) { return [id](db::Tx& tx) { return discard_work(tx, id); }; };
  EXPECT_EQ(word(retry(items[2].id)), "WorkRunning");
  EXPECT_EQ(word(discard(items[2].id)), "WorkRunning");
  EXPECT_EQ(word(retry(999)), "WorkNotFound");
  EXPECT_EQ(word(discard(999)), "WorkNotFound");
  EXPECT_EQ(word(discard(items[0].id)), "");
  EXPECT_EQ(write([](db::Tx& tx) { return retry_failed(tx); }), 1);
  EXPECT_EQ(list({.state = State::failed}).size(), 0u);
}

TEST_P(WorkTest, OldestDueFirstAndNoMoreThanAsked) {
  add({.kind = "mail", .key = "second", .run_at = Time{20}});
  add({.kind = "mail", .key = "first", .run_at = Time{10}});
  add({.kind = "mail", .key = "third", .run_at = Time{30}});
  auto items = take(2);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].key, "first");
  EXPECT_EQ(items[1].key, "second");
}

TEST_P(WorkTest, StatementsOfTheWorkerUseTheirIndexes) {
  for (const auto* statement : all_statements()) {
    auto plan = database->explain(*statement);
    ASSERT_TRUE(plan) << statement->name << ": " << plan.error().message;
    // Counting is for metrics and reads an index; all else must not read the table.
    if (statement->name == "work.counts") continue;
    for (const auto& table : plan->full_scans) EXPECT_NE(table, "work") << statement->name;
  }
}

TEST(WorkBackoff, DoublesUpToAnHour) {
  EXPECT_EQ(backoff(1), seconds(2));
  EXPECT_EQ(backoff(2), seconds(4));
  EXPECT_EQ(backoff(9), seconds(512));
  EXPECT_EQ(backoff(12), hours(1));
  EXPECT_EQ(backoff(1000), hours(1));
}

TEST(WorkState, WordsParseBack) {
  for (State state : {State::pending, State::running, State::failed})
    EXPECT_EQ(parse_state(to_string(state)), state);
  EXPECT_FALSE(parse_state("done"));
}

}  // namespace
}  // namespace cairn::work
