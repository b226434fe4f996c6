#include "hub/repo/types.h"

#include <gtest/gtest.h>

#include "hub/repo/expand.h"
#include "hub/repo/sniff.h"

namespace cairn::repo {
namespace {

RevisionPath split(std::vector<std::string> segments) {
  return split_revision(segments);
}

TEST(SplitRevision, TakesOneSegmentAndTheRestIsThePath) {
  auto at = split({"main", "data", "a.txt"});
  EXPECT_EQ(at.revision, "main");
  EXPECT_EQ(at.path, "data/a.txt");
  EXPECT_EQ(split({"main"}).path, "");
}

TEST(SplitRevision, EncodedAndRawSpecialRevisionsAreOne) {
  EXPECT_EQ(split({"refs/pr/1", "a"}).revision, "refs/pr/1");
  for (const auto* second : {"convert", "heads", "tags"}) {
    auto at = split({"refs", second, "x", "dir", "f"});
    EXPECT_EQ(at.revision, "refs/" + std::string(second) + "/x");
    EXPECT_EQ(at.path, "dir/f");
  }
  EXPECT_EQ(split({"refs", "pr", "12", "f"}).revision, "refs/pr/12");
  EXPECT_EQ(split({"refs", "pr", "12"}).path, "");
}

TEST(SplitRevision, BranchCalledRefsKeepsItsPath) {
  auto at = split({"refs", "pr", "readme.md"});
  EXPECT_EQ(at.revision, "refs");
  EXPECT_EQ(at.path, "pr/readme.md");
  EXPECT_EQ(split({"refs", "other", "x"}).revision, "refs");
}

TEST(RepoName, ParsesTwoPartsAndFoldsItsKey) {
  auto name = parse_repo_name("Ada/BERT.v1");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->key(), "ada/bert.v1");
  for (const auto* bad : {"gpt2", "/x", "a/", "a/b/c", "a/..", "a/.git", "a b/c", "a/b\n"})
    EXPECT_FALSE(parse_repo_name(bad)) << bad;
}

TEST(Options, HostHasNoPortOrPath) {
  EXPECT_EQ((Options{.public_url = "http://localhost:2247"}).host(), "localhost");
  EXPECT_EQ((Options{.public_url = "https://hub.example"}).host(), "hub.example");
  EXPECT_EQ((Options{.public_url = "http://[::1]:2247"}).host(), "[::1]");
}

TEST(Expand, UnknownValueListsTheAllowedOnesInDoubleQuotes) {
  EXPECT_EQ(parse_expand(RepoKind::model, {"sha", "tags"})->size(), 2u);
  auto refused = parse_expand(RepoKind::space, {"sha", "downloads"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(refused.error().message.starts_with(
      "✖ Invalid option: expected one of \"author\"|\"cardData\"|"));
  EXPECT_TRUE(refused.error().message.contains("expand[1]"));
}

TEST(LooksBinary, TellsTextFromBytes) {
  EXPECT_FALSE(looks_binary("# Title\r\n\ttext \x1b[0m"));
  EXPECT_FALSE(looks_binary("größe"));
  EXPECT_FALSE(looks_binary("gr\xc3"));         // Cut inside a character.
  EXPECT_FALSE(looks_binary("x\xf0\x9f\xa4"));  // The same, three of four bytes.
  EXPECT_TRUE(looks_binary(std::string_view("a\0b", 3)));
  EXPECT_TRUE(looks_binary("\x01"));
  EXPECT_TRUE(
      looks_binary("gr\xfc\xdf"
                   "e"));  // Latin-1.
  EXPECT_TRUE(looks_binary("\xc3(x"));
}

}  // namespace
}  // namespace cairn::repo
