#include "api/admin/example_content.h"

#include <cstring>

#include <gtest/gtest.h>

#include "api/admin/example_formats.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"

namespace cairn::api::admin {
namespace {

TEST(ExampleFormats, SafetensorsSayWhereTheirValuesLie) {
  std::string file = safetensors({{"a", {2}, {1.0f, 2.0f}}, {"b", {1, 1}, {3.0f}}});
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  ASSERT_LE(8 + length, file.size());
  EXPECT_EQ((8 + length) % 8, 0u);
  auto header = parse_json(std::string_view(file).substr(8, length));
  ASSERT_TRUE(header);
  EXPECT_EQ(json::serialize(header->at("b")),
            R"({"dtype":"F32","shape":[1,1],"data_offsets":[8,12]})");
  float value = 0;
  std::memcpy(&value, file.data() + 8 + length + 8, 4);
  EXPECT_EQ(value, 3.0f);
  EXPECT_EQ(file.size(), 8 + length + 12);
}

TEST(ExampleFormats, PngHasItsChunksAndTheirChecksums) {
  std::string png = striped_png(4, {1, 2, 3}, {4, 5, 6});
  EXPECT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
  // The last chunk of every PNG, checksum included.
  EXPECT_EQ(hex_encode(std::string_view(png).substr(png.size() - 12)), "0000000049454e44ae426082");
  EXPECT_EQ(read_u32be(png.data() + 16), 4u);
}

TEST(Examples, AreTheSameBytesAtEveryCallAndSmall) {
  auto first = all_examples(), second = all_examples();
  ASSERT_EQ(first.size(), 3u);
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::size_t bytes = 0;
    ASSERT_EQ(first[i].files.size(), second[i].files.size());
    for (std::size_t k = 0; k < first[i].files.size(); ++k) {
      EXPECT_EQ(first[i].files[k].content, second[i].files[k].content);
      bytes += first[i].files[k].content.size();
    }
    EXPECT_LT(bytes, 20'000u) << first[i].name;
    EXPECT_EQ(first[i].files[0].path, "README.md");
    EXPECT_TRUE(first[i].files[0].content.starts_with("---\n"));
  }
}

TEST(Examples, EveryLineOfTheDatasetIsJsonInUnicode) {
  auto dataset = all_examples()[1];
  for (const auto& file : dataset.files) {
    if (!file.path.ends_with(".jsonl")) continue;
    auto lines = split(trim(file.content), '\n');
    EXPECT_EQ(lines.size(), 14u);
    for (auto line : lines) EXPECT_TRUE(is_valid_utf8(line) && parse_json(line)) << line;
  }
}

}  // namespace
}  // namespace cairn::api::admin
