#include "platform/process/process.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

namespace cairn::process {
namespace {

Command shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}};
}

/// Whether the process still runs (a zombie does not: nobody may have reaped it yet).
bool runs(pid_t pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/stat";
  FILE* file = ::fopen(path.c_str(), "r");
  if (!file) return false;
  char text[256] = {};
  std::size_t n = ::fread(text, 1, sizeof text - 1, file);
  ::fclose(file);
  std::string_view view(text, n);
  auto end = view.rfind(')');
  return end != view.npos && view.substr(end + 2, 1) != "Z";
}

/// SIGKILL is delivered soon, not at once; a process that is not killed makes the test time out.
void wait_until_gone(pid_t pid) {
  while (runs(pid)) std::this_thread::yield();
}

TEST(ProcessRun, PassesInputAndOutputThrough) {
  std::string megabytes(3 << 20, 'x');
  for (std::size_t i = 0; i < megabytes.size(); i += 7) megabytes[i] = static_cast<char>(i);
  auto output = run({.argv = {"cat"}, .input = megabytes});
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->exit_code, 0);
  EXPECT_EQ(output->out, megabytes);
  EXPECT_EQ(output->err, "");
}

TEST(ProcessRun, NonZeroExitIsAnOutput) {
  auto output = run(shell("echo said; echo why >&2; exit 3"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 3);
  EXPECT_EQ(output->out, "said\n");
  EXPECT_EQ(output->err, "why\n");
}

TEST(ProcessRun, DeathBySignalIs128PlusItsNumber) {
  auto output = run(shell("kill -TERM $$"));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 128 + SIGTERM);
}

TEST(ProcessRun, EnvironmentIsExactlyWhatWasGiven) {
  ::setenv("CAIRN_TEST_SECRET", "leaks", 1);
  auto output = run({.argv = {"env"}, .environment = {{"A", "1"}, {"LANG", "C"}}});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "A=1\nLANG=C\n");
}

TEST(ProcessRun, StartsInItsDirectory) {
  auto output = run({.argv = {"pwd"}, .directory = "/usr"});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "/usr\n");
}

TEST(ProcessRun, OpenDescriptorsAreNotInherited) {
  int open_fd = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a careless library would
  ASSERT_GT(open_fd, 2);
  auto output = run({.argv = {"ls", "/proc/self/fd"}});
  ::close(open_fd);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "0\n1\n2\n3\n");  // 3 is ls reading the folder
}

TEST(ProcessRun, HasItsOwnGroupAndDefaultSignals) {
  auto output = run(shell("ps -o pgid= -p $$ 2>/dev/null || cut -d' ' -f5 /proc/$$/stat; echo $$"));
  ASSERT_TRUE(output);
  auto lines = split(trim(output->out), '\n');
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(trim(lines[0]), trim(lines[1]));
}

TEST(ProcessRun, DeadlineKillsTheWholeGroup) {
  auto command = shell("sleep 1000 & echo $! >&2; wait");
  command.deadline = Duration{300'000};
  auto output = run(command);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::timeout);
  EXPECT_EQ(output.error().word, "ProgramTimeout");
  std::string err;
  for (auto& [key, value] : output.error().fields)
    if (key == "stderr") err = value;
  auto grandchild = parse_int(trim(err));
  ASSERT_TRUE(grandchild) << err;
  wait_until_gone(static_cast<pid_t>(*grandchild));
}

TEST(ProcessRun, ChildLeftBehindIsKilledAndNotWaitedFor) {
  auto output = run(shell("sleep 1000 & echo $!"));  // the sleeper holds our pipe open
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 0);
  auto left_behind = parse_int(trim(output->out));
  ASSERT_TRUE(left_behind);
  wait_until_gone(static_cast<pid_t>(*left_behind));
}

TEST(ProcessRun, TooMuchOutputEndsTheProgram) {
  Command command{.argv = {"yes"}, .output_bytes_max = 100'000};
  auto output = run(command);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::too_large);
}

TEST(ProcessRun, OutputOfExactlyTheLimitIsFine) {
  Command command{.argv = {"cat"}, .input = std::string(1000, 'x'), .output_bytes_max = 1000};
  auto output = run(command);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out.size(), 1000u);
}

TEST(ProcessRun, ErrorOutputPastItsLimitIsDropped) {
  auto command = shell("head -c 300000 /dev/zero >&2; echo done");
  command.error_bytes_max = 1000;
  auto output = run(command);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "done\n");
  EXPECT_EQ(output->err.size(), 1000u);
}

