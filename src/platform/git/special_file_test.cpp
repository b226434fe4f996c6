#include "platform/git/special_file.h"

#include <gtest/gtest.h>

#include "platform/git/attributes.h"

namespace cairn::git {
namespace {

TEST(SpecialFile, PassesOthersAndPlainOnes) {
  auto check = [](const char* path, std::string_view text, FileMode mode = FileMode::regular) {
    return check_special_file(*parse_path(path), mode, text).has_value();
  };
  EXPECT_TRUE(check("a.txt", "[", FileMode::symlink));
  EXPECT_TRUE(check(".gitattributes", "*.bin filter=lfs\n"));
  EXPECT_TRUE(check(".gitmodules", ""));
  EXPECT_TRUE(
      check("x/.gitmodules",
            "# two\n[submodule \"lib/a\"]\n\tpath = lib/a\n\turl = https://x.example/a.git\n"
            "\tbranch = main\n[submodule \"b\"]\n\tpath = b\n\turl = ../b.git\n"
            "[submodule \"c\"]\n\tpath=c\n\turl=git@x.example:c/d.git\n\tupdate=none\n"));
}

TEST(SpecialFile, RefusesWhatFsckWouldRefuse) {
  auto check = [](const char* path, const std::string& text, FileMode mode = FileMode::regular) {
    return check_special_file(*parse_path(path), mode, text);
  };
  EXPECT_FALSE(check(".gitattributes", "x", FileMode::symlink));
  EXPECT_FALSE(check(".gitmodules", "x", FileMode::symlink));
  EXPECT_FALSE(check("x/.gitattributes", "a\n" + std::string(2048, 'a') + "\n"));
  EXPECT_FALSE(check(".gitattributes", std::string(attributes_bytes_max + 1, '\n')));
  std::string section = "[submodule \"a\"]\n";
  for (const std::string& bad : std::vector<std::string>{"path = a\n",
                                                         "[submodule \"../a\"]\n",
                                                         "[submodule a]\n",
                                                         "[alias]\n",
                                                         "[submodule \"\"]\n",
                                                         section + "url = -u./x\n",
                                                         section + "url = ext::sh\n",
                                                         section + "url = https://x%0ay\n",
                                                         section + "path = -x\n",
                                                         section + "update = !sh\n",
                                                         section + "hook = x\n",
                                                         section + "url = \"a\n",
                                                         section + "url = https://x \\\n",
                                                         section + "url\n",
                                                         section + "url =\n",
                                                         section + "url = https://-x/\n",
                                                         section + "url = ../../:x/\n",
                                                         section + "branch = -x\n",
                                                         section + std::string("path = a\0b\n", 11),
                                                         std::string(70'000, '#')}) {
    auto result = check(".gitmodules", bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_EQ(result.error().word, "InvalidSpecialFile");
  }
  EXPECT_EQ(check(".gitmodules", section + "\nhook = x\n").error().message,
            ".gitmodules line 3: The key is not one of git's for submodules. git refuses such a "
            "file: change it.");
}

}  // namespace
}  // namespace cairn::git
