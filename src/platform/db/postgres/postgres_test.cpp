#include "platform/db/postgres/postgres.h"

#include <cstdlib>
#include <latch>
#include <thread>

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "platform/db/postgres/failure.h"
#include "platform/db/testing.h"

namespace cairn::db::postgres {
namespace {

using db::testing::TestDatabase;

const std::vector<Migration> schema{{"20260101T0000_base", Migration::Kind::expand,
                                     "CREATE TABLE repos (id @id, name @text) @strict; "
                                     "INSERT INTO repos (name) VALUES ('a'), ('b');"}};
constexpr Statement rename_repo{"repo.rename", "UPDATE repos SET name = $1 WHERE id = $2"};
constexpr Statement add_repo{"repo.add", "INSERT INTO repos (name) VALUES ($1)"};
constexpr Statement count{"repo.count", "SELECT count(*) FROM repos"};
constexpr Statement backend{"test.backend", "SELECT 1", "SELECT pg_backend_pid()"};
constexpr Statement slow{"test.slow", "SELECT 1", "SELECT count(*) FROM pg_sleep(60)"};

std::string server() {
  const char* url = std::getenv("CAIRN_TEST_POSTGRES");
  return url ? url : "";
}

/// As the server's administrator, outside of the database under test.
void administer(const std::string& sql) {
  PGconn* connection = PQconnectdb(server().c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  EXPECT_LE(PQresultStatus(result), PGRES_TUPLES_OK) << PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
}

void end_backend(std::int64_t pid) {
  administer("SELECT pg_terminate_backend(" + std::to_string(pid) + ", 5000)");
}

class Postgres : public ::testing::Test {
 protected:
  void SetUp() override {
    if (server().empty()) GTEST_SKIP() << "CAIRN_TEST_POSTGRES names no server";
    files.emplace(Engine::postgres);
    open(files->options());
  }
  void open(Options options) {
    database.reset();
    database = TestDatabase::open(std::move(options));
    ASSERT_TRUE(database->migrate(schema, "1.0"));
  }
  Result<std::int64_t> repos() {
    return database->read_now(
        [](Tx& tx) -> Result<std::int64_t> { return tx.one(count)->integer(0); });
  }
  Result<std::int64_t> add() {
    return database->write_now(
        [](Tx& tx) -> Result<std::int64_t> { return tx.run(add_repo, "c"); });
  }

  std::optional<TestDatabase> files;
  std::unique_ptr<Database> database;
};

TEST_F(Postgres, AConnectionLostBeforeTheCommitRunsTheFunctionAgain) {
  int calls = 0;
  auto done = database->write_now([&](Tx& tx) -> Result<std::int64_t> {
    tx.run(add_repo, "c");
    if (++calls == 1) end_backend(tx.one(backend)->integer(0));
    return tx.run(add_repo, "d");
  });
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(repos().value(), 4);
}

TEST_F(Postgres, AConnectionLostAtTheCommitLeavesTheOutcomeOpen) {
  int calls = 0;
  auto done = database->write_now([&](Tx& tx) -> Result<std::int64_t> {
    ++calls;
    auto pid = tx.one(backend)->integer(0);
    auto changed = tx.run(add_repo, "c");
    end_backend(pid);
    return changed;
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().word, "OutcomeUnknown");
  EXPECT_EQ(calls, 1);  // A second run could do it twice.
  EXPECT_TRUE(add());
}

TEST_F(Postgres, AReadWhoseConnectionWasLostRunsAgain) {
  int calls = 0;
  auto done = database->read_now([&](Tx& tx) -> Result<std::int64_t> {
    if (++calls == 1) end_backend(tx.one(backend)->integer(0));
    return tx.one(count)->integer(0);
  });
  EXPECT_EQ(done.value(), 2);
  EXPECT_EQ(calls, 2);
}

TEST_F(Postgres, AServerThatIsGoneIsUnavailableAndServesAgainWithoutARestart) {
  std::string name = "cairn_gone_" + std::to_string(::getpid());
  administer("CREATE DATABASE " + name);
  auto options = files->options();
  options.url = server() + (server().find('?') == std::string::npos ? "?" : "&") + "dbname=" + name;
  open(options);
  ASSERT_TRUE(add());
  administer("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false");
  administer("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
             name + "'");
  for (int i = 0; i < 3; ++i) {
    auto refused = add();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_GT(refused.error().retry_after_s, 0);
    EXPECT_EQ(repos().error().code, ErrorCode::unavailable);
  }
  administer("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true");
  // Callers are refused for a moment after a failed attempt to connect.
  while (!add()) std::this_thread::yield();
  EXPECT_EQ(repos().value(), 4);
  database.reset();
  administer("DROP DATABASE " + name + " WITH (FORCE)");
}

TEST_F(Postgres, ADeadlockIsResolvedByRunningAgain) {
  std::latch both(2);
  std::atomic<int> calls = 0;
  auto swap = [&](std::int64_t first, std::int64_t second) {
    return database->write_now([&, first, second, met = false](Tx& tx) mutable -> Result<> {
      ++calls;
      tx.run(rename_repo, "x", first);
      if (!std::exchange(met, true)) both.arrive_and_wait();
      tx.run(rename_repo, "x", second);
      return {};
    });
  };
  Result<> one, two;
  {
    std::jthread a([&] { one = swap(1, 2); });
    std::jthread b([&] { two = swap(2, 1); });
  }
  EXPECT_TRUE(one) << one.error().message;
  EXPECT_TRUE(two) << two.error().message;
  EXPECT_GE(calls, 3);
  EXPECT_GE(database->metrics().write_retries, 1u);
}

TEST_F(Postgres, ALongReadIsStopped) {
  auto options = files->options();
  options.read_limit_ms = 50;
  open(options);
  auto stopped =
      database->read_now([](Tx& tx) -> Result<std::int64_t> { return tx.one(slow)->integer(0); });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().word, "TransactionTooLong");
  EXPECT_EQ(repos().value(), 2);
}

TEST_F(Postgres, AFunctionThatGoesOnAfterAFailureCommitsNothing) {
  static constexpr Statement wrong{"test.wrong", "SELECT nope"};
  auto done = database->write_now([](Tx& tx) -> Result<std::int64_t> {
    auto changed = tx.run(add_repo, "c");
    try {
      tx.all(wrong);
    } catch (...) {
    }
    return changed;
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::internal);
  EXPECT_EQ(repos().value(), 2);
}

TEST_F(Postgres, ABackupIsPgDumpsAffair) {
  EXPECT_EQ(database->backup_to("/nowhere").error().code, ErrorCode::not_implemented);
}

TEST(PostgresOpen, AnAddressWhereNobodyListensIsUnavailable) {
  Options options;
  options.url = "postgres://nobody@127.0.0.1:1/none?connect_timeout=2";
  auto refused = Database::open(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
}

TEST(PostgresFailure, EachStateSaysWhatToDo) {
  using Next = EngineFailure::Next;
  struct Case {
    const char* state;
    ErrorCode expected;
    Next next;
  };
  for (auto [state, expected, next] : std::vector<Case>{
           {"40001", ErrorCode::unavailable, Next::rerun},
           {"40P01", ErrorCode::unavailable, Next::rerun},
           {"23505", ErrorCode::internal, Next::rerun},
           {"23503", ErrorCode::internal, Next::give_up},
           {"53100", ErrorCode::storage_full, Next::give_up},
           {"53300", ErrorCode::unavailable, Next::give_up},
           {"57014", ErrorCode::unavailable, Next::give_up},
           {"57P01", ErrorCode::unavailable, Next::reconnect},
           {"08006", ErrorCode::unavailable, Next::reconnect},
           {"", ErrorCode::unavailable, Next::reconnect},
           {"22021", ErrorCode::unprocessable, Next::give_up},
           {"XX001", ErrorCode::corrupt, Next::give_up},
           {"42P01", ErrorCode::internal, Next::give_up},
       }) {
    auto failure = failure_of(state);
    EXPECT_EQ(failure.error.code, expected) << state;
    EXPECT_EQ(failure.next, next) << state;
  }
}

}  // namespace
}  // namespace cairn::db::postgres
