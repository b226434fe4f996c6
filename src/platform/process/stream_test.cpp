#include "platform/process/stream.h"

#include <atomic>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "platform/process/slots.h"
#include "platform/process/stoppable.h"

namespace cairn::process {
namespace {

namespace asio = boost::asio;

template <class T>
T run_task(Task<T> task) {
  asio::io_context io;
  auto done = asio::co_spawn(io, std::move(task), asio::use_future);
  io.run();
  return done.get();
}

Command shell(std::string script, std::string input = {}) {
  return {.argv = {"sh", "-c", std::move(script)}, .input = std::move(input)};
}

struct Got {
  std::string out;
  Result<Stream::Exit> exit = Stream::Exit{};
};
Task<Got> read_all(Command command, Duration silence = seconds(20)) {
  auto executor = co_await asio::this_coro::executor;
  auto stream = Stream::start(executor, command, silence);
  EXPECT_TRUE(stream);
  Got got;
  for (;;) {
    auto bytes = co_await (*stream)->read_some();
    if (!bytes) {
      got.exit = std::unexpected(bytes.error());
      co_return got;
    }
    if (bytes->empty()) break;
    got.out += *bytes;
  }
  got.exit = co_await (*stream)->finish();
  co_return got;
}

TEST(Stream, GivesInputWhileOutputIsRead) {
  // More than the pipes hold in both directions: written at once, this would never end.
  std::string megabytes(5 << 20, 'x');
  for (std::size_t i = 0; i < megabytes.size(); i += 7) megabytes[i] = static_cast<char>(i);
  auto got = run_task(read_all({.argv = {"cat"}, .input = megabytes}));
  ASSERT_TRUE(got.exit);
  EXPECT_EQ(got.exit->code, 0);
  EXPECT_TRUE(got.out == megabytes);
}

TEST(Stream, TellsExitCodeAndLastWords) {
  auto got = run_task(read_all(shell("cat; echo why >&2; exit 3", "in")));
  ASSERT_TRUE(got.exit);
  EXPECT_EQ(got.out, "in");
  EXPECT_EQ(got.exit->code, 3);
  EXPECT_EQ(got.exit->err, "why\n");
  EXPECT_EQ(run_task(read_all(shell("kill -KILL $$", "x"))).exit->code, 137);
}

TEST(Stream, WritesPieceByPiece) {
  auto talk = []() -> Task<std::string> {
    auto executor = co_await asio::this_coro::executor;
    auto stream = std::move(*Stream::start(executor, {.argv = {"cat"}}, seconds(20)));
    std::string heard;
    for (const char* word : {"one ", "two"}) {
      EXPECT_TRUE(co_await stream->write(word));
      heard += *co_await stream->read_some();
    }
    stream->close_input();
    heard += *co_await stream->read_some();
    EXPECT_EQ((co_await stream->finish())->code, 0);
    co_return heard;
  };
  EXPECT_EQ(run_task(talk()), "one two");
}

TEST(Stream, ProgramThatWantsNoMoreIsNoError) {
  auto talk = []() -> Task<int> {
    auto executor = co_await asio::this_coro::executor;
    auto stream = std::move(*Stream::start(executor, shell("exec <&-; exit 4"), seconds(20)));
    EXPECT_TRUE(co_await stream->write(std::string(1 << 20, 'x')));
    auto exit = co_await stream->finish();
    co_return exit ? exit->code : -1;
  };
  EXPECT_EQ(run_task(talk()), 4);
}

TEST(Stream, SilenceEndsTheProgram) {
  auto got = run_task(read_all(shell("echo first; sleep 600", "x"), {50'000}));
  EXPECT_EQ(got.out, "first\n");
  ASSERT_FALSE(got.exit);
  EXPECT_EQ(got.exit.error().code, ErrorCode::timeout);
}

TEST(Stream, DeadlineEndsAProgramThatTalksOn) {
  auto command = shell("while :; do echo more; done", "x");
  command.deadline = {100'000};
  auto got = run_task(read_all(command));
  ASSERT_FALSE(got.exit);
  EXPECT_EQ(got.exit.error().word, "ProgramTimeout");
}

TEST(Stream, DroppingItKillsTheWholeGroup) {
  auto talk = []() -> Task<pid_t> {
    auto executor = co_await asio::this_coro::executor;
    auto stream =
        std::move(*Stream::start(executor, shell("sleep 600 & echo $!; wait", "x"), seconds(20)));
    co_return static_cast<pid_t>(std::stol(*co_await stream->read_some()));
  };
  pid_t child = run_task(talk());
  // The test times out when it lives on. (It may stay a zombie of whoever adopts it.)
  auto runs = [&] {
    FILE* file = ::fopen(("/proc/" + std::to_string(child) + "/stat").c_str(), "r");
    if (!file) return false;
    char text[256] = {};
    std::string_view view(text, ::fread(text, 1, sizeof text - 1, file));
    ::fclose(file);
    return view.substr(view.rfind(')') + 2, 1) != "Z";
  };
  while (runs()) ::usleep(1000);
}

TEST(Stream, ProgramThatIsMissingIsUnavailable) {
  asio::io_context io;
  auto stream = Stream::start(io.get_executor(), {.argv = {"no-such-program"}}, seconds(1));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::unavailable);
}

TEST(RunUnlessStopped, EndsSoonAfterItIsTold) {
  std::atomic<bool> stop = false;
  auto output = run_unless_stopped(shell("echo done"), stop);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "done\n");
  std::thread later([&] {
    ::usleep(50'000);
    stop = true;
  });
  auto stopped = run_unless_stopped(shell("sleep 600"), stop);
  later.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().word, "Stopped");
}

// ---- Slots ----

class SlotsTest : public testing::Test {
 protected:
  /// Starts waiting for a place; `turns` tells who got one, in order.
  void ask(Slots& slots, std::string who, Duration patience = seconds(30)) {
    auto wait = [](SlotsTest& test, Slots& from, std::string name, Duration most) -> Task<> {
      auto slot = co_await from.acquire(name, most);
      test.turns.push_back(slot ? name : name + " refused");
      if (slot) test.held.emplace_back(name, std::move(*slot));
    };
    asio::co_spawn(io, wait(*this, slots, std::move(who), patience), asio::detached);
    io.poll();
    io.restart();
  }
  void give_back(std::string_view who) {
    auto at = std::ranges::find(held, who, &std::pair<std::string, Slots::Slot>::first);
    ASSERT_NE(at, held.end());
    held.erase(at);
    io.poll();
    io.restart();
  }
  asio::io_context io;
  std::vector<std::string> turns;
  std::vector<std::pair<std::string, Slots::Slot>> held;
};

TEST_F(SlotsTest, NextPlaceGoesToWhoHasFewest) {
  Slots slots(2, 2, 10);
  ask(slots, "ada");
  ask(slots, "ada");
  ask(slots, "ada");
  ask(slots, "bob");
  EXPECT_EQ(slots.counts().waiting, 2u);
  give_back("ada");
  EXPECT_EQ(turns, (std::vector<std::string>{"ada", "ada", "bob"}));
  give_back("bob");
  EXPECT_EQ(turns.back(), "ada");
  held.clear();
}

TEST_F(SlotsTest, NobodyHasAllPlaces) {
  Slots slots(3, 2, 10);
  for (int i = 0; i < 3; ++i) ask(slots, "ada");
  EXPECT_EQ(slots.counts().running, 2u);
  ask(slots, "bob");
  EXPECT_EQ(turns, (std::vector<std::string>{"ada", "ada", "bob"}));
  give_back("ada");
  EXPECT_EQ(turns.back(), "ada");
  held.clear();
  io.run();
}

TEST_F(SlotsTest, WaitsOnlySoLongAndInSuchNumbers) {
  Slots slots(1, 1, 1);
  ask(slots, "ada");
  ask(slots, "bob", {1000});
  ask(slots, "carol");
  EXPECT_EQ(turns.back(), "carol refused");
  io.run();
  EXPECT_EQ(turns.back(), "bob refused");
  EXPECT_EQ(slots.counts().waiting, 0u);
  held.clear();
  EXPECT_EQ(slots.counts().running, 0u);
}

}  // namespace
}  // namespace cairn::process
