#include "platform/db/sqlite/sqlite.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "platform/db/sqlite/failure.h"
#include "platform/db/sqlite/faulty_vfs.h"
#include "platform/db/testing.h"

namespace cairn::db::sqlite {
namespace {

using db::testing::TestDatabase;

const std::vector<Migration> schema{{"20260101T0000_base", Migration::Kind::expand,
                                     "CREATE TABLE notes (id @id, body @blob NOT NULL) @strict; "
                                     "CREATE TABLE links (note_id @int NOT NULL REFERENCES "
                                     "notes(id) DEFERRABLE INITIALLY DEFERRED) @strict;"}};

constexpr Statement insert{"note.insert", "INSERT INTO notes (body) VALUES ($1) RETURNING id"};
constexpr Statement count{"note.count", "SELECT count(*) FROM notes"};
constexpr Statement link{"link.insert", "INSERT INTO links (note_id) VALUES ($1)"};
// Counts until somebody stops it.
constexpr Statement endless{
    "test.endless",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"};

Result<std::int64_t> add(Tx& tx, std::size_t bytes = 10) {
  return tx.one(insert, Blob{std::string(bytes, 'x')})->integer(0);
}

/// A job that the test waits for later: the queue fills while the writer is held.
class Sent {
 public:
  template <class Function>
  Sent(Database& database, Function function)
      : thread_([&database, function, this] { result_ = database.write_now(function); }) {}
  Result<std::int64_t>& wait() {
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  Result<std::int64_t> result_;
  std::jthread thread_;
};

class Sqlite : public ::testing::Test {
 protected:
  void open(Options options) {
    database.reset();
    database = TestDatabase::open(std::move(options));
    ASSERT_TRUE(database->migrate(schema, "1.0"));
  }
  void SetUp() override { open(files.options()); }

  Result<std::int64_t> write(std::size_t bytes = 10) {
    return database->write_now([=](Tx& tx) { return add(tx, bytes); });
  }
  Result<std::int64_t> notes() {
    return database->read_now(
        [](Tx& tx) -> Result<std::int64_t> { return tx.one(count)->integer(0); });
  }
  /// Sends the jobs in order while the writer is busy, so that they become one group.
  template <class... F>
  std::vector<Result<std::int64_t>> together(F... functions) {
    std::latch running(1), go(1);
    Sent first(*database, [&](Tx& tx) -> Result<std::int64_t> {
      running.count_down();
      go.wait();
      return 0;
    });
    running.wait();
    std::vector<std::unique_ptr<Sent>> sent;
    auto send = [&](auto function) {
      sent.push_back(std::make_unique<Sent>(*database, function));
      while (database->metrics().write_queue < sent.size()) std::this_thread::yield();
    };
    (send(functions), ...);
    go.count_down();
    std::vector<Result<std::int64_t>> out;
    for (auto& one : sent) out.push_back(one->wait());
    return out;
  }

  TestDatabase files{Engine::sqlite};
  FaultyVfs vfs;
  std::unique_ptr<Database> database;
};

TEST_F(Sqlite, TheFirstOpenSetsWhatCannotBeChangedLater) {
  static constexpr Statement pragmas{
      "test.pragmas",
      "SELECT (SELECT page_size FROM pragma_page_size), (SELECT auto_vacuum FROM "
      "pragma_auto_vacuum), (SELECT journal_mode FROM pragma_journal_mode), (SELECT synchronous "
      "FROM pragma_synchronous), (SELECT foreign_keys FROM pragma_foreign_keys)"};
  auto row =
      database->write_now([](Tx& tx) -> Result<std::optional<Row>> { return tx.one(pragmas); });
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ((*row)->integer(0), 8192);
  EXPECT_EQ((*row)->integer(1), 2);  // INCREMENTAL
  EXPECT_EQ((*row)->text(2), "wal");
  EXPECT_EQ((*row)->integer(3), 2);  // FULL
  EXPECT_EQ((*row)->integer(4), 1);
}

TEST_F(Sqlite, TheFileIsForItsUserOnly) {
  ASSERT_TRUE(write());
  for (std::string suffix : {"", "-wal", "-shm"}) {
    struct stat info{};
    ASSERT_EQ(::stat((files.path() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0077, 0u) << suffix;
  }
}

TEST_F(Sqlite, TheTestClockIsTheTimeOfTransactions) {
  ManualClock clock;
  auto options = files.options();
  options.test_clock = &clock;
  open(options);
  auto now = [](Tx& tx) -> Result<Time> { return tx.now(); };
  EXPECT_EQ(database->write_now(now).value(), clock.now());
  clock.advance(hours(1));
  EXPECT_EQ(database->read_now(now).value(), clock.now());
}

TEST_F(Sqlite, WhatQueuesIsCommittedInOneGroup) {
  auto before = database->metrics();
  auto done = together([](Tx& tx) { return add(tx); }, [](Tx& tx) { return add(tx); },
                       [](Tx& tx) { return add(tx); });
  for (auto& one : done) EXPECT_TRUE(one);
  EXPECT_EQ(database->metrics().writes - before.writes, 4u);
  // The holder of the writer may have used up the group's time.
  EXPECT_LE(database->metrics().write_groups - before.write_groups, 2u);
  EXPECT_EQ(notes().value(), 3);
}

TEST_F(Sqlite, OneMembersErrorIsNotTheOthers) {
  auto done = together([](Tx& tx) { return add(tx); },
                       [](Tx& tx) -> Result<std::int64_t> {
                         CAIRN_CHECK(add(tx));
                         return fail(ErrorCode::conflict, "Refused", "no");
                       },
                       [](Tx& tx) -> Result<std::int64_t> {
                         CAIRN_CHECK(add(tx));
                         throw std::runtime_error("a bug");
                       },
                       [](Tx& tx) -> Result<std::int64_t> { return tx.run(link, 4711); },
                       [](Tx& tx) { return add(tx); });
  EXPECT_TRUE(done[0]);
  EXPECT_EQ(done[1].error().word, "Refused");
  EXPECT_EQ(done[2].error().code, ErrorCode::internal);
  EXPECT_EQ(done[3].error().code, ErrorCode::internal);
  EXPECT_TRUE(done[4]);
  EXPECT_EQ(notes().value(), 2);
}

TEST_F(Sqlite, AGroupClosesAtOneMebibyteOfParameters) {
  auto before = database->metrics().write_groups;
  auto big = [](Tx& tx) { return add(tx, 600 << 10); };
  auto done = together(big, big, big, big, big, big);
  for (auto& one : done) EXPECT_TRUE(one);
  EXPECT_GE(database->metrics().write_groups - before, 3u);
}

TEST_F(Sqlite, AFunctionThatHoldsTheWriterTooLongIsUndone) {
  auto options = files.options();
  options.transaction_limit_ms = 20;
  open(options);
  auto slow = database->write_now([](Tx& tx) -> Result<std::int64_t> {
    CAIRN_TRY(id, add(tx));
    auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(21);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return id;
  });
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().word, "TransactionTooLong");
  EXPECT_EQ(notes().value(), 0);
}

TEST_F(Sqlite, AnEndlessStatementIsInterruptedAndItsGroupRunsAgain) {
  auto options = files.options();
  options.transaction_limit_ms = 50;
  open(options);
  auto done = together([](Tx& tx) { return add(tx); },
                       [](Tx& tx) -> Result<std::int64_t> {
                         CAIRN_CHECK(add(tx));
                         return tx.one(endless)->integer(0);
                       },
                       [](Tx& tx) { return add(tx); });
  // The machine may be slow enough to refuse an innocent one, but never to lose what it answered.
  std::int64_t saved = 0;
  for (auto& one : done) saved += one ? 1 : 0;
  EXPECT_EQ(done[1].error().word, "TransactionTooLong");
  EXPECT_EQ(notes().value(), saved);
}

TEST_F(Sqlite, AnEndlessReadIsInterrupted) {
  auto options = files.options();
  options.read_limit_ms = 20;
  open(options);
  auto slow = database->read_now(
      [](Tx& tx) -> Result<std::int64_t> { return tx.one(endless)->integer(0); });
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().word, "TransactionTooLong");
  EXPECT_EQ(slow.error().code, ErrorCode::unavailable);
}

TEST_F(Sqlite, TheWalStaysBoundedBesideReadersThatStall) {
  auto options = files.options();
  options.read_limit_ms = 30;
  options.wal_checkpoint_bytes = 128 << 10;
  options.wal_max_bytes = 512 << 10;
  open(options);
  std::atomic<bool> stop = false;
  auto stall = [&] {
    while (!stop)
      (void)database->read_now([](Tx& tx) -> Result<std::int64_t> {
        tx.one(count);
        return tx.one(endless)->integer(0);
      });
  };
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(stall);
  std::uintmax_t largest = 0;
  for (int i = 0; i < 80; ++i) {
    ASSERT_TRUE(write(64 << 10));
    largest = std::max(largest, std::filesystem::file_size(files.path() + "-wal"));
  }
  stop = true;
  readers.clear();
  EXPECT_EQ(notes().value(), 80);
  EXPECT_LT(largest, 1u << 20);  // 5 MiB were written.
}

// With the sizes and limits that a hub runs with: readers that stall for as long as they may, and a
// writer that never rests, for a second; `./test deep` gives it the minute.
TEST_F(Sqlite, TheWalStaysBoundedForAMinuteOfWriting) {
  open(files.options());
  const auto writing = std::chrono::seconds(std::getenv("CAIRN_TEST_DEEP") ? 60 : 1);
  std::atomic<bool> stop = false;
  auto stall = [&] {
    while (!stop)
      (void)database->read_now([](Tx& tx) -> Result<std::int64_t> {
        tx.one(count);
        return tx.one(endless)->integer(0);
      });
  };
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(stall);
  std::uintmax_t largest = 0;
  std::int64_t written = 0;
  for (auto end = std::chrono::steady_clock::now() + writing;
       std::chrono::steady_clock::now() < end; ++written) {
    ASSERT_TRUE(write(256 << 10));
    largest = std::max(largest, std::filesystem::file_size(files.path() + "-wal"));
  }
  stop = true;
  readers.clear();
  EXPECT_EQ(notes().value(), written);
  // The limit, and what one group of transactions may add to it before the writer looks.
  EXPECT_LT(largest, static_cast<std::uintmax_t>(Options{}.wal_max_bytes) + (4 << 20));
  RecordProperty("written_mib", static_cast<int>(written / 4));
}

TEST_F(Sqlite, AForeignLockIsToldAndPasses) {
  auto options = files.options();
  options.busy_timeout_ms = 20;
  open(options);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(files.path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  auto refused = write();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().word, "DatabaseLocked");
  EXPECT_GT(refused.error().retry_after_s, 0);
  EXPECT_EQ(notes().value(), 0);  // Reading goes on.
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  EXPECT_TRUE(write());
  sqlite3_close(other);
}

TEST_F(Sqlite, AFileThatWasMovedAwayIsUnavailableUntilItIsBack) {
  ASSERT_TRUE(write());
  std::filesystem::rename(files.path(), files.path() + ".away");
  EXPECT_EQ(write().error().code, ErrorCode::unavailable);
  EXPECT_EQ(notes().error().code, ErrorCode::unavailable);
  EXPECT_FALSE(std::filesystem::exists(files.path()));
  std::filesystem::rename(files.path() + ".away", files.path());
  EXPECT_TRUE(write());
  EXPECT_EQ(notes().value(), 2);
}

TEST_F(Sqlite, AFullDiskIsToldAndNothingHalfIsKept) {
  auto options = files.options();
  options.sqlite_vfs = vfs.name();
  open(options);
  ASSERT_TRUE(write());
  vfs.set_fault(FaultyVfs::Fault::disk_full);
  auto refused = write(100 << 10);
  EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
  EXPECT_EQ(notes().value(), 1);
  vfs.set_fault(FaultyVfs::Fault::none);
  EXPECT_TRUE(write());
  EXPECT_EQ(notes().value(), 2);
  EXPECT_TRUE(database->check());
  database.reset();  // Before the VFS.
}

TEST_F(Sqlite, ADiskThatFailsIsUnavailableAndServesAgainWithoutARestart) {
  auto options = files.options();
  options.sqlite_vfs = vfs.name();
  open(options);
  ASSERT_TRUE(write());
  using Fault = FaultyVfs::Fault;
  std::int64_t saved = 1;
  for (auto fault : {Fault::write_error, Fault::sync_error, Fault::all_gone}) {
    vfs.set_fault(fault);
    for (int i = 0; i < 3; ++i) {
      auto refused = write();
      EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
      EXPECT_GT(refused.error().retry_after_s, 0);
    }
    vfs.set_fault(Fault::none);
    EXPECT_TRUE(write());
    EXPECT_EQ(notes().value(), ++saved);
  }
  EXPECT_TRUE(database->check());
  database.reset();
}

TEST_F(Sqlite, AFailedCommitAnswersTheWholeGroup) {
  auto options = files.options();
  options.sqlite_vfs = vfs.name();
  open(options);
  auto done = together(
      [](Tx& tx) { return add(tx); },
      [](Tx& tx) -> Result<std::int64_t> { return fail(ErrorCode::conflict, "Refused", "no"); },
      [this](Tx& tx) {
        vfs.set_fault(FaultyVfs::Fault::sync_error);
        return add(tx);
      });
  for (auto& one : done)
    if (one.error().word != "Refused") EXPECT_EQ(one.error().code, ErrorCode::unavailable);
  EXPECT_EQ(done[2].error().word, "OutcomeUnknown");
  vfs.set_fault(FaultyVfs::Fault::none);
  auto left = notes().value();
  EXPECT_EQ(left, done[0] ? 1 : 0);
  database.reset();
}

TEST_F(Sqlite, ABackupIsACompleteDatabase) {
  ASSERT_TRUE(write());
  TestDatabase elsewhere(Engine::sqlite);
  ASSERT_TRUE(database->backup_to(elsewhere.path()));
  EXPECT_EQ(database->backup_to(elsewhere.path()).error().word, "BackupExists");
  ASSERT_TRUE(write());
  open(elsewhere.options());
  EXPECT_TRUE(database->check());
  EXPECT_EQ(notes().value(), 1);
}

TEST_F(Sqlite, AStatementIsOneStatementWithAllItsParameters) {
  static constexpr Statement two{"test.two", "SELECT 1; SELECT 2"};
  static constexpr Statement one{"test.one", "SELECT $1"};
  auto run_two = [](Tx& tx) -> Result<std::vector<Row>> { return tx.all(two); };
  auto none = [](Tx& tx) -> Result<std::vector<Row>> { return tx.all(one); };
  auto more = [](Tx& tx) -> Result<std::vector<Row>> { return tx.all(one, 1, 2); };
  EXPECT_EQ(database->read_now(run_two).error().code, ErrorCode::internal);
  EXPECT_EQ(database->read_now(none).error().code, ErrorCode::internal);
  EXPECT_EQ(database->read_now(more).error().code, ErrorCode::internal);
}

TEST_F(Sqlite, DamageIsFoundByCheck) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(write(20'000));
  database.reset();
  std::fstream raw(files.path(), std::ios::binary | std::ios::in | std::ios::out);
  // A page of the table's tree, past the first ones that opening needs.
  for (int page = 3; page < 30; ++page) {
    raw.seekp(page * 8192);
    raw.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  }
  raw.close();
  database = files.open();
  auto found = database->check();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt);
}

TEST(SqliteOpen, AFolderOrAForeignFileIsRefused) {
  TestDatabase files(Engine::sqlite);
  auto options = files.options();
  options.url = "sqlite:" + std::filesystem::path(files.path()).parent_path().string();
  EXPECT_EQ(Database::open(options).error().code, ErrorCode::unavailable);
  std::ofstream(files.path()) << std::string(10'000, 'x');
  EXPECT_EQ(Database::open(files.options()).error().code, ErrorCode::corrupt);
  options.url = "mysql://localhost";
  EXPECT_EQ(Database::open(options).error().code, ErrorCode::invalid_argument);
}

TEST(SqliteFailure, EachCodeSaysWhatToDo) {
  struct Case {
    int code, system_errno;
    ErrorCode expected;
    EngineFailure::Next next;
  };
  using Next = EngineFailure::Next;
  for (auto [code, system_errno, expected, next] : std::vector<Case>{
           {SQLITE_FULL, 0, ErrorCode::storage_full, Next::give_up},
           {SQLITE_IOERR_SHMSIZE, ENOSPC, ErrorCode::storage_full, Next::reconnect},
           {SQLITE_IOERR_FSYNC, EIO, ErrorCode::unavailable, Next::reconnect},
           {SQLITE_BUSY_RECOVERY, 0, ErrorCode::unavailable, Next::give_up},
           {SQLITE_READONLY, 0, ErrorCode::internal, Next::give_up},
           {SQLITE_READONLY_DBMOVED, 0, ErrorCode::unavailable, Next::reconnect},
           {SQLITE_CORRUPT_INDEX, 0, ErrorCode::corrupt, Next::reconnect},
           {SQLITE_CONSTRAINT_UNIQUE, 0, ErrorCode::internal, Next::give_up},
       }) {
    auto failure = failure_of(code, system_errno);
    EXPECT_EQ(failure.error.code, expected) << code;
    EXPECT_EQ(failure.next, next) << code;
  }
}

}  // namespace
}  // namespace cairn::db::sqlite
