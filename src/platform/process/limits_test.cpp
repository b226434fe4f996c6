#include <gtest/gtest.h>

#include "platform/process/process.h"

namespace cairn::process {
namespace {

Command shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}};
}

TEST(ProcessLimits, MemoryAndFilesAreBounded) {
  auto command = shell("x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo ${#x}");
  command.memory_bytes_max = 100u << 20;
  auto output = run(command);
  ASSERT_TRUE(output);
  EXPECT_NE(output->out, "300000000\n");

  auto writer = shell("f=$(mktemp); head -c 2000000 /dev/zero > $f; code=$?; rm $f; exit $code");
  writer.file_bytes_max = 1 << 20;
  auto written = run(writer);
  ASSERT_TRUE(written);
  EXPECT_NE(written->exit_code, 0);
}

TEST(ProcessLimits, NiceProgramsYield) {
  auto command = shell("sleep 0.05; nice");
  command.nice = 5;
  auto output = run(command);
  ASSERT_TRUE(output);
  EXPECT_GE(std::stoi(output->out), 5);
}

}  // namespace
}  // namespace cairn::process
