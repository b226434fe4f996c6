#include "platform/git/diff.h"

#include <gtest/gtest.h>

namespace cairn::git {
namespace {

TEST(Diff, IsAsGitPrintsIt) {
  auto diff = diff_texts("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nX\nd\ne\nf\ng\nh");
  ASSERT_TRUE(diff);
  EXPECT_EQ(diff->added, 2);
  EXPECT_EQ(diff->deleted, 1);
  EXPECT_EQ(to_text(*diff),
            "@@ -1,7 +1,8 @@\n a\n b\n-c\n+X\n d\n e\n f\n g\n+h\n\\ No newline at end of file\n");
}

TEST(Diff, NewAndDeletedFilesHaveOneHunk) {
  EXPECT_EQ(to_text(*diff_texts("", "x\n")), "@@ -0,0 +1 @@\n+x\n");
  EXPECT_EQ(to_text(*diff_texts("x\ny\n", "")), "@@ -1,2 +0,0 @@\n-x\n-y\n");
  EXPECT_TRUE(diff_texts("same", "same")->hunks.empty());
}

TEST(Diff, BinaryAndHugeContentIsNotCompared) {
  using Result = TextDiff::Result;
  EXPECT_EQ(diff_texts(std::string("a\0b", 3), "x")->result, Result::binary);
  EXPECT_EQ(diff_texts("\xff\xfe", "x")->result, Result::binary);
  EXPECT_EQ(diff_texts(std::string(diff_bytes_max + 1, 'x'), "x")->result, Result::too_large);
  EXPECT_EQ(diff_texts(std::string(diff_lines_max + 1, '\n'), "x")->result, Result::too_large);
}

}  // namespace
}  // namespace cairn::git
