#include "hub/xet/hot_files.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"

namespace cairn::xet {
namespace {

class Text final : public storage::Reader {
 public:
  explicit Text(std::string text, bool fails = false) : text_(std::move(text)), fails_(fails) {}
  [[nodiscard]] std::uint64_t size_bytes() const override { return text_.size(); }
  [[nodiscard]] Result<std::string> read(storage::Range range) override {
    if (fails_) return fail(ErrorCode::corrupt, "X", "x");
    return text_.substr(range.first, range.count);
  }
  [[nodiscard]] int descriptor() const override { return -1; }

 private:
  std::string text_;
  bool fails_;
};

class HotFilesTest : public ::testing::Test {
 protected:
  ~HotFilesTest() override { std::filesystem::remove_all(folder); }
  /// Asks for a file until it is to be copied. @return false when it never is.
  static bool ask(HotFiles& hot, const std::string& name, std::uint64_t size_bytes) {
    for (int n = 0; n < 3 * HotFiles::asks_min; ++n)
      if (hot.wants(name, size_bytes)) return true;
    return false;
  }
  static void ask_and_fill(HotFiles& hot, const std::string& name, const std::string& text) {
    if (!ask(hot, name, text.size())) return;
    Text source(text);
    hot.fill(name, source);
  }
  [[nodiscard]] std::size_t on_disk() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("cairn-hot-" + hex_encode(random_bytes(8))))
          .string();
};

TEST_F(HotFilesTest, WhatIsAskedForOftenIsCopiedOnce) {
  HotFiles hot(folder, 1000);
  for (int n = 1; n < HotFiles::asks_min; ++n) EXPECT_FALSE(hot.wants("a", 5));
  EXPECT_TRUE(hot.wants("a", 5));
  EXPECT_FALSE(hot.wants("a", 5)) << "somebody is at it";
  Text source("hello");
  hot.fill("a", source);
  auto copy = hot.open("a");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->read({1, 3}).value(), "ell");
  EXPECT_GE(copy->descriptor(), 0);
  EXPECT_FALSE(hot.wants("a", 5));
}

TEST_F(HotFilesTest, TheLongestUnaskedMakesRoomAndStaysReadableForItsReaders) {
  HotFiles hot(folder, 100);
  for (const char* name : {"a", "b", "c", "d"}) ask_and_fill(hot, name, std::string(25, *name));
  auto a = hot.open("a");
  ask_and_fill(hot, "e", std::string(25, 'e'));
  EXPECT_TRUE(hot.open("a")) << "just asked for";
  EXPECT_FALSE(hot.open("b"));
  EXPECT_EQ(on_disk(), 4u);
  hot.forget("a");
  EXPECT_FALSE(hot.open("a"));
  EXPECT_EQ(a->read({0, 25}).value(), std::string(25, 'a'));
}

TEST_F(HotFilesTest, LargeFilesAndNoCacheAreNeverCopied) {
  HotFiles hot(folder, 100);
  EXPECT_FALSE(ask(hot, "a", 26));
  HotFiles none("", 100);
  EXPECT_FALSE(ask(none, "a", 5));
}

TEST_F(HotFilesTest, ACopyThatFailsLeavesNothingAndIsTriedAgain) {
  HotFiles hot(folder, 1000);
  ASSERT_TRUE(ask(hot, "a", 5));
  Text broken("hello", true);
  hot.fill("a", broken);
  EXPECT_FALSE(hot.open("a"));
  EXPECT_EQ(on_disk(), 0u);
  ask_and_fill(hot, "a", "hello");
  EXPECT_TRUE(hot.open("a"));
}

TEST_F(HotFilesTest, WhatIsLetGoOfWhileItIsCopiedIsNotKept) {
  HotFiles hot(folder, 1000);
  ASSERT_TRUE(ask(hot, "a", 5));
  hot.forget("a");
  Text source("hello");
  hot.fill("a", source);
  EXPECT_FALSE(hot.open("a"));
  EXPECT_EQ(on_disk(), 0u);
}

TEST_F(HotFilesTest, ANewProgramBeginsEmpty) {
  {
    HotFiles hot(folder, 1000);
    ask_and_fill(hot, "a", "hello");
  }
  HotFiles hot(folder, 1000);
  EXPECT_FALSE(hot.open("a"));
  EXPECT_EQ(on_disk(), 0u);
}

}  // namespace
}  // namespace cairn::xet
