#include <gtest/gtest.h>

#include "platform/storage/object_store.h"

namespace cairn::storage {
namespace {

TEST(StorageKey, MadeKeysParseAndDiffer) {
  Key first = make_key("lfs", "00ffab12"), second = make_key("lfs", "00ffab12");
  EXPECT_NE(first, second);
  EXPECT_TRUE(first.text.starts_with("lfs/00ffab12/"));
  auto parsed = parse_key(first.text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, first);
}

TEST(StorageKey, NothingOutsideTheStoreCanBeNamed) {
  const std::string digest(64, 'a'), incarnation(16, '0');
  EXPECT_TRUE(parse_key("lfs/" + digest + "/" + incarnation));
  for (const std::string& text :
       {std::string(), std::string("lfs"), "lfs/" + digest, "../" + digest + "/" + incarnation,
        "lfs/../" + incarnation, "lfs/" + digest + "/..", "lfs//" + incarnation,
        "/" + digest + "/" + incarnation, "Lfs/" + digest + "/" + incarnation,
        "lfs/" + digest + "/" + incarnation + "/", "lfs/" + digest + "/" + incarnation + "0",
        "lfs/abc/" + incarnation, "lfs/" + std::string(129, 'a') + "/" + incarnation,
        "lfs/ABCD/" + incarnation, "tmp/" + digest + "/" + incarnation,
        "multipart/" + digest + "/" + incarnation,
        "abcdefghijklmnopq/" + digest + "/" + incarnation,
        "lfs/" + digest + "/" + std::string("000000000000000\0", 16)}) {
    auto key = parse_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace cairn::storage
