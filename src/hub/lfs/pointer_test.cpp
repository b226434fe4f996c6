#include "hub/lfs/pointer.h"

#include <cctype>

#include <gtest/gtest.h>

namespace cairn::lfs {
namespace {

const std::string oid = sha256("content").hex();
const std::string start = "version https://git-lfs.github.com/spec/v1\noid sha256:";

TEST(LfsPointer, PrintsAndReadsTheCanonicalForm) {
  Pointer pointer{sha256("content"), 12345};
  EXPECT_EQ(to_text(pointer), start + oid + "\nsize 12345\n");
  EXPECT_EQ(parse_pointer(to_text(pointer)).value(), pointer);
}

TEST(LfsPointer, TheLargestSizeAndNoneAtAllFit) {
  Pointer largest{sha256("x"), UINT64_MAX};
  EXPECT_EQ(to_text(largest).size(), pointer_bytes_max);
  EXPECT_EQ(parse_pointer(to_text(largest)).value(), largest);
  EXPECT_EQ(parse_pointer(start + oid + "\nsize 0\n").value().size_bytes, 0u);
}

TEST(LfsPointer, RefusesEverythingElse) {
  std::string upper = oid;
  for (auto& c : upper) c = static_cast<char>(std::toupper(c));
  for (const std::string& text : {
           std::string(),
           std::string("version https://git-lfs.github.com/spec/v1\n"),
           start + oid + "\nsize 1",
           start + oid + "\nsize 1\n\n",
           start + oid + "\r\nsize 1\r\n",
           start + upper + "\nsize 1\n",
           start + oid.substr(1) + "\nsize 1\n",
           start + oid + "0\nsize 1\n",
           start + oid + "\nsize 01\n",
           start + oid + "\nsize 00\n",
           start + oid + "\nsize -1\n",
           start + oid + "\nsize +1\n",
           start + oid + "\nsize  1\n",
           start + oid + "\nsize \n",
           start + oid + "\nsize 18446744073709551616\n",
           "version https://hawser.github.com/spec/v1\noid sha256:" + oid + "\nsize 1\n",
           "version https://git-lfs.github.com/spec/v1\nsize 1\noid sha256:" + oid + "\n",
           "version https://git-lfs.github.com/spec/v1\next-0-x sha256:" + oid +
               "\noid sha256:" + oid + "\nsize 1\n",
           " " + start + oid + "\nsize 1\n",
           std::string(1 << 20, 'v'),
       }) {
    auto pointer = parse_pointer(text);
    ASSERT_FALSE(pointer) << text;
    EXPECT_EQ(pointer.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(pointer.error().word, "NotAPointer");
  }
}

}  // namespace
}  // namespace cairn::lfs
