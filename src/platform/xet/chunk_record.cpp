#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "platform/xet/byte_groups.h"
#include "platform/xet/lz4_frame.h"
#include "platform/xet/xorb.h"

namespace cairn::xet {

namespace {

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidXorb", std::move(message));
}

std::uint32_t read_u24le(const char* p) {
  const auto* b = reinterpret_cast<const std::uint8_t*>(p);
  return b[0] | b[1] << 8 | static_cast<std::uint32_t>(b[2]) << 16;
}

void write_u24le(char* p, std::uint32_t value) {
  for (int i = 0; i < 3; ++i) p[i] = static_cast<char>(value >> (8 * i));
}

/// Room for one chunk in byte groups; kept by each thread, since it is needed for each chunk.
char* group_buffer() {
  thread_local const auto buffer = std::make_unique<char[]>(chunk_bytes_max);
  return buffer.get();
}

}  // namespace

Result<RecordHeader> parse_record_header(std::string_view bytes) {
  RecordHeader header;
  if (bytes[0] != 0) return invalid("Its record has a version other than 0.");
  header.payload_bytes = read_u24le(bytes.data() + 1);
  auto scheme = static_cast<std::uint8_t>(bytes[4]);
  header.scheme = static_cast<Scheme>(scheme);
  header.chunk_bytes = read_u24le(bytes.data() + 5);
  if (scheme > 2)
    return invalid("Its record has the unknown compression scheme " + std::to_string(scheme) + ".");
  if (header.chunk_bytes == 0 || header.chunk_bytes > chunk_bytes_max)
    return invalid("Its record states " + std::to_string(header.chunk_bytes) +
                   " bytes; a chunk has 1 to 131072.");
  if (header.payload_bytes == 0 || header.payload_bytes > record_payload_bytes_max)
    return invalid("Its record states a payload of " + std::to_string(header.payload_bytes) +
                   " bytes; it has 1 to 262144.");
  if (header.scheme == Scheme::stored && header.payload_bytes != header.chunk_bytes)
    return invalid("It is stored uncompressed, with two different sizes.");
  return header;
}

std::array<char, record_header_bytes> encode_record_header(const RecordHeader& header) {
  std::array<char, record_header_bytes> out{};
  write_u24le(out.data() + 1, header.payload_bytes);
  out[4] = static_cast<char>(header.scheme);
  write_u24le(out.data() + 5, header.chunk_bytes);
  return out;
}

Result<> decode_chunk(const RecordHeader& header, std::string_view payload, char* into) {
  const char* wrong = nullptr;
  switch (header.scheme) {
    case Scheme::stored:
      std::memcpy(into, payload.data(), header.chunk_bytes);
      break;
    case Scheme::lz4:
      wrong = decode_lz4_frame(payload, into, header.chunk_bytes);
      break;
    case Scheme::bg4_lz4: {
      char* groups = group_buffer();
      wrong = decode_lz4_frame(payload, groups, header.chunk_bytes);
      if (wrong == nullptr) join_byte_groups(groups, into, header.chunk_bytes);
      break;
    }
  }
  if (wrong != nullptr) return invalid("It does not decode: " + std::string(wrong) + ".");
  return {};
}

void append_record(std::string& out, std::string_view chunk, Scheme scheme) {
  std::size_t start = out.size();
  out.append(record_header_bytes, '\0');
  if (scheme == Scheme::lz4) {
    append_lz4_frame(out, chunk);
  } else if (scheme == Scheme::bg4_lz4) {
    char* groups = group_buffer();
    split_byte_groups(chunk.data(), groups, chunk.size());
    append_lz4_frame(out, {groups, chunk.size()});
  }
  std::size_t payload = out.size() - start - record_header_bytes;
  if (scheme == Scheme::stored || payload >= chunk.size()) {
    out.resize(start + record_header_bytes);
    out.append(chunk);
    payload = chunk.size();
    scheme = Scheme::stored;
  }
  auto header = encode_record_header(
      {scheme, static_cast<std::uint32_t>(payload), static_cast<std::uint32_t>(chunk.size())});
  std::memcpy(out.data() + start, header.data(), header.size());
}

Scheme choose_scheme(std::string_view chunk) {
  // How many bytes at each place modulo 4 have 0 to 8 bits set. In 32-bit numbers the four places
  // differ (exponents against mantissas), in text they do not.
  std::uint32_t seen[4][9] = {};
  for (std::size_t i = 0; i + 4 <= chunk.size(); i += 4)
    for (std::size_t place = 0; place < 4; ++place)
      ++seen[place][__builtin_popcount(static_cast<std::uint8_t>(chunk[i + place]))];
  const std::size_t words = chunk.size() / 4;
  auto per_place = static_cast<double>(words);
  // The Kullback-Leibler divergence of one place from all four; one is added to each count of the
  // whole, so that none is zero.
  double most = 0;
  for (const auto& place : seen) {
    double divergence = 0;
    for (std::size_t bits = 0; bits < 9; ++bits) {
      if (place[bits] == 0) continue;
      double all = 1;
      for (const auto& other : seen) all += other[bits];
      double p = place[bits] / per_place;
      divergence += p * std::log(p / (all / (4 * per_place)));
    }
    most = std::max(most, divergence);
  }
  // The threshold of the Rust client (bg4_prediction.rs).
  constexpr double divergence_worth_grouping = 0.02;
  return most > divergence_worth_grouping ? Scheme::bg4_lz4 : Scheme::lz4;
}

}  // namespace cairn::xet
