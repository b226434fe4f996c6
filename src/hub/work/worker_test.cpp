#include "hub/work/worker.h"

#include <future>
#include <thread>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "hub/work/store.h"
#include "platform/db/testing.h"

namespace cairn::work {
namespace {

namespace asio = boost::asio;

/// On SQLite, with a clock that only the test moves.
class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    auto options = files_.options();
    options.test_clock = &clock_;
    database_ = db::testing::TestDatabase::open(options);
    auto migrated = database_->migrate(work_migrations(), "1.0");
    if (!migrated) throw std::runtime_error(migrated.error().message);
    worker_ = make_worker({.concurrency_max = 2});
  }
  std::unique_ptr<Worker> make_worker(Worker::Options options) {
    return std::make_unique<Worker>(io_.get_executor(), *database_, std::move(options));
  }
  std::int64_t add(NewWork work) {
    auto body = [&](db::Tx& tx) -> Result<std::int64_t> { return enqueue(tx, work); };
    return database_->write_now(body).value();
  }
  std::vector<Listed> list() {
    auto body = [](db::Tx& tx) -> Result<std::vector<Listed>> { return list_work(tx, {}); };
    return database_->read_now(body).value();
  }
  int run_due() {
    auto attempts = asio::co_spawn(io_, worker_->run_due(), asio::use_future);
    io_.restart();
    io_.run();
    return attempts.get();
  }
  /// A handler that notes what it was called with and answers the next of `answers`, then success.
  Worker::Handler noting(std::vector<Error> answers = {}) {
    return [this, answers](WorkItem item) mutable -> Task<Result<>> {
      calls_.push_back(item);
      if (answers.empty()) co_return Result<>{};
      Error error = answers.front();
      answers.erase(answers.begin());
      co_return std::unexpected(error);
    };
  }

  db::testing::TestDatabase files_{db::Engine::sqlite};
  ManualClock clock_;
  asio::io_context io_, elsewhere_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Worker> worker_;
  std::vector<WorkItem> calls_;
};

const Error broken = fail(ErrorCode::unavailable, "DiskGone", "The disk is gone.").error();

TEST_F(WorkerTest, RunsWhatIsDueAndForgetsWhatIsDone) {
  worker_->handle("merge", noting());
  for (auto key : {"a", "b", "c"}) add({.kind = "merge", .key = key});
  EXPECT_EQ(run_due(), 3);
  EXPECT_EQ(calls_.size(), 3u);
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(worker_->metrics().finished, 3u);
  EXPECT_EQ(worker_->metrics().running, 0);
  EXPECT_EQ(run_due(), 0);
}

TEST_F(WorkerTest, WorkThatMakesWorkIsRunToTheEnd) {
  worker_->handle("merge", [this](WorkItem item) -> Task<Result<>> {
    calls_.push_back(item);
    auto next = [item](db::Tx& tx) -> Result<> {
      if (item.key != "xxx") enqueue(tx, {.kind = "merge", .key = item.key + "x"});
      return {};
    };
    co_return co_await database_->write(next);
  });
  add({.kind = "merge", .key = "x"});
  EXPECT_EQ(run_due(), 3);
}

TEST_F(WorkerTest, FailuresAreTriedAgainLaterAndLater) {
  worker_->handle("merge", noting({broken, broken}));
  add({.kind = "merge", .key = "a"});
  EXPECT_EQ(run_due(), 1);
  EXPECT_EQ(run_due(), 0);
  clock_.advance(seconds(2));
  EXPECT_EQ(run_due(), 1);
  clock_.advance(seconds(2));
  EXPECT_EQ(run_due(), 0);
  EXPECT_EQ(list().at(0).error_word, "DiskGone");
  clock_.advance(seconds(2));
  EXPECT_EQ(run_due(), 1);
  EXPECT_EQ(calls_.back().attempt, 3);
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(worker_->metrics().failed_attempts, 2u);
}

TEST_F(WorkerTest, AnErrorMayAskForALongerWait) {
  Error busy = broken;
  busy.retry_after_s = 100;
  worker_->handle("merge", noting({busy}));
  add({.kind = "merge", .key = "a"});
  run_due();
  clock_.advance(seconds(99));
  EXPECT_EQ(run_due(), 0);
  clock_.advance(seconds(1));
  EXPECT_EQ(run_due(), 1);
}

