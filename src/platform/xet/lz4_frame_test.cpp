#include "platform/xet/lz4_frame.h"

#include <gtest/gtest.h>
#include <lz4frame.h>

#include "platform/xet/byte_groups.h"
#include "platform/xet/little_endian.h"
#include "platform/xet/test_support.h"

using namespace cairn;
using namespace cairn::xet;
using namespace cairn::xet::testing;

namespace {

/// `content` as the library's own frame writer has it.
std::string frame_of(std::string_view content, LZ4F_preferences_t preferences) {
  preferences.autoFlush = 1;
  LZ4F_cctx* context = nullptr;
  EXPECT_FALSE(LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
  std::string out(1024, '\0');
  std::size_t size = LZ4F_compressBegin(context, out.data(), out.size(), &preferences);
  // In pieces, so that there are several blocks and linked ones look back.
  while (!content.empty()) {
    std::string_view piece = content.substr(0, 50'000);
    content.remove_prefix(piece.size());
    out.resize(size + LZ4F_compressBound(piece.size(), &preferences));
    size += LZ4F_compressUpdate(context, out.data() + size, out.size() - size, piece.data(),
                                piece.size(), nullptr);
  }
  out.resize(size + 64);
  size += LZ4F_compressEnd(context, out.data() + size, 64, nullptr);
  out.resize(size);
  LZ4F_freeCompressionContext(context);
  return out;
}

/// Decoded to `size` bytes, or why not. Guards on both sides tell of writes beyond.
std::string decoded(std::string_view frame, std::size_t size) {
  std::string room(size + 128, '\x5A');
  const char* wrong = decode_lz4_frame(frame, room.data() + 64, size);
  EXPECT_EQ(room.substr(0, 64) + room.substr(64 + size), std::string(128, '\x5A'));
  return wrong != nullptr ? std::string(wrong) : room.substr(64, size);
}

std::vector<std::string> contents() {
  std::string repeated;
  for (int i = 0; repeated.size() < 120'000; ++i)
    repeated += std::to_string(i % 977) + " is a number\n";
  return {"x",
          "Hello World!",
          splitmix_bytes(131'072),
          std::string(131'072, 'a'),
          repeated,
          repeated.substr(0, 60'000) + splitmix_bytes(60'000)};
}

}  // namespace

TEST(XetLz4Frame, Item4EveryKindOfFrameDecodes) {
  for (const std::string& content : contents())
    for (LZ4F_blockMode_t mode : {LZ4F_blockLinked, LZ4F_blockIndependent})
      for (LZ4F_blockSizeID_t block : {LZ4F_max64KB, LZ4F_max256KB, LZ4F_max1MB, LZ4F_max4MB})
        for (LZ4F_contentChecksum_t whole : {LZ4F_noContentChecksum, LZ4F_contentChecksumEnabled})
          for (LZ4F_blockChecksum_t each : {LZ4F_noBlockChecksum, LZ4F_blockChecksumEnabled})
            for (bool sized : {false, true}) {
              LZ4F_preferences_t preferences{};
              preferences.frameInfo.blockMode = mode;
              preferences.frameInfo.blockSizeID = block;
              preferences.frameInfo.contentChecksumFlag = whole;
              preferences.frameInfo.blockChecksumFlag = each;
              preferences.frameInfo.contentSize = sized ? content.size() : 0;
              std::string frame = frame_of(content, preferences);
              EXPECT_TRUE(decoded(frame, content.size()) == content)
                  << decoded(frame, content.size()).substr(0, 80);
            }
}

TEST(XetLz4Frame, Item4OurFramesAreReadByTheLibrary) {
  for (const std::string& content : contents()) {
    std::string frame;
    append_lz4_frame(frame, content);
    EXPECT_TRUE(decoded(frame, content.size()) == content);
    LZ4F_dctx* context = nullptr;
    ASSERT_FALSE(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
    std::string out(content.size() + 1, '\0');
    std::size_t written = out.size(), read = frame.size();
    std::size_t left = LZ4F_decompress(context, out.data(), &written, frame.data(), &read, nullptr);
    EXPECT_EQ(left, 0u);
    EXPECT_EQ(read, frame.size());
    out.resize(written);
    EXPECT_TRUE(out == content);
    LZ4F_freeDecompressionContext(context);
  }
}

TEST(XetLz4Frame, Item4JavaScriptFramesWithOneLinkedBlockOf4MiB) {
  // Flag byte 0x40, block maximum 0x70: what the JavaScript client writes.
  std::string content = contents()[4];
  std::string ours;
  append_lz4_frame(ours, content);
  std::string frame = ours;
  frame[4] = 0x40;
  frame[5] = 0x70;
  frame[6] = static_cast<char>(0xDF);
  EXPECT_TRUE(decoded(frame, content.size()) == content) << decoded(frame, 0);
}

TEST(XetLz4Frame, Item4DamageIsTold) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  std::string content = contents()[4].substr(0, 5'000);
  std::string frame = frame_of(content, preferences);
  for (std::size_t at = 0; at < frame.size(); ++at) {
    std::string flipped = frame;
    flipped[at] ^= 8;
    EXPECT_FALSE(decoded(flipped, content.size()) == content) << at;
    EXPECT_FALSE(decoded(frame.substr(0, at), content.size()) == content) << at;
  }
  EXPECT_EQ(decoded(frame + "x", content.size()), "bytes follow the LZ4 frame");
  EXPECT_EQ(decoded(frame, content.size() + 1), "the LZ4 frame holds less than the chunk's size");
  EXPECT_EQ(decoded(frame, content.size() - 1),
            "an LZ4 block does not decode within the chunk's size");
}

TEST(XetLz4Frame, Item4RefusesWhatTheProtocolDoesNotUse) {
  std::string frame;
  append_lz4_frame(frame, "Hello World! Hello World! Hello World!");
  auto with = [&](std::size_t at, int value) {
    std::string out = frame;
    out[at] = static_cast<char>(value);
    return decoded(out, 38);
  };
  EXPECT_EQ(with(0, 5), "it is no LZ4 frame");
  EXPECT_EQ(with(4, 0xA0), "the LZ4 frame has an unknown version");
  EXPECT_EQ(with(4, 0x61), "the LZ4 frame needs a dictionary");
  EXPECT_EQ(with(4, 0x62), "the LZ4 frame uses a reserved value");
  EXPECT_EQ(with(5, 0x30), "the LZ4 frame uses a reserved value");
  EXPECT_EQ(with(5, 0x41), "the LZ4 frame uses a reserved value");
  EXPECT_EQ(with(6, 0), "the LZ4 frame's header does not match its checksum");
  // A skippable frame in place of, or after, a real one.
  EXPECT_EQ(decoded(bytes_of_hex("502a4d18 00000000"), 38), "it is no LZ4 frame");
}

TEST(XetLz4Frame, Item10ABombIsRefusedWithoutAllocating) {
  // 4 MiB of zeros are 16 KB as a frame. It is told after the room for one chunk is full.
  std::string bomb;
  append_lz4_frame(bomb, std::string(4 << 20, '\0'));
  EXPECT_LT(bomb.size(), 20'000u);
  EXPECT_EQ(decoded(bomb, 131'072), "an LZ4 block does not decode within the chunk's size");
  // A frame that announces a size of 2^63 and holds nothing.
  std::string header = bytes_of_hex("04224d18 68 70 ffffffffffffff7f");
  header += '\0';
  EXPECT_EQ(decoded(header, 131'072), "the LZ4 frame's header does not match its checksum");
}

TEST(XetLz4Frame, Item10ABombInAXorbIsRefused) {
  std::string payload;
  append_lz4_frame(payload, std::string(4 << 20, '\0'));
  std::string body;
  auto header = encode_record_header(
      {Scheme::lz4, static_cast<std::uint32_t>(payload.size()), chunk_bytes_max});
  body.assign(header.data(), header.size());
  body += payload;
  auto verified = verify(Hash{}, body);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().message,
            "Chunk 0 of the xorb is refused. It does not decode: an LZ4 block does not decode "
            "within the chunk's size.");
}

TEST(XetByteGroups, Item4GroupsOfLengths1To9AndRandom) {
  auto split = [](const std::string& from) {
    std::string out(from.size(), '\0');
    split_byte_groups(from.data(), out.data(), from.size());
    return out;
  };
  const std::string_view expected[] = {"0",      "01",      "012",      "0123",     "04123",
                                       "041523", "0415263", "04152637", "048152637"};
  std::string digits = "012345678";
  for (std::size_t size = 1; size <= 9; ++size)
    EXPECT_EQ(split(digits.substr(0, size)), expected[size - 1]);

  std::mt19937_64 random(4);
  for (int i = 0; i < 500; ++i) {
    std::string content = splitmix_bytes(random() % 3'000, random());
    std::string slow, back(content.size(), '\0');
    for (std::size_t group = 0; group < 4; ++group)
      for (std::size_t at = group; at < content.size(); at += 4) slow += content[at];
    ASSERT_EQ(split(content), slow);
    join_byte_groups(slow.data(), back.data(), slow.size());
    ASSERT_EQ(back, content);
  }
}
