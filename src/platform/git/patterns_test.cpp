#include <gtest/gtest.h>

#include "base/text.h"
#include "platform/git/attributes.h"
#include "platform/git/ignore.h"
#include "platform/git/special_file.h"
#include "platform/git/test_support.h"

namespace cairn::git {
namespace {

using testing::TempFolder;

/// Runs git in a work tree of its own.
std::string in_work_tree(const std::string& folder, std::vector<std::string> arguments,
                         std::string input = {}) {
  auto command = git_command(folder, std::move(arguments));
  command.environment.erase("GIT_DIR");
  command.input = std::move(input);
  auto output = process::run(command);
  EXPECT_TRUE(output) << output.error().message;
  EXPECT_LE(output->exit_code, 1) << output->err;
  return output->out;
}

std::string joined(const std::vector<std::string>& paths) {
  std::string out;
  for (const auto& path : paths) out += path + std::string(1, '\0');
  return out;
}

const std::vector<std::string> paths{
    "a",
    "b",
    "a.bin",
    "A.BIN",
    "x/a.bin",
    "x/y/a.bin",
    "a.bin.txt",
    "saved_model/v.pb",
    "saved_model/1/x",
    "saved_model",
    "x/saved_model/1",
    "foo",
    "foo/bar",
    "foo/bar/baz",
    "x/foo/bar",
    "foobar",
    "foo bar",
    "foo/b",
    "a1b",
    "a-b",
    "a]b",
    "a^b",
    "a!b",
    "a\xc3\xa9",
    "x.tar.gz",
    "events.out.tfevents.123",
    "deep/er/and/deeper/file.txt",
    "abc",
    "abbbc",
    "ac",
    "#x",
    "!x",
    "trail ",
    "x/trail",
    "a*b",
    "a?b",
    "q\"q",
    "x/y/z",
    "x/z",
    "y/x/z",
    "[ab]",
    ".hid",
    "d/.hid",
    "file1",
    "file12",
    "filex",
    "a/b/c/d/e",
    "a/b/e",
    "a/e",
};

const std::vector<std::string> patterns{
    "*",
    "a",
    "*.bin",
    "/a.bin",
    "x/*.bin",
    "**/a.bin",
    "x/**/a.bin",
    "x/**",
    "**/x/**",
    "**",
    "/**",
    "saved_model/**/*",
    "saved_model/*",
    "*.tar.*",
    "*tfevents*",
    "foo",
    "foo/",
    "/foo",
    "foo/bar",
    "foo/**/baz",
    "foo/**/bar",
    "**/bar",
    "foo?bar",
    "foo[ /]bar",
    "a[0-9]b",
    "a[!0-9]b",
    "a[^-]b",
    "a[]]b",
    "a[]-]b",
    "a[a-]b",
    "a[[:digit:]]b",
    "a[[:punct:]]b",
    "a[[:nope:]]b",
    "a[[:digit]b",
    "a[b",
    "a[z-a]b",
    "a[\\]]b",
    "a\\*b",
    "a\\?b",
    "\\a",
    "a\\",
    "a*c",
    "a**c",
    "a***c",
    "*/",
    "*/z",
    "*/*/z",
    "**/z",
    "x/*/z",
    "\\#x",
    "\\!x",
    "deep/**/file.txt",
    "deep/**/er/**/file.txt",
    "deep/er",
    "deep/*/and",
    "**/and/**",
    "**/**/z",
    "file[1-9]",
    "file?",
    "file*",
    ".*",
    "/.*",
    "[ab]",
    "\\[ab]",
    "[[]ab]",
    "a/**/e",
    "a/*/e",
    "a/**/b/**/e",
    "a/**/*",
    "//a",
    "a//b",
    "/",
    "a\xc3\xa9",
    "a??",
    "a[\xc3\xa9]*",
    "*\xa9",
    "a/b/**",
    "**/b/**/e",
    "[!a]*",
    "?oo",
    "x/y",
    "x/y/",
    "/x/y/",
    "foo/b**",
    "x/y**",
    "x/**y",
    "x/y**/z",
    "foo/b**/baz",
    "deep/**er/file.txt",
    "x/?**",
    "x/[y]**",
    "/f**",
    "/foo**",
    "/foo**/b*",
    "x**/z",
    "\\x/**",
    "x\\/y",
    "foo/**b",
    "/**a.bin",
    "/a**",
    "a/b**/e",
    "y/**/",
    "**/y/",
    "f*o*b*r",
    "*a*b*c*",
};

/// One pattern at a time, so that a difference names it.
TEST(Attributes, AgreeWithGitOnEveryPatternAndPath) {
  TempFolder folder;
  in_work_tree(folder.path(), {"init", "-q"});
  for (const auto& pattern : patterns) {
    std::string text = pattern + " filter=lfs\n";
    testing::write_file(folder.path(".gitattributes"), text);
    auto out =
        in_work_tree(folder.path(), {"check-attr", "--stdin", "-z", "filter"}, joined(paths));
    Attributes attributes;
    ASSERT_TRUE(attributes.add(text));
    auto fields = split(out, '\0');
    ASSERT_EQ(fields.size(), paths.size() * 3 + 1);
    for (std::size_t i = 0; i < paths.size(); ++i)
      EXPECT_EQ(attributes.is_lfs(*parse_path(paths[i])), fields[i * 3 + 2] == "lfs")
          << "pattern " << pattern << " path " << paths[i];
  }
}

/// A fixed sequence, so that a failure comes back.
class Dice {
 public:
  unsigned roll(unsigned sides) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>(state_ >> 33) % sides;
  }

