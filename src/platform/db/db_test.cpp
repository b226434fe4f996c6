#include "platform/db/db.h"

#include <latch>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "platform/db/testing.h"

namespace cairn::db {
namespace {

using testing::TestDatabase;

const std::vector<Migration> schema{{"20260101T0000_base", Migration::Kind::expand, R"sql(
  CREATE TABLE owners (id @id, name @text NOT NULL UNIQUE, used @int NOT NULL DEFAULT 0) @strict;
  CREATE TABLE items (
    id @id,
    owner_id @int REFERENCES owners(id) DEFERRABLE INITIALLY DEFERRED,
    number @int, fraction @real, words @text, bytes @blob
  ) @strict;
  CREATE INDEX items_by_owner ON items (owner_id, id);
)sql"}};

constexpr Statement insert_owner{"owner.insert",
                                 "INSERT INTO owners (name) VALUES ($1) RETURNING id"};
constexpr Statement find_owner{"owner.find", "SELECT id FROM owners WHERE name = $1"};
constexpr Statement count_owners{"owner.count", "SELECT count(*) FROM owners"};
constexpr Statement insert_item{
    "item.insert",
    "INSERT INTO items (owner_id, number, fraction, words, bytes) VALUES ($1, $2, $3, $4, $5)"};
constexpr Statement all_items{
    "item.all", "SELECT owner_id, number, fraction, words, bytes FROM items ORDER BY id"};
constexpr Statement count_items{"item.count", "SELECT count(*) FROM items WHERE owner_id = $1"};

Result<std::int64_t> add_owner(Tx& tx, std::string name) {
  return tx.one(insert_owner, name)->integer(0);
}

class Db : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    auto migrated = database->migrate(schema, "1.0");
    ASSERT_TRUE(migrated) << migrated.error().word << migrated.error().message;
  }

  std::int64_t owners() {
    auto count = [](Tx& tx) -> Result<std::int64_t> { return tx.one(count_owners)->integer(0); };
    return database->read_now(count).value();
  }
  std::int64_t owner(std::string name) {
    return database->write_now([&](Tx& tx) { return add_owner(tx, name); }).value();
  }

  TestDatabase files{GetParam()};
  std::unique_ptr<Database> database = files.open();
};

INSTANTIATE_TEST_SUITE_P(Engines, Db, ::testing::ValuesIn(testing::engines()),
                         [](const auto& info) { return testing::to_string(info.param); });

TEST_P(Db, ValuesComeBackAsTheyWereWritten) {
  std::string zeros("\0\xff\x80 blob", 8);
  auto stored = database->write_now([&](Tx& tx) -> Result<> {
    tx.run(insert_item, nullptr, INT64_MIN, -0.1, "naïve ☕", Blob{zeros});
    tx.run(insert_item, std::optional<std::int64_t>{}, true, 1e300, "", Blob{});
    tx.run(insert_item, nullptr, Time{5}, nullptr, std::optional<std::string>{}, nullptr);
    return {};
  });
  ASSERT_TRUE(stored) << stored.error().message;
  auto rows =
      database->read_now([](Tx& tx) -> Result<std::vector<Row>> { return tx.all(all_items); })
          .value();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[0].is_null(0));
  EXPECT_EQ(rows[0].integer(1), INT64_MIN);
  EXPECT_EQ(rows[0].real(2), -0.1);
  EXPECT_EQ(rows[0].text(3), "naïve ☕");
  EXPECT_EQ(rows[0].blob(4), zeros);
  EXPECT_TRUE(rows[1].boolean(1));
  EXPECT_EQ(rows[1].real(2), 1e300);
  EXPECT_EQ(rows[1].text(3), "");
  EXPECT_EQ(rows[1].blob(4), "");
  EXPECT_EQ(rows[2].time(1), Time{5});
  EXPECT_EQ(rows[2].opt_text(3), std::nullopt);
  EXPECT_EQ(rows[2].opt_integer(1), 5);
}

