#include "platform/xet/lz4_frame.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <lz4.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "platform/xet/little_endian.h"

// The frame is taken apart here and not by lz4frame.h: that decodes by way of buffers as large as
// the frame announces (4 MiB and more) wherever the output is smaller, and copies. A fuzz target
// holds the two against each other.
namespace cairn::xet {

namespace {

constexpr std::uint32_t magic = 0x184D2204;
// The flag byte, from the top: version (2 bits, 01), independent blocks, block checksums, content
// size, content checksum, reserved, dictionary id.
constexpr std::uint8_t version_mask = 0xC0, version_1 = 0x40, blocks_independent = 0x20,
                       block_checksums = 0x10, has_content_size = 0x08, content_checksum = 0x04,
                       flag_reserved = 0x02, dictionary_id = 0x01;
// The other descriptor byte: block maximum 4 (64 KiB) to 7 (4 MiB) in bits 4 to 6, rest reserved.
constexpr std::uint8_t block_maximum_reserved = 0x8F;
constexpr std::uint32_t block_is_stored = 0x8000'0000;

std::uint32_t block_bytes_max(std::uint8_t descriptor) {
  return 1u << (8 + 2 * ((descriptor >> 4) & 7));
}

std::uint32_t checksum(std::string_view bytes) {
  return XXH32(bytes.data(), bytes.size(), 0);
}

std::uint8_t header_checksum(const char* descriptor, std::size_t size) {
  return static_cast<std::uint8_t>(checksum({descriptor, size}) >> 8);
}

struct FrameHeader {
  std::uint8_t flags = 0;
  std::uint32_t block_bytes_max = 0;
};

/// Takes the header off the front of `frame`.
const char* read_header(std::string_view& frame, std::size_t size, FrameHeader& out) {
  if (frame.size() < 7) return "the LZ4 frame is cut";
  if (read_u32le(frame.data()) != magic) return "it is no LZ4 frame";
  const char* descriptor = frame.data() + 4;
  out.flags = static_cast<std::uint8_t>(descriptor[0]);
  auto block_descriptor = static_cast<std::uint8_t>(descriptor[1]);
  if ((out.flags & version_mask) != version_1) return "the LZ4 frame has an unknown version";
  if (out.flags & flag_reserved || block_descriptor & block_maximum_reserved ||
      block_descriptor < 0x40)
    return "the LZ4 frame uses a reserved value";
  if (out.flags & dictionary_id) return "the LZ4 frame needs a dictionary";
  out.block_bytes_max = block_bytes_max(block_descriptor);
  std::size_t descriptor_bytes = 2 + (out.flags & has_content_size ? 8 : 0);
  if (frame.size() < 4 + descriptor_bytes + 1) return "the LZ4 frame is cut";
  if (static_cast<std::uint8_t>(descriptor[descriptor_bytes]) !=
      header_checksum(descriptor, descriptor_bytes))
    return "the LZ4 frame's header does not match its checksum";
  if (out.flags & has_content_size) {
    // As the library has it, 0 says nothing.
    std::uint64_t stated = read_u64le(descriptor + 2);
    if (stated != 0 && stated != size) return "the LZ4 frame states another size";
  }
  frame.remove_prefix(4 + descriptor_bytes + 1);
  return nullptr;
}

/// Decodes a block to `into + done` and counts it in `done`.
const char* read_block(const FrameHeader& header, std::string_view block, bool stored, char* into,
                       std::size_t& done, std::size_t size) {
  std::size_t room = std::min<std::size_t>(size - done, header.block_bytes_max);
  if (stored) {
    if (block.size() > room) return "the LZ4 frame holds more than the chunk's size";
    std::memcpy(into + done, block.data(), block.size());
    done += block.size();
    return nullptr;
  }
  // Linked blocks look back at most 64 KiB; what was decoded before lies right before them.
  std::size_t history = header.flags & blocks_independent ? 0 : std::min<std::size_t>(done, 65'536);
  int decoded = LZ4_decompress_safe_usingDict(
      block.data(), into + done, static_cast<int>(block.size()), static_cast<int>(room),
      into + done - history, static_cast<int>(history));
  if (decoded < 0) return "an LZ4 block does not decode within the chunk's size";
  done += static_cast<std::size_t>(decoded);
  return nullptr;
}

}  // namespace

const char* decode_lz4_frame(std::string_view frame, char* into, std::size_t size) {
  FrameHeader header;
  if (const char* wrong = read_header(frame, size, header)) return wrong;
  std::size_t done = 0;
  while (true) {
    if (frame.size() < 4) return "the LZ4 frame is cut";
    std::uint32_t word = read_u32le(frame.data());
    frame.remove_prefix(4);
    if (word == 0) break;  // The end mark.
    std::size_t block_bytes = word & ~block_is_stored;
    std::size_t trailer = header.flags & block_checksums ? 4 : 0;
    if (block_bytes > header.block_bytes_max) return "an LZ4 block is larger than its frame allows";
    if (frame.size() < block_bytes + trailer) return "the LZ4 frame is cut";
    std::string_view block = frame.substr(0, block_bytes);
    if (trailer > 0 && checksum(block) != read_u32le(frame.data() + block_bytes))
      return "an LZ4 block does not match its checksum";
    if (const char* wrong =
            read_block(header, block, (word & block_is_stored) != 0, into, done, size))
      return wrong;
    frame.remove_prefix(block_bytes + trailer);
  }
  if (done != size) return "the LZ4 frame holds less than the chunk's size";
  if (header.flags & content_checksum) {
    if (frame.size() < 4) return "the LZ4 frame is cut";
    if (checksum({into, size}) != read_u32le(frame.data()))
      return "the LZ4 frame does not match its checksum";
    frame.remove_prefix(4);
  }
  return frame.empty() ? nullptr : "bytes follow the LZ4 frame";
}

void append_lz4_frame(std::string& out, std::string_view content) {
  std::uint8_t size_code = 4;
  while (content.size() > block_bytes_max(static_cast<std::uint8_t>(size_code << 4))) ++size_code;
  char header[7] = {'\x04',
                    '\x22',
                    '\x4D',
                    '\x18',
                    static_cast<char>(version_1 | blocks_independent),
                    static_cast<char>(size_code << 4)};
  header[6] = static_cast<char>(header_checksum(header + 4, 2));
  out.append(header, sizeof header);

  std::size_t start = out.size();
  auto bound = static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(content.size())));
  auto write_block = [&](char* bytes, std::size_t) {
    if (content.empty()) return start;
    char* block = bytes + start + 4;
    auto packed = static_cast<std::uint32_t>(LZ4_compress_default(
        content.data(), block, static_cast<int>(content.size()), static_cast<int>(bound)));
    std::uint32_t stored = 0;
    if (packed >= content.size()) {
      packed = static_cast<std::uint32_t>(content.size());
      std::memcpy(block, content.data(), packed);
      stored = block_is_stored;
    }
    write_u32le(bytes + start, packed | stored);
    return start + 4 + packed;
  };
  out.resize_and_overwrite(start + 4 + bound, write_block);
  out.append(4, '\0');  // The end mark.
}

}  // namespace cairn::xet
