#include "base/bytes.h"

#include <array>

namespace cairn {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Alphabet {
  std::string_view symbols;
  std::array<std::int8_t, 256> values{};
  explicit Alphabet(std::string_view text) : symbols(text) {
    values.fill(-1);
    for (std::size_t i = 0; i < text.size(); ++i)
      values[static_cast<unsigned char>(text[i])] = static_cast<std::int8_t>(i);
  }
};

const Alphabet& standard() {
  static const Alphabet alphabet(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  return alphabet;
}
const Alphabet& url_safe() {
  static const Alphabet alphabet(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
  return alphabet;
}

std::string encode64(std::string_view bytes, const Alphabet& alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  for (; i + 3 <= bytes.size(); i += 3) {
    unsigned v = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int shift : {18, 12, 6, 0}) out += alphabet.symbols[v >> shift & 63];
  }
  if (std::size_t rest = bytes.size() - i; rest > 0) {
    unsigned v = byte(i) << 16 | (rest == 2 ? byte(i + 1) << 8 : 0);
    out += alphabet.symbols[v >> 18 & 63];
    out += alphabet.symbols[v >> 12 & 63];
    if (rest == 2) out += alphabet.symbols[v >> 6 & 63];
    if (pad) out.append(rest == 2 ? 1 : 2, '=');
  }
  return out;
}

Result<std::string> decode64(std::string_view text, const Alphabet& alphabet, bool padded) {
  auto wrong = [] {
    return fail(ErrorCode::invalid_argument, "InvalidBase64",
                "The text is not valid base64 (RFC 4648).");
  };
  if (padded) {
    if (text.size() % 4 != 0) return wrong();
    for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return wrong();
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  auto value = [&](std::size_t at) {
    return static_cast<int>(alphabet.values[static_cast<unsigned char>(text[at])]);
  };
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    int a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    if ((a | b | c | d) < 0) return wrong();
    unsigned v = static_cast<unsigned>(a << 18 | b << 12 | c << 6 | d);
    out += static_cast<char>(v >> 16);
    out += static_cast<char>(v >> 8);
    out += static_cast<char>(v);
  }
  if (std::size_t rest = text.size() - i; rest >= 2) {
    int a = value(i), b = value(i + 1), c = rest == 3 ? value(i + 2) : 0;
    if ((a | b | c) < 0) return wrong();
    unsigned v = static_cast<unsigned>(a << 18 | b << 12 | c << 6);
    // The bits that no byte uses must be zero, or two texts would mean the same bytes.
    if ((rest == 2 && (v & 0xffff)) || (rest == 3 && (v & 0xff))) return wrong();
    out += static_cast<char>(v >> 16);
    if (rest == 3) out += static_cast<char>(v >> 8);
  }
  return out;
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) {
    out += hex_digits[c >> 4];
    out += hex_digits[c & 15];
  }
  return out;
}

Result<std::string> hex_decode(std::string_view hex) {
  std::string out;
  out.reserve(hex.size() / 2);
  bool odd = hex.size() % 2 != 0;
  for (std::size_t i = 0; !odd && i < hex.size(); i += 2) {
    int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
    if ((high | low) < 0) {
      odd = true;
      break;
    }
    out += static_cast<char>(high << 4 | low);
  }
  if (odd) return fail(ErrorCode::invalid_argument, "InvalidHex", "The text is not valid hex.");
  return out;
}

bool is_lower_hex(std::string_view text) {
  for (char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

std::string base64_encode(std::string_view bytes) {
  return encode64(bytes, standard(), true);
}
Result<std::string> base64_decode(std::string_view text) {
  return decode64(text, standard(), true);
}
std::string base64url_encode(std::string_view bytes) {
  return encode64(bytes, url_safe(), false);
}
Result<std::string> base64url_decode(std::string_view text) {
  return decode64(text, url_safe(), false);
}

void append_u32be(std::string& out, std::uint32_t value) {
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
}
void append_u64be(std::string& out, std::uint64_t value) {
  append_u32be(out, static_cast<std::uint32_t>(value >> 32));
  append_u32be(out, static_cast<std::uint32_t>(value));
}
std::uint32_t read_u32be(const char* p) {
  auto b = reinterpret_cast<const unsigned char*>(p);
  return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 |
         static_cast<std::uint32_t>(b[2]) << 8 | b[3];
}
std::uint64_t read_u64be(const char* p) {
  return static_cast<std::uint64_t>(read_u32be(p)) << 32 | read_u32be(p + 4);
}

}  // namespace cairn
