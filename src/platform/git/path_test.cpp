#include "platform/git/path.h"

#include <gtest/gtest.h>

#include "platform/git/test_support.h"

namespace cairn::git {
namespace {

TEST(RepoPath, AcceptsOrdinaryPaths) {
  for (std::string_view good : {"a",
                                "a/b/c.txt",
                                ".gitattributes",
                                ".gitignore",
                                "x/.gitmodules",
                                ".github/x",
                                "git",
                                "a b",
                                "...",
                                "..a",
                                "a..",
                                "-rf",
                                "\xc3\xa9t\xc3\xa9",
                                "git~2",
                                "gitx~1",
                                ".gitx",
                                "\xe6\xa8\xa1\xe5\x9e\x8b.bin",
                                "con",
                                "a:b",
                                "~",
                                "gitmod",
                                "gi7eba"})
    EXPECT_TRUE(parse_path(good)) << good;
  EXPECT_TRUE(parse_path(std::string(component_bytes_max, 'a')));
}

TEST(RepoPath, RefusesWhatNoCheckoutShouldSee) {
  std::string long_path;
  while (long_path.size() <= path_bytes_max) long_path += "abcdefg/";
  for (std::string_view bad : std::initializer_list<std::string_view>{"",
                                                                      "/",
                                                                      "/a",
                                                                      "a/",
                                                                      "a//b",
                                                                      ".",
                                                                      "..",
                                                                      "a/../b",
                                                                      "./a",
                                                                      "a/.",
                                                                      "a\\b",
                                                                      "a\nb",
                                                                      std::string_view("a\0b", 3),
                                                                      "a\x7f",
                                                                      "\xff",
                                                                      "a\xc0\xaf",
                                                                      "\xed\xa0\x80",
                                                                      ".git",
                                                                      ".GIT/config",
                                                                      "a/.Git/hooks/x",
                                                                      "git~1",
                                                                      "GIT~1/x",
                                                                      ".git.",
                                                                      ".git ",
                                                                      ".git . .",
                                                                      ".git::$INDEX_ALLOCATION",
                                                                      ".git:x",
                                                                      "git~1.",
                                                                      "git~1::$DATA",
                                                                      ".g\xe2\x80\x8cit",
                                                                      "\xef\xbb\xbf.git",
                                                                      ".git\xe2\x80\xae",
                                                                      ".\xe2\x81\xaagIt/x",
                                                                      ".GITMODULES",
                                                                      ".gitmodules ",
                                                                      ".gitmodules:x",
                                                                      "gitmod~1",
                                                                      "GITMOD~4.",
                                                                      "gi7eba~1",
                                                                      "gi7eb~12",
                                                                      "g~123456",
                                                                      ".git\xe2\x80\x8dmodules",
                                                                      ".Gitattributes",
                                                                      "gitatt~1",
                                                                      ".gitignore.",
                                                                      "gi250a~9"})
    EXPECT_EQ(parse_path(bad).error().word, "InvalidPath") << bad;
  EXPECT_FALSE(parse_path(std::string(component_bytes_max + 1, 'a')));
  EXPECT_FALSE(parse_path(long_path + "x"));
}

TEST(RepoPath, SaysWhatIsWrong) {
  auto error = parse_path("a/../b").error();
  EXPECT_EQ(error.code, ErrorCode::unprocessable);
  EXPECT_EQ(error.message,
            "The path \"a/../b\" has a component \"..\". Rename the file and try again.");
  EXPECT_EQ(parse_path("a\x1b[31m").error().message.find('\x1b'), std::string::npos);
}

TEST(RepoPath, KnowsItsParts) {
  auto path = *parse_path("a/b/c.txt");
  EXPECT_EQ(path.name(), "c.txt");
  EXPECT_EQ(path.parent().text(), "a/b");
  EXPECT_EQ(path.components(), (std::vector<std::string_view>{"a", "b", "c.txt"}));
  EXPECT_TRUE(parse_path("a")->parent().is_root());
  EXPECT_TRUE(RepoPath().parent().is_root());
  EXPECT_TRUE(RepoPath().components().empty());
  EXPECT_EQ(path.parent().child("d")->text(), "a/b/d");
  EXPECT_EQ(RepoPath().child("d")->text(), "d");
  EXPECT_FALSE(path.child(".git"));
  EXPECT_FALSE(path.child("x/y"));
  EXPECT_FALSE(path.child(""));
}

TEST(RepoPath, ContainsWhatLiesBelow) {
  auto a = *parse_path("a"), ab = *parse_path("a/b"), aa = *parse_path("aa");
  EXPECT_TRUE(a.contains(ab));
  EXPECT_TRUE(a.contains(a));
  EXPECT_TRUE(RepoPath().contains(a));
  EXPECT_FALSE(a.contains(aa));
  EXPECT_FALSE(ab.contains(a));
  EXPECT_FALSE(a.contains(RepoPath()));
}

TEST(RepoPath, FolderMayBeTheRootOrEndInASlash) {
  EXPECT_TRUE(parse_folder("")->is_root());
  EXPECT_TRUE(parse_folder("/")->is_root());
  EXPECT_EQ(parse_folder("a/b/")->text(), "a/b");
  EXPECT_FALSE(parse_folder("a//"));
  EXPECT_FALSE(parse_folder("/a"));
}

TEST(RefName, AgreesWithGit) {
  testing::TempFolder folder;
  for (std::string_view name :
       {"refs/heads/main",   "refs/heads/a/b",      "refs/heads/a.b",      "refs/heads/@",
        "refs/pr/1",         "refs/heads/a@b",      "refs/heads/\xc3\xa9", "refs/tags/v1.0",
        "refs/heads/a..b",   "refs/heads/.a",       "refs/heads/a/.b",     "refs/heads/a.",
        "refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a b",      "refs/heads/a~1",
        "refs/heads/a^",     "refs/heads/a:b",      "refs/heads/a?",       "refs/heads/a*",
        "refs/heads/a[",     "refs/heads/a\\b",     "refs/heads/a@{b",     "refs/heads/",
        "refs//a",           "refs/heads/a//b",     "/refs/heads/a",       "refs/heads/a/",
        "refs/heads/a\x7f",  "refs/heads/a\tb"}) {
    auto command = git_command(folder.path(), {"check-ref-format", std::string(name)});
    auto output = process::run(command);
    ASSERT_TRUE(output) << output.error().message;
    EXPECT_EQ(check_ref_name(name).has_value(), output->exit_code == 0) << name;
  }
}

TEST(RefName, RefusesMoreThanGitDoes) {
  for (std::string_view bad : {"main", "heads/main", "HEAD", "refs/heads", "refs/heads/-f",
                               "refs/heads/\xff", "objects/heads/main", ""})
    EXPECT_EQ(check_ref_name(bad).error().word, "InvalidRefName") << bad;
  EXPECT_FALSE(check_ref_name("refs/heads/" + std::string(ref_bytes_max, 'a')));
  EXPECT_FALSE(check_ref_name("refs/heads/" + std::string(ref_component_bytes_max + 1, 'a')));
  EXPECT_TRUE(check_ref_name("refs/heads/" + std::string(ref_component_bytes_max, 'a')));
}

TEST(RefName, ConflictsAsFileAndFolder) {
  EXPECT_TRUE(refs_conflict("refs/heads/a", "refs/heads/a/b"));
  EXPECT_TRUE(refs_conflict("refs/heads/a/b/c", "refs/heads/a"));
  EXPECT_FALSE(refs_conflict("refs/heads/a", "refs/heads/a"));
  EXPECT_FALSE(refs_conflict("refs/heads/a", "refs/heads/ab"));
  EXPECT_FALSE(refs_conflict("refs/heads/a", "refs/heads/a.b"));
}

}  // namespace
}  // namespace cairn::git
