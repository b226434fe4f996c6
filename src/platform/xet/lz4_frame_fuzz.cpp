#include <cstdlib>
#include <string>

#include <lz4frame.h>

#include "platform/xet/lz4_frame.h"

namespace {

constexpr std::size_t size_max = 131'072;

/// What the library makes of the frame: whole, nothing after it, exactly `size` bytes.
bool library_decodes(std::string_view frame, std::string& out) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) std::abort();
  // One byte more, so that a frame that holds too much shows.
  std::string room(out.size() + 1, '\0');
  std::size_t done = 0, left = 1;
  while (true) {
    std::size_t written = room.size() - done, read = frame.size();
    left = LZ4F_decompress(context, room.data() + done, &written, frame.data(), &read, nullptr);
    done += written;
    frame.remove_prefix(read);
    if (LZ4F_isError(left) || left == 0 || (written == 0 && read == 0)) break;
  }
  LZ4F_freeDecompressionContext(context);
  out = room.substr(0, out.size());
  return left == 0 && frame.empty() && done == out.size();
}

}  // namespace

// A size (3 bytes), then a frame. What we decode, liblz4's own frame reader decodes to the same
// bytes, and the other way around but for dictionaries and skippable frames, which we refuse.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  std::size_t content_bytes =
      (data[0] | data[1] << 8 | static_cast<std::size_t>(data[2]) << 16) % (size_max + 1);
  std::string_view frame(reinterpret_cast<const char*>(data) + 3, size - 3);
  std::string ours(content_bytes, '\0'), theirs(content_bytes, '\0');
  const char* wrong = cairn::xet::decode_lz4_frame(frame, ours.data(), ours.size());
  bool decodes = library_decodes(frame, theirs);
  if (wrong == nullptr) {
    if (!decodes || ours != theirs) std::abort();
  } else if (decodes) {
    bool skippable = frame.size() >= 4 && frame[3] == 0x18 && frame[2] == 0x4D &&
                     frame[1] == 0x2A && (frame[0] & '\xF0') == 0x50;
    bool dictionary = frame.size() > 4 && (frame[4] & 1) != 0;
    if (!skippable && !dictionary) std::abort();
  }
  return 0;
}