TEST(ProcessRun, ProgramThatDoesNotReadItsInputIsFine) {
  Command command{.argv = {"true"}, .input = std::string(1 << 20, 'x')};
  for (int i = 0; i < 20; ++i) {  // the race between its exit and our write, a few times
    auto output = run(command);
    ASSERT_TRUE(output);
    EXPECT_EQ(output->exit_code, 0);
  }
}

TEST(ProcessRun, MissingProgramIsNamed) {
  auto output = run({.argv = {"no-such-program-here"}});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::unavailable);
  EXPECT_NE(output.error().message.find("no-such-program-here"), std::string::npos);
}

TEST(ProcessRun, MissingDirectoryIsUnavailable) {
  auto output = run({.argv = {"true"}, .directory = "/no/such/folder"});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::unavailable);
}

TEST(ProcessRun, NulBytesAndEmptyCommandsAreRefused) {
  using namespace std::string_literals;
  for (const Command& command :
       {Command{}, Command{.argv = {""}}, Command{.argv = {"echo", "a\0b"s}},
        Command{.argv = {"true"}, .environment = {{"A=B", "c"}}}}) {
    auto output = run(command);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, ErrorCode::invalid_argument);
  }
}

TEST(ProcessRun, ManyAtOnceKeepTheirStreamsApart) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t, &right] {
      for (int i = 0; i < 10; ++i) {
        std::string input = std::to_string(t) + ":" + std::to_string(i);
        auto output = run({.argv = {"cat"}, .input = input});
        if (output && output->out == input) ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 40);
}

Command confined(std::string script) {
  auto command = shell(std::move(script));
  command.confined = Confinement{};
  return command;
}

TEST(ProcessConfined, StillReadsAndWritesItsPipes) {
  auto command = confined("cat");
  command.input = "bytes of a stranger";
  auto output = run(command);
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->out, "bytes of a stranger");
}

TEST(ProcessConfined, HasNoNetwork) {
  Command command{.argv = {"python3", "-c",
                           "import socket\n"
                           "try: socket.socket()\n"
                           "except PermissionError: print('refused')"}};
  command.confined = Confinement{};
  auto output = run(command);
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->out, "refused\n") << output->err;
}

TEST(ProcessConfined, ReadsNoFileOfTheHub) {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
    GTEST_SKIP() << "this kernel has no Landlock";
  std::string secret = ::testing::TempDir() + "/cairn_confined_secret";
  std::ofstream(secret) << "root key";
  auto open = run({.argv = {"cat", secret}});
  ASSERT_TRUE(open);
  EXPECT_EQ(open->out, "root key");
  auto output = run(confined("cat " + secret));
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "");
  EXPECT_NE(output->exit_code, 0);
}

TEST(ProcessConfined, WritesNoFile) {
  std::string path = ::testing::TempDir() + "/cairn_confined_file";
  ::unlink(path.c_str());
  auto output = run(confined("echo kept > " + path));
  ASSERT_TRUE(output);
  EXPECT_NE(output->exit_code, 0);
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(ProcessConfined, MemoryIsBounded) {
  Command command{.argv = {"python3", "-c", "x = bytearray(1 << 30); print(len(x))"}};
  command.confined = Confinement{.memory_bytes_max = 256u << 20};
  auto output = run(command);
  ASSERT_TRUE(output);
  EXPECT_NE(output->exit_code, 0);
  EXPECT_EQ(output->out, "");
}

TEST(ProcessRunChecked, FailureCarriesCodeAndErrorOutputForTheLogOnly) {
  auto out = run_checked(shell("echo secret reason >&2; exit 7"));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::internal);
  EXPECT_EQ(out.error().word, "ProgramFailed");
  EXPECT_EQ(out.error().message.find("secret"), std::string::npos);
  std::map<std::string, std::string> fields(out.error().fields.begin(), out.error().fields.end());
  EXPECT_EQ(fields["program"], "sh");
  EXPECT_EQ(fields["exit_code"], "7");
  EXPECT_EQ(fields["stderr"], "secret reason");
}

TEST(ProcessRunChecked, SuccessIsTheOutput) {
  auto out = run_checked({.argv = {"echo", "hello"}});
  ASSERT_TRUE(out);
  EXPECT_EQ(*out, "hello\n");
}

}  // namespace
}  // namespace cairn::process
