#include "hub/people/picture.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace cairn::people {
namespace {

std::string chunk(std::string_view type, std::string_view data) {
  std::string out;
  append_u32be(out, static_cast<std::uint32_t>(data.size()));
  return out + std::string(type) + std::string(data) + "crc!";
}

TEST(Picture, APngWithoutItsEndIsNotWhole) {
  std::string png = "\x89PNG\r\n\x1a\n" + chunk("IHDR", std::string(13, 'x')) +
                    chunk("IDAT", "pixels") + chunk("IEND", "");
  EXPECT_TRUE(is_whole_picture(png));
  EXPECT_TRUE(is_whole_picture(png + "what stands behind"));
  for (std::size_t size = 0; size < png.size(); ++size)
    EXPECT_FALSE(is_whole_picture(std::string_view(png).substr(0, size))) << size;
}

TEST(Picture, ALengthBeyondTheEndIsRefused) {
  EXPECT_FALSE(is_whole_picture("\x89PNG\r\n\x1a\n\xff\xff\xff\xffIEND...."));
}

TEST(Picture, OtherReadersGetNothing) {
  EXPECT_TRUE(is_whole_picture("GIF89a"));
  EXPECT_TRUE(is_whole_picture("\xff\xd8\xff\xe0"));
  EXPECT_FALSE(is_whole_picture("<svg xmlns='http://www.w3.org/2000/svg'/>"));
  EXPECT_FALSE(is_whole_picture(""));
}

}  // namespace
}  // namespace cairn::people