 private:
  std::uint64_t state_ = 3;
};

// Short words of few letters: most pairs nearly match, where mistakes hide.
TEST(Glob, AgreesWithGitOnRandomPatterns) {
  Dice dice;
  const std::vector<std::string> pieces{"a",  "b",    "a",   "b",   "/",    "/",
                                        "*",  "*",    "?",   "**/", "/**/", "[ab]",
                                        "**", "[!a]", "\\a", "\\/", "[b-]", "[[:alpha:]]"};
  std::vector<std::string> random_patterns, random_paths;
  std::string text;
  while (random_patterns.size() < 400) {
    std::string pattern;
    for (unsigned n = 1 + dice.roll(7); n > 0; --n)
      pattern += pieces[dice.roll(static_cast<unsigned>(pieces.size()))];
    if (pattern.ends_with('/')) continue;
    text += pattern + " p" + std::to_string(random_patterns.size()) + "\n";
    random_patterns.push_back(pattern);
  }
  for (int i = 0; i < 300; ++i) {
    std::string path;
    for (unsigned n = 1 + dice.roll(8); n > 0; --n) path += "ab/-"[dice.roll(4)];
    if (parse_path(path)) random_paths.push_back(path);
  }
  TempFolder folder;
  in_work_tree(folder.path(), {"init", "-q"});
  testing::write_file(folder.path(".gitattributes"), text);
  auto out =
      in_work_tree(folder.path(), {"check-attr", "--stdin", "-z", "-a"}, joined(random_paths));
  std::set<std::string> expected;
  auto fields = split(out, '\0');
  for (std::size_t i = 0; i + 2 < fields.size(); i += 3)
    expected.insert(std::string(fields[i + 1].substr(1)) + " " + std::string(fields[i]));
  for (std::size_t i = 0; i < random_patterns.size(); ++i)
    for (const auto& path : random_paths)
      EXPECT_EQ(Glob(random_patterns[i]).matches(path, false),
                expected.contains(std::to_string(i) + " " + path))
          << "pattern " << random_patterns[i] << " path " << path;
}

struct AttributesCase {
  const char* what;
  std::string text;
};

TEST(Attributes, AgreeWithGitOnWholeFiles) {
  std::string too_long = "*.bin" + std::string(2040, ' ') + "x filter=lfs\n";
  const std::vector<AttributesCase> cases{
      {"last one wins", "*.bin filter=lfs\na.bin filter=other\n"},
      {"unset", "*.bin filter=lfs\na.bin -filter\n"},
      {"unspecified", "*.bin filter=lfs\n/a.bin !filter\n"},
      {"set without value", "*.bin filter\n"},
      {"other attributes do not count", "*.bin filter=lfs\na.bin -text diff=x\n"},
      {"last in the line wins", "*.bin filter=a filter=lfs\n"},
      {"comment and blank lines", "# *.txt filter=lfs\n\n   \n *.bin  filter=lfs\t-text \n"},
      {"windows line ends", "*.bin filter=lfs\r\n*.gz filter=lfs\r\n"},
      {"byte order mark", "\xef\xbb\xbf*.bin filter=lfs\n"},
      {"no line end", "*.bin filter=lfs"},
      {"quoted", "\"foo bar\" filter=lfs\n\"a\\303\\251\" filter=lfs\n\"q\\\"q\" filter=x\n"},
      {"quote left open", "\"foo bar filter=lfs\n"},
      {"macro", "[attr]big filter=lfs diff=lfs\n*.bin big\n*.gz -big\n"},
      {"macro after use", "*.bin big\n[attr]big filter=lfs\n"},
      {"macro and value in one line",
       "[attr]big filter=lfs\n*.bin filter=x big\n*.gz big filter=x\n"},
      {"negative pattern", "*.bin filter=lfs\n!a.bin filter=x\n"},
      {"invalid attribute name", "*.bin filter=lfs b@d\n"},
      {"valueless pattern", "*.bin\n"},
      {"empty value", "*.bin filter=\n"},
      {"over-long line", too_long},
      {"default", default_gitattributes(LargeFiles::weights_and_media)},
  };
  TempFolder folder;
  in_work_tree(folder.path(), {"init", "-q"});
  for (const auto& c : cases) {
    testing::write_file(folder.path(".gitattributes"), c.text);
    auto out =
        in_work_tree(folder.path(), {"check-attr", "--stdin", "-z", "filter"}, joined(paths));
    Attributes attributes;
    ASSERT_TRUE(attributes.add(c.text));
    auto fields = split(out, '\0');
    ASSERT_EQ(fields.size(), paths.size() * 3 + 1);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      auto git = fields[i * 3 + 2];
      auto filter = attributes.filter(*parse_path(paths[i]));
      if (git == "unspecified" || git == "unset" || git == "set") git = {};
      EXPECT_EQ(filter.value_or(""), git) << c.what << ": " << paths[i];
    }
  }
}

