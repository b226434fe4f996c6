#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "platform/db/sqlite/faulty_vfs.h"
#include "platform/db/testing.h"

namespace cairn::db::sqlite {
namespace {

using db::testing::TestDatabase;

// A transaction is a note and its two halves, so that one half alone would show.
const std::vector<Migration> schema{
    {"20260101T0000_base", Migration::Kind::expand,
     "CREATE TABLE notes (id @int PRIMARY KEY, body @blob NOT NULL) @strict; "
     "CREATE TABLE halves (note_id @int NOT NULL, half @int NOT NULL, PRIMARY KEY (note_id, half))"
     " @strict;"}};
constexpr Statement insert_note{"note.insert", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
constexpr Statement insert_half{"half.insert",
                                "INSERT INTO halves (note_id, half) VALUES ($1, $2)"};
constexpr Statement note_ids{"note.ids", "SELECT id FROM notes ORDER BY id"};
constexpr Statement torn{"note.torn",
                         "SELECT count(*) FROM notes LEFT JOIN (SELECT note_id, count(*) AS n FROM "
                         "halves GROUP BY note_id) ON note_id = id WHERE n IS NOT 2"};

struct Acknowledged {
  std::int64_t id;
  std::size_t events;  ///< That had happened when the answer came.
};

/// Several threads write; the WAL is small, so checkpoints fall among the commits.
std::vector<Acknowledged> write_notes(Database& database, const FaultyVfs& vfs) {
  constexpr int threads = 4, notes_each = 40;
  std::mutex mutex;
  std::vector<Acknowledged> out;
  auto work = [&](int thread) {
    for (int i = 0; i < notes_each; ++i) {
      std::int64_t id = thread * 1000 + i;
      auto body = Blob{std::string(static_cast<std::size_t>(i % 7) * 3000 + 10, 'x')};
      auto done = database.write_now([&](Tx& tx) -> Result<> {
        tx.run(insert_note, id, body);
        tx.run(insert_half, id, 1);
        tx.run(insert_half, id, 2);
        return {};
      });
      if (!done) continue;
      std::lock_guard lock(mutex);
      out.push_back({id, vfs.events()});
    }
  };
  std::vector<std::jthread> writers;
  for (int t = 0; t < threads; ++t) writers.emplace_back(work, t);
  writers.clear();
  return out;
}

void check_after_power_loss(const FaultyVfs& vfs, const std::vector<Acknowledged>& acknowledged,
                            std::size_t events, std::uint64_t seed) {
  SCOPED_TRACE("power lost after event " + std::to_string(events) + ", seed " +
               std::to_string(seed));
  TestDatabase files(Engine::sqlite);
  ASSERT_TRUE(vfs.lose_power(events, seed, std::filesystem::path(files.path()).parent_path()));
  auto opened = Database::open(files.options());
  ASSERT_TRUE(opened) << opened.error().message;
  Database& database = **opened;
  ASSERT_TRUE(database.check());
  ASSERT_TRUE(database.migrate(schema, "1.0"));
  std::set<std::int64_t> present;
  auto look = [&](Tx& tx) -> Result<std::int64_t> {
    for (auto& row : tx.all(note_ids)) present.insert(row.integer(0));
    return tx.one(torn)->integer(0);
  };
  EXPECT_EQ(database.read_now(look).value(), 0);
  for (auto [id, at] : acknowledged)
    if (at <= events) EXPECT_TRUE(present.contains(id)) << "note " << id << " was acknowledged";
}

/// As many as fit a quick run; `./test deep` asks for a thousand.
int runs() {
  const char* asked = std::getenv("CAIRN_POWER_LOSS_RUNS");
  return asked ? std::atoi(asked) : 25;
}

void lose_power_at_random(FaultyVfs::Fault fault, int per_mille, std::uint64_t seed) {
  FaultyVfs vfs;
  TestDatabase files(Engine::sqlite);
  auto options = files.options();
  options.sqlite_vfs = vfs.name();
  options.wal_checkpoint_bytes = 128 << 10;
  options.wal_max_bytes = 512 << 10;
  std::vector<Acknowledged> acknowledged;
  {
    auto database = TestDatabase::open(options);
    ASSERT_TRUE(database->migrate(schema, "1.0"));
    vfs.set_random_fault(fault, per_mille, seed);
    acknowledged = write_notes(*database, vfs);
    vfs.set_fault(FaultyVfs::Fault::none);
  }
  ASSERT_FALSE(acknowledged.empty());
  std::mt19937_64 random(seed);
  for (int run = 0; run < runs() && !::testing::Test::HasFailure(); ++run)
    check_after_power_loss(vfs, acknowledged, random() % (vfs.events() + 1), random());
}

TEST(PowerLoss, KeepsEveryAcknowledgedTransactionAndNoHalfOfAnother) {
  lose_power_at_random(FaultyVfs::Fault::none, 0, 1);
}

TEST(PowerLoss, AfterFailedSyncsKeepsEveryAcknowledgedTransactionToo) {
  lose_power_at_random(FaultyVfs::Fault::sync_error, 100, 2);
}

TEST(PowerLoss, AfterFailedWritesKeepsEveryAcknowledgedTransactionToo) {
  lose_power_at_random(FaultyVfs::Fault::write_error, 20, 3);
}

// The test of the test: a disk that forgets syncs must be found out.
TEST(PowerLoss, WouldBeNoticedIfSyncsWereNotAwaited) {
  FaultyVfs vfs;
  TestDatabase files(Engine::sqlite);
  auto options = files.options();
  options.sqlite_vfs = vfs.name();
  auto database = TestDatabase::open(options);
  ASSERT_TRUE(database->migrate(schema, "1.0"));
  auto acknowledged = write_notes(*database, vfs);
  // The last commit's sync is taken away by ending one event before it was recorded.
  auto last = std::ranges::max_element(acknowledged, {}, &Acknowledged::events);
  TestDatabase after(Engine::sqlite);
  bool missed = false;
  for (std::uint64_t seed = 0; seed < 20 && !missed; ++seed) {
    TestDatabase after_loss(Engine::sqlite);
    ASSERT_TRUE(vfs.lose_power(last->events - 1, seed,
                               std::filesystem::path(after_loss.path()).parent_path()));
    auto lost = after_loss.open();
    auto look = [&](Tx& tx) -> Result<bool> {
      for (auto& row : tx.all(note_ids))
        if (row.integer(0) == last->id) return true;
      return false;
    };
    missed = !lost->read_now(look).value();
  }
  EXPECT_TRUE(missed);
}

}  // namespace
}  // namespace cairn::db::sqlite