TEST_P(Db, AParameterMayAppearTwice) {
  static constexpr Statement both{
      "test.both",
      "INSERT INTO items (number, words, owner_id) VALUES ($2, $1, NULL) "
      "RETURNING number + $2, words = $1"};
  auto row = database->write_now(
      [](Tx& tx) -> Result<std::optional<Row>> { return tx.one(both, "a", 20); });
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ((*row)->integer(0), 40);
  EXPECT_TRUE((*row)->boolean(1));
}

TEST_P(Db, SumsCountsAndTruthAreIntegersOnBothEngines) {
  static constexpr Statement sums{"test.sums",
                                  "SELECT coalesce(sum(number), 0), count(*), exists(SELECT 1 FROM "
                                  "items), avg(number) FROM items"};
  auto row = database->write_now([](Tx& tx) -> Result<std::optional<Row>> {
    tx.run(insert_item, nullptr, std::int64_t{1} << 60, nullptr, nullptr, nullptr);
    tx.run(insert_item, nullptr, std::int64_t{1} << 60, nullptr, nullptr, nullptr);
    return tx.one(sums);
  });
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ((*row)->integer(0), std::int64_t{1} << 61);
  EXPECT_EQ((*row)->integer(1), 2);
  EXPECT_TRUE((*row)->boolean(2));
  EXPECT_EQ((*row)->real(3), std::ldexp(1, 60));
}

TEST_P(Db, NullIsTypedByWhatStandsBesideIt) {
  static constexpr Statement optional{
      "test.optional", "SELECT count(*) FROM owners WHERE $1 IS NULL OR name = $1",
      "SELECT count(*) FROM owners WHERE $1::text IS NULL OR name = $1"};
  static constexpr Statement bare{"test.bare",
                                  "SELECT count(*) FROM owners WHERE $1 IS NULL OR id = $1"};
  owner("ada");
  auto count = database->read_now([](Tx& tx) -> Result<std::int64_t> {
    std::optional<std::string> none;
    std::optional<std::int64_t> nobody;
    return tx.one(optional, none)->integer(0) + tx.one(optional, "ada")->integer(0) +
           tx.one(bare, nobody)->integer(0) + tx.one(bare, 0)->integer(0);
  });
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, 3);
}

TEST_P(Db, TextIsSortedByItsBytes) {
  owner("b"), owner("Z"), owner("a"), owner("é");
  static constexpr Statement names{"test.names", "SELECT name FROM owners ORDER BY name"};
  auto rows = database->read_now([](Tx& tx) -> Result<std::vector<Row>> { return tx.all(names); });
  std::string order;
  for (auto& row : rows.value()) order += row.text(0);
  EXPECT_EQ(order, "Zabé");
}