TEST_F(WorkerTest, AfterTheLastAttemptItStaysVisibleAsFailed) {
  worker_->handle("merge", noting({broken}));
  add({.kind = "merge", .key = "a", .attempts_max = 1});
  EXPECT_EQ(run_due(), 1);
  clock_.advance(days(1));
  EXPECT_EQ(run_due(), 0);
  EXPECT_EQ(list().at(0).state, State::failed);
  EXPECT_EQ(worker_->metrics().failed, 1u);
}

TEST_F(WorkerTest, AnExceptionIsAFailureAndNothingMore) {
  worker_->handle("merge", [](WorkItem item) -> Task<Result<>> {
    if (item.attempt == 1) throw std::runtime_error("a bug");
    co_return Result<>{};
  });
  worker_->handle("mail", noting());
  add({.kind = "merge", .key = "a"});
  add({.kind = "mail", .key = "b"});
  EXPECT_EQ(run_due(), 2);
  ASSERT_EQ(list().size(), 1u);
  EXPECT_EQ(list().at(0).error_word, "WorkFailed");
}

TEST_F(WorkerTest, AHandlerMayFinishInItsOwnTransaction) {
  worker_->handle("merge", [this](WorkItem item) -> Task<Result<>> {
    auto effect = [item](db::Tx& tx) -> Result<> {
      CAIRN_CHECK(finish(tx, item));
      enqueue(tx, {.kind = "mail", .key = "the effect"});
      return {};
    };
    co_return co_await database_->write(effect);
  });
  worker_->handle("mail", noting());
  add({.kind = "merge", .key = "a"});
  EXPECT_EQ(run_due(), 2);
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(worker_->metrics().leases_lost, 0u);
}

TEST_F(WorkerTest, TakesOverFromANodeThatDied) {
  add({.kind = "merge", .key = "a"});
  {
    // The other node's handler hangs; the node goes away with it.
    Worker other(elsewhere_.get_executor(), *database_, {.node = "other", .lease = minutes(1)});
    auto never = std::make_shared<asio::steady_timer>(elsewhere_, std::chrono::hours(1000));
    other.handle("merge", [never](WorkItem) -> Task<Result<>> {
      co_await never->async_wait(asio::use_awaitable);
      co_return Result<>{};
    });
    asio::co_spawn(elsewhere_, other.run(), asio::detached);
    while (list().at(0).state != State::running) elsewhere_.run_one();
  }
  worker_->handle("merge", noting());
  EXPECT_EQ(run_due(), 0) << "its lease holds";
  clock_.advance(minutes(1));
  EXPECT_EQ(run_due(), 1);
  EXPECT_EQ(calls_.at(0).attempt, 2);
  EXPECT_EQ(calls_.at(0).lease_number, 2);
  EXPECT_TRUE(list().empty());
}

TEST_F(WorkerTest, AHandlerThatLostItsLeaseHasNoEffect) {
  Result<> late;
  worker_->handle("merge", [&](WorkItem item) -> Task<Result<>> {
    if (item.attempt > 1) co_return Result<>{};
    // The lease ends while the handler is away, and another node takes the work and ends it.
    clock_.advance(minutes(2));
    Worker other(elsewhere_.get_executor(), *database_, {.node = "other"});
    other.handle("merge", [](WorkItem) -> Task<Result<>> { co_return Result<>{}; });
    asio::co_spawn(elsewhere_, other.run_due(), asio::detached);
    elsewhere_.run();
    auto effect = [item](db::Tx& tx) -> Result<> { return check_lease(tx, item); };
    late = co_await database_->write(effect);
    co_return late;
  });
  add({.kind = "merge", .key = "a"});
  EXPECT_EQ(run_due(), 1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().word, "LeaseLost");
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(worker_->metrics().leases_lost, 1u);
}

TEST_F(WorkerTest, NoMoreRunAtOnceThanAllowed) {
  int now = 0, most = 0;
  worker_->handle("merge", [&](WorkItem) -> Task<Result<>> {
    most = std::max(most, ++now);
    // Several turns of the executor, in which the others run.
    for (int i = 0; i < 5; ++i) co_await asio::post(io_, asio::use_awaitable);
    --now;
    co_return Result<>{};
  });
  for (int i = 0; i < 7; ++i) add({.kind = "merge"});
  EXPECT_EQ(run_due(), 7);
  EXPECT_EQ(most, 2);
}

