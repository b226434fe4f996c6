// Which paths can be together, as one table: files and folders of one name, letter case, Unicode.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/repo/testing/hub.h"

namespace cairn::repo {
namespace {

using testing::Hub;
using Lines = std::vector<std::string>;

std::string put(std::string path) {
  return Hub::file(std::move(path), "x");
}
std::string gone(std::string path) {
  return Hub::line("deletedFile", {{"path", path}});
}
std::string gone_folder(std::string path) {
  return Hub::line("deletedFolder", {{"path", path}});
}
std::string renamed(std::string from, std::string to) {
  return Hub::line("file", {{"path", to}, {"oldPath", from}});
}

struct Rule {
  const char* name;
  Lines before;      ///< Paths that are there.
  Lines commit;      ///< Lines of the body.
  std::string word;  ///< Of the refusal; empty: it is made.
  Lines after;       ///< Paths that are there then.
};

// é as one character, and as e with an accent.
const std::string composed = "caf\u00e9.txt", decomposed = "cafe\u0301.txt";

const Rule rules[] = {
    {"AFolderUnderAFile", {"a"}, {put("a/b")}, "PathConflict", {"a"}},
    {"AFileOverAFolder", {"a/b"}, {put("a")}, "PathConflict", {"a/b"}},
    {"BothInOneCommit", {}, {put("a"), put("a/b")}, "PathConflict", {}},
    {"AFileMakesRoomForAFolder", {"a"}, {gone("a"), put("a/b")}, "", {"a/b"}},
    {"AFolderMakesRoomForAFile", {"a/b", "a/c"}, {gone_folder("a/"), put("a")}, "", {"a"}},
    {"DeletionsComeFirstWhateverTheOrder", {"a/b"}, {put("a"), gone("a/b")}, "", {"a"}},
    {"AnEmptiedFolderMakesRoomAllTheWayUp", {"a/b/c"}, {put("a"), gone("a/b/c")}, "", {"a"}},
    {"AFolderThatKeepsAFileDoesNot",
     {"a/b", "a/c"},
     {put("a"), gone("a/b")},
     "PathConflict",
     {"a/b", "a/c"}},
    {"AnEmptiedFolderIsGone", {"a/b/c"}, {gone("a/b/c"), put("a/b2")}, "", {"a/b2"}},
    {"AFolderByADeletedFileLine", {"a/b", "c"}, {gone("a")}, "", {"c"}},
    {"DeletedAndPutAgain", {"a"}, {gone("a"), put("a")}, "", {"a"}},
    {"WhatIsNotThereCannotGo", {"a"}, {gone("b")}, "EntryNotFound", {"a"}},
    {"AFileIsNoFolderOnTheWay", {"a"}, {gone("a/b")}, "EntryNotFound", {"a"}},
    {"ARename", {"a", "d/e"}, {renamed("a", "d/f")}, "", {"d/e", "d/f"}},
    {"ARenamedFolder", {"a/b", "a/c/d"}, {renamed("a", "z")}, "", {"z/b", "z/c/d"}},
    {"ARenameOntoAFolder", {"a", "b/c"}, {renamed("a", "b")}, "PathConflict", {"a", "b/c"}},
    {"ARenameIntoItself", {"a/b"}, {renamed("a", "a/c")}, "InvalidRename", {"a/b"}},
    {"ARenameOfNothing", {}, {renamed("x", "y")}, "EntryNotFound", {}},
    // Git's names are bytes, and so are the hub's: what a client sent is what it gets back.
    {"LetterCaseTellsFilesApart",
     {"README.txt"},
     {put("readme.txt")},
     "",
     {"README.txt", "readme.txt"}},
    {"AndFolders", {"Data/a"}, {put("data/a")}, "", {"Data/a", "data/a"}},
    {"ARenameMayChangeTheCaseAlone", {"a.TXT"}, {renamed("a.TXT", "a.txt")}, "", {"a.txt"}},
    {"UnicodeIsNotNormalized", {composed}, {put(decomposed)}, "", {decomposed, composed}},
    {"NorFoundUnderTheOtherForm", {composed}, {gone(decomposed)}, "EntryNotFound", {composed}},
    // What a checkout would take for something else.
    {"NoGitFolder", {}, {put(".git/config")}, "InvalidPath", {}},
    {"NorInAnyCase", {}, {put("a/.GiT/x")}, "InvalidPath", {}},
    {"NorHiddenByUnicode", {}, {put(".g\u200cit/x")}, "InvalidPath", {}},
    {"NorAsWindowsShortensIt", {}, {put("GIT~1/x")}, "InvalidPath", {}},
    {"NoWayUp", {}, {put("../x")}, "InvalidPath", {}},
    {"NoRoot", {}, {put("/x")}, "InvalidPath", {}},
    {"NoBackslash", {}, {put("a\\b")}, "InvalidPath", {}}};

class PathRules : public ::testing::TestWithParam<Rule> {};

TEST_P(PathRules, Hold) {
  const auto& rule = GetParam();
  Hub hub;
  auto repo = hub.create(hub.ada, "m");
  if (!rule.before.empty()) {
    std::string body = Hub::header("Before");
    for (const auto& path : rule.before) body += Hub::file(path, "before");
    hub.must(hub.commit(hub.ada, repo, body));
  }
  std::string body = Hub::header("Then");
  for (const auto& line : rule.commit) body += line;
  auto made = hub.commit(hub.ada, repo, body);
  EXPECT_EQ(made ? "" : made.error().word, rule.word) << (made ? "" : made.error().message);
  auto paths = hub.listing(repo);
  std::erase(paths, ".gitattributes");
  EXPECT_EQ(paths, rule.after);
  for (const auto& f : hub.must(hub.history->check(repo->id))) ADD_FAILURE() << f.what;
}

INSTANTIATE_TEST_SUITE_P(Table, PathRules, ::testing::ValuesIn(rules),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cairn::repo
