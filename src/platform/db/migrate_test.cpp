#include "platform/db/migrate.h"

#include <thread>

#include <gtest/gtest.h>

#include "platform/db/testing.h"

namespace cairn::db {
namespace {

using testing::TestDatabase;
constexpr auto expand = Migration::Kind::expand;
constexpr auto contract = Migration::Kind::contract;

const Migration first{"20260101T0000_first", expand,
                      "CREATE TABLE a (id @id, t @text NOT NULL) @strict;"};
const Migration second{"20260102T0000_second", expand,
                       "CREATE TABLE b (n @int, x @real, y @blob, z @xid) @strict; "
                       "INSERT INTO a (t) VALUES ('an @id is not a word here');"};
const Migration third{"20260103T0000_third", contract, "ALTER TABLE a RENAME COLUMN t TO u;"};

TEST(MigrationWords, AreReplacedOutsideOfQuotesAndComments) {
  auto sql =
      expand_words("a @int, '@int', \"@int\" -- @what\n /* @int */ @text)@strict;", Engine::sqlite);
  EXPECT_EQ(sql.value(), "a INTEGER, '@int', \"@int\" -- @what\n /* @int */ TEXT)STRICT;");
  EXPECT_EQ(expand_words("(x @text) @strict;", Engine::postgres).value(),
            "(x TEXT COLLATE \"C\") ;");
  EXPECT_EQ(expand_words("a @> b, c@", Engine::postgres).value(), "a @> b, c@");
}

TEST(MigrationWords, AnUnknownOneIsAnError) {
  EXPECT_EQ(expand_words("a @integer", Engine::sqlite).error().word, "UnknownMigrationWord");
}

TEST(MigrationOrder, FollowsTheNamesAndLeavesOutWhatIsDone) {
  auto pending = pending_migrations({third, first, second}, {{std::string(second.name), "1"}});
  ASSERT_EQ(pending->size(), 2u);
  EXPECT_EQ((*pending)[0].name, first.name);
  EXPECT_EQ((*pending)[1].name, third.name);
}

TEST(MigrationOrder, TwoStepsOfOneNameAreRefused) {
  EXPECT_EQ(pending_migrations({first, first}, {}).error().word, "DuplicateMigration");
}

class Migrate : public ::testing::TestWithParam<Engine> {
 protected:
  TestDatabase files{GetParam()};
  std::unique_ptr<Database> database = files.open();
};

INSTANTIATE_TEST_SUITE_P(Engines, Migrate, ::testing::ValuesIn(testing::engines()),
                         [](const auto& info) { return testing::to_string(info.param); });

TEST_P(Migrate, StepsRunOnceAndKeepWhatIsThere) {
  ASSERT_TRUE(database->migrate({first}, "1.0"));
  ASSERT_TRUE(database->migrate({first, second, third}, "1.1"));
  ASSERT_TRUE(database->migrate({first, second, third}, "1.1"));
  static constexpr Statement look{"test.look", "SELECT u FROM a"};
  auto rows = database->read_now([](Tx& tx) -> Result<std::vector<Row>> { return tx.all(look); });
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().text(0), "an @id is not a word here");
}

TEST_P(Migrate, ADatabaseOfANewerProgramIsRefusedByName) {
  ASSERT_TRUE(database->migrate({first, second}, "2.5"));
  auto refused = database->migrate({first}, "2.4");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().word, "DatabaseTooNew");
  EXPECT_NE(refused.error().message.find("2.5"), std::string::npos);
}

TEST_P(Migrate, AFailedStepLeavesTheDatabaseAsItWas) {
  const Migration broken{"20260104T0000_broken", expand, "CREATE TABLE c (n @int); SELECT oops;"};
  auto failed = database->migrate({first, broken}, "1.0");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::internal);
  ASSERT_TRUE(database->migrate({first, second}, "1.0"));
}

TEST_P(Migrate, StatementsPreparedBeforeSeeTheNewColumns) {
  ASSERT_TRUE(database->migrate({first}, "1.0"));
  static constexpr Statement look{"test.look", "SELECT * FROM a"};
  auto columns = [](Tx& tx) -> Result<int> {
    auto row = tx.one(look);
    return row ? row->columns() : 0;
  };
  static constexpr Statement insert{"test.insert", "INSERT INTO a (t) VALUES ($1)"};
  ASSERT_TRUE(
      database->write_now([](Tx& tx) -> Result<std::int64_t> { return tx.run(insert, "x"); }));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(database->read_now(columns).value(), 2);
  const Migration wider{"20260105T0000_wider", expand, "ALTER TABLE a ADD COLUMN v @int;"};
  ASSERT_TRUE(database->migrate({first, wider}, "1.1"));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(database->read_now(columns).value(), 3);
}

TEST_P(Migrate, TwoNodesThatStartTogetherRunEachStepOnce) {
  auto other = files.open();
  Result<> one, two;
  {
    std::jthread a([&] { one = database->migrate({first, second}, "1.0"); });
    std::jthread b([&] { two = other->migrate({first, second}, "1.0"); });
  }
  EXPECT_TRUE(one) << one.error().message;
  EXPECT_TRUE(two) << two.error().message;
  static constexpr Statement count{"test.count", "SELECT count(*) FROM migrations"};
  auto done =
      database->read_now([](Tx& tx) -> Result<std::int64_t> { return tx.one(count)->integer(0); });
  EXPECT_EQ(done.value(), 2);
}

}  // namespace
}  // namespace cairn::db