TEST(Attributes, DeeperFilesWin) {
  TempFolder folder;
  in_work_tree(folder.path(), {"init", "-q"});
  std::string root = "*.bin filter=lfs\n", x = "/a.bin filter=x\n[attr]m filter=m\n",
              xy = "*.bin !filter\n";
  testing::write_file(folder.path(".gitattributes"), root);
  testing::write_file(folder.path("x/.gitattributes"), x);
  testing::write_file(folder.path("x/y/.gitattributes"), xy);
  Attributes attributes;
  ASSERT_TRUE(attributes.add(root));
  ASSERT_TRUE(attributes.add(x, *parse_path("x")));
  ASSERT_TRUE(attributes.add(xy, *parse_path("x/y")));
  auto out = in_work_tree(folder.path(), {"check-attr", "--stdin", "-z", "filter"}, joined(paths));
  auto fields = split(out, '\0');
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto git = fields[i * 3 + 2];
    EXPECT_EQ(attributes.filter(*parse_path(paths[i])).value_or("unspecified"), git) << paths[i];
  }
}

TEST(Attributes, HaveLimits) {
  Attributes attributes;
  EXPECT_EQ(attributes.add(std::string(attributes_bytes_max + 1, '\n')).error().word,
            "AttributesTooLarge");
  std::string many;
  for (std::size_t i = 0; i <= attributes_rules_max; ++i) many += "a filter=x\n";
  EXPECT_EQ(attributes.add(many).error().code, ErrorCode::too_large);
}

TEST(Attributes, DefaultCoversWeightsAndLeavesText) {
  Attributes models, datasets;
  ASSERT_TRUE(models.add(default_gitattributes(LargeFiles::weights)));
  ASSERT_TRUE(datasets.add(default_gitattributes(LargeFiles::weights_and_media)));
  for (const char* path : {"model.safetensors", "a/b/pytorch_model.bin", "m.gguf", "t.tar.gz",
                           "events.out.tfevents.1", "saved_model/x/y.txt"})
    EXPECT_TRUE(models.is_lfs(*parse_path(path)) && datasets.is_lfs(*parse_path(path))) << path;
  for (const char* path : {"README.md", "config.json", "tokenizer.json", "bin", "a/saved_model/x"})
    EXPECT_FALSE(models.is_lfs(*parse_path(path)) || datasets.is_lfs(*parse_path(path))) << path;
  for (const char* path : {"a.wav", "x/b.png", "c.mp4"}) {
    EXPECT_TRUE(datasets.is_lfs(*parse_path(path))) << path;
    EXPECT_FALSE(models.is_lfs(*parse_path(path))) << path;
  }
  EXPECT_TRUE(check_special_file(*parse_path(".gitattributes"), FileMode::regular,
                                 default_gitattributes(LargeFiles::weights_and_media)));
}

