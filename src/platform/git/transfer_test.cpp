#include "platform/git/transfer.h"

#include <gtest/gtest.h>

#include "platform/git/test_support.h"

namespace cairn::git {
namespace {

TEST(GitTransfer, ProgressIsReadFromGitsLines) {
  auto got = parse_progress("Receiving objects:  12% (123/1000), 1.20 MiB | 3.00 MiB/s");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->stage, "Receiving objects");
  EXPECT_EQ(got->done, 123u);
  EXPECT_EQ(got->total, 1000u);
  EXPECT_EQ(parse_progress("remote: Counting objects: 100% (7/7), done.")->stage,
            "Counting objects");
  for (const char* other :
       {"", "remote: Enumerating objects: 7, done.", "fatal: not found (404/x)", "a: b (1/2)",
        "Resolving deltas: 5% (x/9)", "Resolving deltas: 5% (1/9", "(1/2): 5%"})
    EXPECT_FALSE(parse_progress(other)) << other;
}

TEST(GitTransfer, WordsAreTheLinesThatAreNoProgress) {
  std::vector<std::uint64_t> seen;
  ProgressReader reader([&](const TransferProgress& now) { seen.push_back(now.done); });
  // Cut in the middle, as pipes do.
  for (std::string_view piece :
       {"remote: Enumerating objects: 5, done.\nReceiving obj", "ects:  50% (1/2)\rReceiving ",
        "objects: 100% (2/2), done.\nerror: RPC failed\nfatal: early ", "EOF."})
    reader.feed(piece);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(reader.last_words(), "RPC failed; early EOF");
}

}  // namespace
}  // namespace cairn::git
