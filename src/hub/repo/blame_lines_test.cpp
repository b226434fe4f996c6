#include "hub/repo/blame_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::repo {
namespace {

using ::testing::ElementsAre;
using Range = std::tuple<int, int, int>;

/// @param versions  newest first.
std::vector<Range> blame(const std::vector<std::string>& versions) {
  BlameLines lines(versions.front());
  for (std::size_t i = 0; i + 1 < versions.size(); ++i)
    EXPECT_TRUE(lines.go_back(versions[i + 1], versions[i], static_cast<int>(i)));
  lines.finish(static_cast<int>(versions.size()) - 1);
  EXPECT_TRUE(lines.done());
  return lines.ranges();
}

TEST(BlameLines, ALineBelongsToTheVersionThatBroughtIt) {
  EXPECT_THAT(blame({"a\nb\nc\n"}), ElementsAre(Range(1, 3, 0)));
  EXPECT_THAT(blame({"a\nx\nc\n", "a\nb\nc\n"}),
              ElementsAre(Range(1, 1, 1), Range(2, 1, 0), Range(3, 1, 1)));
  EXPECT_THAT(blame({"new\na\nb\n", "a\nb\n", "a\n"}),
              ElementsAre(Range(1, 1, 0), Range(2, 1, 2), Range(3, 1, 1)));
}

TEST(BlameLines, LinesThatWentMoveTheOthers) {
  EXPECT_THAT(blame({"c\nd\n", "a\nb\nc\nd\n", "a\nb\nc\n"}),
              ElementsAre(Range(1, 1, 2), Range(2, 1, 1)));
  EXPECT_THAT(blame({"a\nd\ne\n", "a\nb\nc\nd\n"}), ElementsAre(Range(1, 2, 1), Range(3, 1, 0)));
}

TEST(BlameLines, ALastLineWithoutItsEndCounts) {
  EXPECT_THAT(blame({"a\nb", "a\n"}), ElementsAre(Range(1, 1, 1), Range(2, 1, 0)));
  EXPECT_THAT(blame({"", "a\n"}), ElementsAre());
}

TEST(BlameLines, WhatIsNoTextIsRefused) {
  BlameLines lines("a\n");
  EXPECT_FALSE(lines.go_back(std::string("\0\1", 2), "a\n", 0));
  EXPECT_FALSE(lines.done());
}

}  // namespace
}  // namespace cairn::repo
