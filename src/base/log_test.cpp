#include "base/log.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace cairn::log {
namespace {

std::string line_of(Format format, Fields fields) {
  configure(Level::info, format);
  ::testing::internal::CaptureStderr();
  write(Level::info, "test.event", fields, nullptr);
  configure(Level::info, Format::text);
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, NumbersAreDecimalInBothFormats) {
  for (auto format : {Format::text, Format::json_lines}) {
    auto line = line_of(format, {{"a", 20.7}, {"b", 0.12}, {"c", 3000000.0}});
    EXPECT_EQ(line.find("E"), std::string::npos) << line;
    EXPECT_NE(line.find("20.7"), std::string::npos) << line;
    EXPECT_NE(line.find("0.12"), std::string::npos) << line;
    EXPECT_NE(line.find("3000000"), std::string::npos) << line;
  }
}

TEST(Log, AJsonLineIsJson) {
  auto line = line_of(Format::json_lines, {{"path", "/a \"b\"\n"}, {"ms", 1.5}, {"n", 7}});
  auto parsed = parse_json(line);
  ASSERT_TRUE(parsed) << line;
  EXPECT_EQ(parsed->at("path"), "/a \"b\"\n");
  EXPECT_EQ(parsed->at("ms"), 1.5);
  EXPECT_EQ(parsed->at("n"), 7);
  EXPECT_EQ(parsed->at("event"), "test.event");
}

}  // namespace
}  // namespace cairn::log
