#include "api/admin/example_formats.h"

#include <bit>

#include "base/bytes.h"
#include "base/json.h"

namespace cairn::api::admin {
namespace {

void append_le(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (unsigned char c : bytes) {
    crc ^= c;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1, b = 0;
  for (unsigned char c : bytes) {
    a = (a + c) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_chunk(std::string& png, std::string_view type, const std::string& data) {
  append_u32be(png, static_cast<std::uint32_t>(data.size()));
  std::string checked = std::string(type) + data;
  png += checked;
  append_u32be(png, crc32(checked));
}

/// zlib's frame around one block that is stored as it is.
std::string stored(const std::string& bytes) {
  std::string out("\x78\x01\x01", 3);
  append_le(out, bytes.size(), 2);
  append_le(out, ~bytes.size(), 2);
  out += bytes;
  append_u32be(out, adler32(bytes));
  return out;
}

}  // namespace

std::string safetensors(const std::vector<Tensor>& tensors) {
  json::object header{{"__metadata__", json::object{{"format", "np"}}}};
  std::string data;
  for (const auto& tensor : tensors) {
    std::size_t begin = data.size();
    for (float value : tensor.values) append_le(data, std::bit_cast<std::uint32_t>(value), 4);
    header[tensor.name] = json::object{{"dtype", "F32"},
                                       {"shape", json::value_from(tensor.shape)},
                                       {"data_offsets", json::array{begin, data.size()}}};
  }
  std::string text = json::serialize(header);
  // Spaces align the values, as the format asks of its writers.
  while (text.size() % 8 != 0) text += ' ';
  std::string out;
  append_le(out, text.size(), 8);
  return out + text + data;
}

std::string striped_png(std::uint32_t size, Rgb first, Rgb second) {
  std::string head;
  append_u32be(head, size);
  append_u32be(head, size);
  head += std::string("\x08\x02\0\0\0", 5);  // 8 bits per channel, RGB, the usual methods.
  std::string pixels;
  for (std::uint32_t y = 0; y < size; ++y) {
    pixels += '\0';  // The row is not filtered.
    for (std::uint32_t x = 0; x < size; ++x) {
      const Rgb& color = (x + y) / 4 % 2 == 0 ? first : second;
      for (auto channel : {color.red, color.green, color.blue})
        pixels += static_cast<char>(channel);
    }
  }
  std::string png("\x89PNG\r\n\x1a\n", 8);
  append_chunk(png, "IHDR", head);
  append_chunk(png, "IDAT", stored(pixels));
  append_chunk(png, "IEND", "");
  return png;
}

}  // namespace cairn::api::admin
