#include "base/kept.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

using Texts = Kept<std::string>;
constexpr auto forever = Texts::Monotonic::time_point::max();

Texts::Ref text(std::string value) {
  return std::make_shared<const std::string>(std::move(value));
}

TEST(Kept, WhatWasNotUsedForLongestGoesFirst) {
  Texts kept(1 << 20, 2);
  kept.add("a", text("1"), 1, forever);
  kept.add("b", text("2"), 1, forever);
  ASSERT_TRUE(kept.find("a"));
  kept.add("c", text("3"), 1, forever);
  EXPECT_TRUE(kept.find("a"));
  EXPECT_FALSE(kept.find("b"));
  EXPECT_EQ(*kept.find("c"), "3");
}

TEST(Kept, BytesAreBoundedWhateverTheRowsAre) {
  Texts kept(10'000, 100);
  kept.add("large", text("x"), 3'000, forever);
  EXPECT_FALSE(kept.find("large")) << "it alone would push out all others";
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) kept.add(key, text(key), 2'000, forever);
  EXPECT_FALSE(kept.find("a"));
  EXPECT_TRUE(kept.find("f"));
  kept.add("f", text("new"), 100, forever);
  EXPECT_EQ(*kept.find("f"), "new");
}

TEST(Kept, WhatIsOverIsNotFound) {
  Texts kept(10'000, 100);
  kept.add("a", text("1"), 1, Texts::Monotonic::now() - std::chrono::seconds(1));
  EXPECT_FALSE(kept.find("a"));
}

}  // namespace
}  // namespace cairn