/// The paths as files, without those that would have to be a file and a folder.
std::vector<std::string> make_files(const TempFolder& folder) {
  std::vector<std::string> made;
  for (const auto& path : paths) {
    bool folder_too = std::ranges::any_of(
        paths, [&](const std::string& other) { return other.starts_with(path + "/"); });
    if (folder_too) continue;
    testing::write_file(folder.path(path), "");
    made.push_back(path);
  }
  return made;
}

std::set<std::string> git_ignores(const TempFolder& folder, const std::vector<std::string>& files) {
  auto out =
      in_work_tree(folder.path(), {"check-ignore", "--no-index", "--stdin", "-z"}, joined(files));
  std::set<std::string> ignored;
  for (auto field : split(out, '\0')) ignored.emplace(field);
  return ignored;
}

TEST(Ignore, AgreesWithGitOnEveryPatternAndPath) {
  TempFolder folder;
  in_work_tree(folder.path(), {"init", "-q"});
  auto files = make_files(folder);
  for (const auto& pattern : patterns) {
    testing::write_file(folder.path(".gitignore"), pattern + "\n");
    auto expected = git_ignores(folder, files);
    Ignore ignore;
    ASSERT_TRUE(ignore.add(pattern + "\n"));
    for (const auto& path : files)
      EXPECT_EQ(ignore.ignores(*parse_path(path)), expected.contains(path))
          << "pattern " << pattern << " path " << path;
  }
}

TEST(Ignore, AgreesWithGitOnWholeFiles) {
  TempFolder folder;
  in_work_tree(folder.path(), {"init", "-q"});
  auto files = make_files(folder);
  for (const std::string& text : std::vector<std::string>{"*\n!a.bin\n",
                                                          "*\n!*/\n!*.bin\n",
                                                          "x/\n!x/y/a.bin\n",
                                                          "x/*\n!x/y\n",
                                                          "!a.bin\n*.bin\n",
                                                          "# a\n\\#x\n!\n\\!x\n",
                                                          "trail \n",
                                                          "trail\\ \n",
                                                          "trail\\  \n",
                                                          "a.bin   \n",
                                                          "a.bin\r\nfoo/\r\n",
                                                          "\xef\xbb\xbf*.bin\n",
                                                          "a.bin",
                                                          "foo\\\n",
                                                          "/*\n!/foo\n/foo/*\n",
                                                          "**/foo\n!x/foo/bar\n",
                                                          " a.bin\n",
                                                          "a.bin\t\n",
                                                          "\n\n*.bin\n!x/**\n",
                                                          "!!x\n",
                                                          "*.bin\n!/x/**/\n"}) {
    testing::write_file(folder.path(".gitignore"), text);
    auto expected = git_ignores(folder, files);
    Ignore ignore;
    ASSERT_TRUE(ignore.add(text));
    for (const auto& path : files)
      EXPECT_EQ(ignore.ignores(*parse_path(path)), expected.contains(path))
          << "text " << text << " path " << path;
  }
}

TEST(Ignore, DeeperFilesWinAndHaveLimits) {
  Ignore ignore;
  ASSERT_TRUE(ignore.add("*.bin\n"));
  ASSERT_TRUE(ignore.add("!/a.bin\n", *parse_path("x")));
  EXPECT_TRUE(ignore.ignores(*parse_path("a.bin")));
  EXPECT_FALSE(ignore.ignores(*parse_path("x/a.bin")));
  EXPECT_TRUE(ignore.ignores(*parse_path("x/y/a.bin")));
  EXPECT_FALSE(ignore.ignores(RepoPath()));
  EXPECT_EQ(ignore.add(std::string(ignore_bytes_max + 1, 'a')).error().word, "IgnoreTooLarge");
}

TEST(Glob, FolderPatternsMatchFoldersOnly) {
  EXPECT_TRUE(Glob("a/").matches("a", true));
  EXPECT_FALSE(Glob("a/").matches("a", false));
}

/// Steps, not seconds: a hostile pattern that is exponential never ends; this ends at once.
TEST(Glob, HostilePatternsEnd) {
  std::string stars, folders, path;
  while (stars.size() < glob_bytes_max - 2) stars += "*a";
  while (folders.size() < glob_bytes_max - 4) folders += "**/a/";
  path.assign(path_bytes_max, 'a');
  EXPECT_FALSE(Glob(stars + "b").matches(path, false));
  std::string deep;
  while (deep.size() < path_bytes_max - 2) deep += "a/";
  EXPECT_FALSE(Glob(folders + "b").matches(deep + "c", false));
  EXPECT_FALSE(Glob(std::string(glob_bytes_max + 1, '*')).matches("a", false));
}

}  // namespace
}  // namespace cairn::git