TEST_P(Db, AnErrorUndoesTheWholeFunction) {
  auto refused = database->write_now([](Tx& tx) -> Result<> {
    CAIRN_CHECK(add_owner(tx, "ada"));
    return fail(ErrorCode::conflict, "NameTaken", "no");
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().word, "NameTaken");
  EXPECT_EQ(owners(), 0);
}

TEST_P(Db, AnExceptionIsInternalAndUndoesTheFunction) {
  auto threw = database->write_now([](Tx& tx) -> Result<> {
    CAIRN_CHECK(add_owner(tx, "ada"));
    throw std::out_of_range("secret detail");
  });
  ASSERT_FALSE(threw);
  EXPECT_EQ(threw.error().code, ErrorCode::internal);
  EXPECT_EQ(threw.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(owners(), 0);
  EXPECT_GT(owner("bob"), 0);
}

TEST_P(Db, AWrongColumnTypeIsABug) {
  auto wrong = database->read_now(
      [](Tx& tx) -> Result<std::string> { return tx.one(count_owners)->text(0); });
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::internal);
}

TEST_P(Db, WrongSqlIsInternalAndHidesItsText) {
  static constexpr Statement wrong{"test.wrong", "SELECT nothing FROM nowhere"};
  auto failed =
      database->write_now([](Tx& tx) -> Result<std::vector<Row>> { return tx.all(wrong); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::internal);
  EXPECT_EQ(failed.error().message.find("nowhere"), std::string::npos);
}

TEST_P(Db, AReadCannotWrite) {
  auto refused = database->read_now([](Tx& tx) { return add_owner(tx, "ada"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::internal);
  EXPECT_EQ(owners(), 0);
}

TEST_P(Db, TextThatIsNotTextIsRefused) {
  for (std::string bad : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
    auto refused = database->write_now([&](Tx& tx) { return add_owner(tx, bad); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unprocessable);
    EXPECT_EQ(refused.error().word, "InvalidText");
  }
}

TEST_P(Db, EffectsRunBeforeTheAnswerAndOnlyAfterACommit) {
  std::vector<std::string> order;
  auto done = database->write_now([&](Tx& tx) -> Result<> {
    CAIRN_CHECK(add_owner(tx, "ada"));
    tx.after_commit([&] { order.push_back("effect"); });
    return {};
  });
  order.push_back("answer");
  ASSERT_TRUE(done);
  auto refused = database->write_now([&](Tx& tx) -> Result<> {
    tx.after_commit([&] { order.push_back("never"); });
    return fail(ErrorCode::conflict, "No", "no");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(order, (std::vector<std::string>{"effect", "answer"}));
}

TEST_P(Db, TimeIsOneValueForTheWholeTransaction) {
  auto times = database->write_now([](Tx& tx) -> Result<std::pair<Time, Time>> {
    auto first = tx.now();
    CAIRN_CHECK(add_owner(tx, "ada"));
    return std::pair{first, tx.now()};
  });
  EXPECT_EQ(times->first, times->second);
  EXPECT_GT(times->first.seconds(), 1'700'000'000);
}

TEST_P(Db, QueriesJoinFragmentsAndNumberTheirValues) {
  owner("ada"), owner("bob"), owner("cyd");
  Query query{"test.query"};
  query.add("SELECT name FROM owners WHERE name >= ", "b").add(" AND name < ", "d");
  query.add(" ORDER BY name LIMIT ", 1);
  auto row =
      database->read_now([&](Tx& tx) -> Result<std::optional<Row>> { return tx.one(query); });
  EXPECT_EQ(row.value()->text(0), "bob");
}

// Everybody adds to one row; a lost update would show in the sum.
TEST_P(Db, ManyConcurrentWritersAreAllAcknowledgedAndNoneIsLost) {
  constexpr int threads = 8, rounds = 25;
  static constexpr Statement read{"test.read", "SELECT used FROM owners WHERE id = $1"};
  static constexpr Statement set{"test.set", "UPDATE owners SET used = $2 WHERE id = $1"};
  auto id = owner("ada");
  std::atomic<int> acknowledged = 0;
  std::vector<std::jthread> writers;
  for (int t = 0; t < threads; ++t)
    writers.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        auto done = database->write_now([&](Tx& tx) -> Result<> {
          tx.lock_row(Lockable::owner, id);
          tx.run(set, id, tx.one(read, id)->integer(0) + 1);
          return {};
        });
        // A lost race after all reruns is an error that says so, and then nothing was saved.
        if (done)
          ++acknowledged;
        else
          EXPECT_EQ(done.error().word, "TransactionConflict");
      }
    });
  writers.clear();
  auto used = database->read_now(
      [&](Tx& tx) -> Result<std::int64_t> { return tx.one(read, id)->integer(0); });
  EXPECT_EQ(used.value(), acknowledged);
  EXPECT_GE(acknowledged, threads * rounds * 9 / 10);
  EXPECT_EQ(database->metrics().writes, static_cast<std::uint64_t>(acknowledged) + 1);
}

// The row that is locked never changes; the rows that are counted do.
TEST_P(Db, ALockedRowMakesCountThenInsertExact) {
  constexpr int threads = 8, limit = 5;
  auto id = owner("ada");
  std::latch start(threads);
  std::vector<std::jthread> writers;
  for (int t = 0; t < threads; ++t)
    writers.emplace_back([&] {
      start.arrive_and_wait();
      for (int i = 0; i < 3; ++i) {
        auto insert = [&](Tx& tx) -> Result<> {
          tx.lock_row(Lockable::owner, id);
          if (tx.one(count_items, id)->integer(0) >= limit)
            return fail(ErrorCode::quota_exceeded, "Full", "no");
          tx.run(insert_item, id, 1, nullptr, nullptr, nullptr);
          return {};
        };
        (void)database->write_now(insert);
      }
    });
  writers.clear();
  auto count = database->read_now(
      [&](Tx& tx) -> Result<std::int64_t> { return tx.one(count_items, id)->integer(0); });
  EXPECT_EQ(count.value(), limit);
}

TEST_P(Db, CheckThenInsertOfOneNameHasOneWinner) {
  constexpr int threads = 8;
  std::latch start(threads);
  std::atomic<int> made = 0, taken = 0;
  std::vector<std::jthread> writers;
  for (int t = 0; t < threads; ++t)
    writers.emplace_back([&] {
      start.arrive_and_wait();
      auto done = database->write_now([](Tx& tx) -> Result<std::int64_t> {
        if (tx.one(find_owner, "ada")) return fail(ErrorCode::conflict, "NameTaken", "no");
        return add_owner(tx, "ada");
      });
      if (done)
        ++made;
      else if (done.error().word == "NameTaken")
        ++taken;
    });
  writers.clear();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(taken, threads - 1);
}

TEST_P(Db, AReferenceToNoRowFailsItsFunctionOnly) {
  auto broken = database->write_now([](Tx& tx) -> Result<> {
    tx.run(insert_item, 4711, 1, nullptr, nullptr, nullptr);
    return {};
  });
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::internal);
  EXPECT_GT(owner("ada"), 0);
}

TEST_P(Db, AnIdThatWasUsedDoesNotComeBack) {
  static constexpr Statement remove{"test.remove", "DELETE FROM owners WHERE id = $1"};
  auto first = owner("ada");
  auto removed =
      database->write_now([&](Tx& tx) -> Result<std::int64_t> { return tx.run(remove, first); });
  EXPECT_EQ(removed.value(), 1);
  EXPECT_GT(owner("bob"), first);
}

TEST_P(Db, WhatWasAcknowledgedIsThereAfterReopening) {
  owner("ada"), owner("bob");
  database.reset();
  database = files.open();
  EXPECT_EQ(owners(), 2);
  EXPECT_TRUE(database->check());
}

TEST_P(Db, CoroutinesWaitWithoutAThread) {
  boost::asio::io_context io;
  std::int64_t id = 0, found = 0;
  auto work = [&]() -> Task<> {
    auto insert = [](Tx& tx) { return add_owner(tx, "ada"); };
    auto find = [](Tx& tx) -> Result<std::int64_t> {
      return tx.one(find_owner, "ada")->integer(0);
    };
    id = (co_await database->write(insert)).value();
    found = (co_await database->read(find)).value();
  };
  boost::asio::co_spawn(io, work(), [](std::exception_ptr e) { EXPECT_FALSE(e); });
  io.run();
  EXPECT_GT(id, 0);
  EXPECT_EQ(found, id);
}

TEST_P(Db, StatementsAreCountedByName) {
  owner("ada"), owner("bob");
  for (const auto& metric : database->statement_metrics())
    if (metric.name == "owner.insert") EXPECT_EQ(metric.calls, 2u);
  EXPECT_EQ(database->metrics().writes, 2u);
}

TEST_P(Db, AFullQueueRefusesInsteadOfGrowing) {
  auto options = files.options();
  options.queue_max = 0;
  auto tiny = TestDatabase::open(options);
  auto refused = tiny->write_now([](Tx& tx) { return add_owner(tx, "ada"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_GT(refused.error().retry_after_s, 0);
}

TEST_P(Db, ExplainTellsIndexedFromWholeReads) {
  static constexpr Statement indexed{
      "test.indexed", "SELECT id FROM items WHERE owner_id = $1 ORDER BY id LIMIT $2"};
  static constexpr Statement whole{"test.whole", "SELECT id FROM items WHERE words = $1"};
  static constexpr Statement change{"test.change", "UPDATE owners SET used = $1 WHERE id = $2"};
  auto good = database->explain(indexed);
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_TRUE(good->full_scans.empty()) << good->lines.front();
  EXPECT_TRUE(database->explain(change)->full_scans.empty());
  EXPECT_EQ(database->explain(whole, "a")->full_scans, std::vector<std::string>{"items"});
}

}  // namespace
}  // namespace cairn::db
