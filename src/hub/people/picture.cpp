#include "hub/people/picture.h"

#include "base/bytes.h"

namespace cairn::people {
namespace {

constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

bool has_all_chunks(std::string_view png) {
  constexpr std::size_t frame = 12;  // Length, type, checksum.
  auto rest = png.substr(png_signature.size());
  while (rest.size() >= frame) {
    std::size_t length = read_u32be(rest.data());
    if (length > rest.size() - frame) return false;
    if (rest.substr(4, 4) == "IEND") return true;
    rest.remove_prefix(length + frame);
  }
  return false;
}

}  // namespace

bool is_whole_picture(std::string_view bytes) {
  if (bytes.starts_with(png_signature)) return has_all_chunks(bytes);
  return bytes.starts_with("\xff\xd8\xff") || bytes.starts_with("GIF87a") ||
         bytes.starts_with("GIF89a");
}

}  // namespace cairn::people