TEST_F(WorkerTest, StopLetsWhatRunsEndAndBeginsNoMore) {
  worker_ = make_worker({.concurrency_max = 1});
  worker_->handle("merge", [this](WorkItem item) -> Task<Result<>> {
    calls_.push_back(item);
    worker_->stop();
    for (int i = 0; i < 5; ++i) co_await asio::post(io_, asio::use_awaitable);
    co_return Result<>{};
  });
  add({.kind = "merge", .key = "a"});
  add({.kind = "merge", .key = "b"});
  auto ended = asio::co_spawn(io_, worker_->run(), asio::use_future);
  io_.run();  // returns: nothing is left on the executor
  ended.get();
  EXPECT_EQ(calls_.size(), 1u);
  auto left = list();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].state, State::pending);
  EXPECT_TRUE(worker_->stop_requested());
}

TEST_F(WorkerTest, InterruptedWorkIsDueAgainWithoutLosingAnAttempt) {
  worker_->handle("merge", [this](WorkItem item) -> Task<Result<>> {
    calls_.push_back(item);
    worker_->stop();
    co_return std::unexpected(interrupted());
  });
  add({.kind = "merge", .key = "a", .attempts_max = 1});
  auto ended = asio::co_spawn(io_, worker_->run(), asio::use_future);
  io_.run();
  ended.get();
  auto left = list();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].state, State::pending);
  EXPECT_EQ(left[0].attempts, 0);
}

TEST_F(WorkerTest, WakeBeginsWorkBeforeThePollDoes) {
  worker_ = make_worker({.poll = hours(1000)});
  std::promise<void> ran;
  worker_->handle("merge", [&](WorkItem) -> Task<Result<>> {
    ran.set_value();
    co_return Result<>{};
  });
  auto ended = asio::co_spawn(io_, worker_->run(), asio::use_future);
  std::thread thread([this] { io_.run(); });
  auto body = [this](db::Tx& tx) -> Result<> {
    enqueue(tx, {.kind = "merge", .key = "a"});
    tx.after_commit([this] { worker_->wake(); });
    return {};
  };
  EXPECT_TRUE(database_->write_now(body));
  ran.get_future().wait();
  worker_->stop();
  ended.get();
  thread.join();
}

TEST_F(WorkerTest, LeasesOfLongWorkAreRenewed) {
  // Renewed after 5 ms of real time; the rows' clock moves less than the lease.
  worker_ = make_worker({.lease = Duration{15'000}, .poll = Duration{1'000}});
  worker_->handle("merge", [&](WorkItem item) -> Task<Result<>> {
    calls_.push_back(item);
    const Time first_end = list().at(0).due_at;
    clock_.advance(Duration{1'000});
    asio::steady_timer turn(io_);
    while (list().at(0).due_at == first_end) {
      turn.expires_after(std::chrono::microseconds(500));
      co_await turn.async_wait(asio::use_awaitable);
    }
    co_return Result<>{};
  });
  add({.kind = "merge", .key = "a"});
  EXPECT_EQ(run_due(), 1);
  EXPECT_EQ(calls_.size(), 1u);
  EXPECT_TRUE(list().empty());
}

TEST_F(WorkerTest, AWorkerDoesNotTakeItsOwnRunningWorkForAbandoned) {
  worker_ = make_worker({.lease = Duration{3}, .poll = Duration{100}});  // over at once
  worker_->handle("merge", [this](WorkItem item) -> Task<Result<>> {
    calls_.push_back(item);
    clock_.advance(minutes(1));
    asio::steady_timer turn(io_);
    for (int i = 0; i < 20; ++i) {
      turn.expires_after(std::chrono::microseconds(200));
      co_await turn.async_wait(asio::use_awaitable);
    }
    co_return Result<>{};
  });
  add({.kind = "merge", .key = "a"});
  EXPECT_EQ(run_due(), 1);
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(WorkerTest, WhatADeadProcessRanIsDueOnceItsLeaseIsEnded) {
  worker_->handle("test.one", noting());
  add({.kind = "test.one", .key = "x"});
  auto take = [](db::Tx& tx) -> Result<std::vector<WorkItem>> {
    return claim(tx, {"test.one"}, "dead", seconds(60), 10);
  };
  ASSERT_EQ(database_->write_now(take)->size(), 1u);
  EXPECT_EQ(run_due(), 0) << "the lease holds";
  auto end = [](db::Tx& tx) -> Result<> {
    end_leases(tx);
    return {};
  };
  ASSERT_TRUE(database_->write_now(end));
  EXPECT_EQ(run_due(), 1);
  ASSERT_EQ(calls_.size(), 1u);
  EXPECT_EQ(calls_[0].attempt, 2);
}

}  // namespace
}  // namespace cairn::work
