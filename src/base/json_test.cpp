#include "base/json.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

struct Inner {
  std::string path;
  std::optional<int> size;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (path, size))

struct Outer {
  std::string name;
  std::optional<bool> private_;
  std::vector<Inner> files;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, private_, files))

std::string message(std::string_view text) {
  auto read = parse_json_as<Outer>(text);
  return read ? "" : read.error().message;
}

TEST(JsonStruct, IsReadByItsDescription) {
  auto read = parse_json_as<Outer>(
      R"({"name":"a","private":true,"files":[{"path":"x","size":3},{"path":"y"}],"unknown":1})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "a");
  EXPECT_EQ(read->private_, true);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].size, 3);
  EXPECT_EQ(read->files[1].size, std::nullopt);
}

TEST(JsonStruct, ErrorsNameTheField) {
  EXPECT_EQ(message(R"({})"), "\"name\" is missing.");
  EXPECT_EQ(message(R"({"name":5})"), "\"name\" must be a text.");
  EXPECT_EQ(message(R"({"name":"a","files":[{"path":"x","size":"big"}]})"),
            "\"files[0].size\" must be a whole number.");
  EXPECT_EQ(message(R"([])"), "The body must be an object.");
  EXPECT_EQ(parse_json_as<Outer>("[]").error().word, "InvalidRequest");
}

TEST(JsonStruct, WritesNoNullForWhatIsAbsent) {
  EXPECT_EQ(to_json_text(Outer{"a", {}, {{"x", 1}, {"y", {}}}}),
            R"({"name":"a","files":[{"path":"x","size":1},{"path":"y"}]})");
}

TEST(JsonSchema, ComesFromTheSameDescription) {
  auto schema = json_schema<Outer>();
  EXPECT_EQ(json::serialize(schema.at("required")), R"(["name"])");
  EXPECT_EQ(schema.at("properties").at("files").at("items").at("properties").at("size").at("type"),
            "integer");
  EXPECT_TRUE(schema.at("properties").as_object().contains("private"));
}

TEST(ParseJson, RefusesWhatIsBrokenOrTooDeep) {
  for (const char* bad : {"", "{", "{\"a\":}", "[1,]", "1 2", "nul", "\"\\ud800\""})
    EXPECT_EQ(parse_json(bad).error().word, "InvalidJson") << bad;
  EXPECT_TRUE(parse_json(std::string(json_depth_max, '[') + std::string(json_depth_max, ']')));
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  EXPECT_TRUE(parse_json(" {} \n"));
}

}  // namespace
}  // namespace cairn
