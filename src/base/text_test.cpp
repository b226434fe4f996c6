#include "base/text.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Utf8, IsStrict) {
  for (const char* good :
       {"", "a", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  for (const char* bad : {"\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
                          "\xc3", "\xe2\x82", "\xff"})
    EXPECT_FALSE(is_valid_utf8(bad));
  EXPECT_EQ(truncate_utf8("a\xe2\x82\xac", 3), "a");
  EXPECT_EQ(truncate_utf8("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
}

TEST(Percent, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("a/b c~\xc3\xa4"), "a%2Fb%20c~%C3%A4");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
  EXPECT_EQ(*percent_decode("refs%2fpr%2F1"), "refs/pr/1");
  EXPECT_EQ(*percent_decode("a+b"), "a+b");
  EXPECT_EQ(*form_decode("a+b%2B"), "a b+");
  for (const char* bad : {"%", "%2", "%zz", "a%"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(ParseInt, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_int("-42"), -42);
  for (const char* bad : {"", "4x", " 4", "+4", "99999999999999999999"})
    EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(split("", ',').size(), 1u);
  EXPECT_EQ(trim(" \t a b\n"), "a b");
}

TEST(Nearest, FindsSlipsAndNothingFarAway) {
  std::vector<std::string> words{"serve", "config", "admin"};
  EXPECT_EQ(nearest("sevre", words), "serve");
  EXPECT_EQ(nearest("confg", words), "config");
  EXPECT_EQ(nearest("zzzzzz", words), std::nullopt);
}

TEST(HumanBytes, HasThreeDigitsAtMost) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1500), "1.5 KB");
  EXPECT_EQ(human_bytes(20'000'000), "20.0 MB");
  EXPECT_EQ(human_bytes(4'976'698'672), "5.0 GB");
}

}  // namespace
}  // namespace cairn
