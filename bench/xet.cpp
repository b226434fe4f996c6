// The load of row xa: what one core does with xorbs. Times are CPU time of the thread, so that
// other programs on the machine count little.
//
// usage: cairn_bench_xet MEBIBYTES ROUNDS
//
// Content: "random" (does not compress), "float32" and "bfloat16" (normally distributed weights),
// "text". Of each, xorbs as the writer packs them, and over these bytes:
//   limit    LZ4 block decode of every payload into one buffer and BLAKE3 of it, nothing else: no
//            frames, no undoing of byte groups, no tree, no index
//   verify   XorbVerifier over the body in pieces of 512 KiB, as a body arrives
//   decode   decode_chunks of the whole xorb, as the bridge does
//   chunk    Chunker over the content
//   hash     chunk_hash of every chunk
//   write    XorbWriter: choice of scheme and compression
//
// stdout: one line of JSON: content -> measure -> bytes of content per second, median of ROUNDS.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <blake3.h>
#include <lz4.h>

#include "platform/xet/chunker.h"
#include "platform/xet/xorb.h"

namespace {

using namespace cairn::xet;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "cairn_bench_xet: %s\n", why);
  std::exit(1);
}

std::string make_content(std::string_view kind, std::size_t size) {
  std::mt19937_64 random(42);
  std::string out;
  out.reserve(size + 16);
  std::normal_distribution<float> normal(0, 0.02f);
  const std::string_view words[] = {"the ",     "of ", "model ", "layer ",
                                    "weights ", "a ",  "is ",    "\n"};
  while (out.size() < size) {
    if (kind == "random") {
      std::uint64_t value = random();
      out.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else if (kind == "text") {
      out.append(words[random() % 8]);
    } else {
      float value = normal(random);
      const char* bytes = reinterpret_cast<const char*>(&value);
      if (kind == "bfloat16")
        out.append(bytes + 2, 2);
      else
        out.append(bytes, 4);
    }
  }
  out.resize(size);
  return out;
}

struct Prepared {
  std::string content;
  std::vector<std::uint32_t> lengths;
  std::vector<XorbWriter::Finished> xorbs;
};

Prepared prepare(std::string_view kind, std::size_t size) {
  Prepared out;
  out.content = make_content(kind, size);
  out.lengths = chunk_lengths(out.content);
  XorbWriter writer;
  std::size_t at = 0;
  for (std::uint32_t length : out.lengths) {
    if (!writer.has_room(length)) out.xorbs.push_back(writer.finish());
    std::string_view chunk = std::string_view(out.content).substr(at, length);
    writer.add(chunk_hash(chunk), chunk);
    at += length;
  }
  out.xorbs.push_back(writer.finish());
  return out;
}

std::vector<char> buffer(chunk_bytes_max);

void run_limit(const Prepared& data) {
  static const std::uint8_t key[32] = {};
  for (const auto& xorb : data.xorbs)
    for (std::uint32_t i = 0; i < xorb.index.count(); ++i) {
      const char* record = xorb.body.data() + xorb.index.record_offset(i);
      auto header = parse_record_header({record, record_header_bytes});
      const char* content = record + record_header_bytes;
      if (header->scheme != Scheme::stored) {
        // The writer makes frames of one block: 7 bytes of header, 4 of size, 4 of end mark.
        int decoded = LZ4_decompress_safe(content + 11, buffer.data(),
                                          static_cast<int>(header->payload_bytes) - 15,
                                          static_cast<int>(header->chunk_bytes));
        if (decoded != static_cast<int>(header->chunk_bytes)) give_up("a block does not decode");
        content = buffer.data();
      }
      blake3_hasher hasher;
      std::uint8_t hash[32];
      blake3_hasher_init_keyed(&hasher, key);
      blake3_hasher_update(&hasher, content, header->chunk_bytes);
      blake3_hasher_finalize(&hasher, hash, sizeof hash);
    }
}

void run_verify(const Prepared& data) {
  constexpr std::size_t piece = 512 << 10;
  for (const auto& xorb : data.xorbs) {
    XorbVerifier verifier(xorb.index.xorb());
    for (std::size_t at = 0; at < xorb.body.size(); at += piece)
      if (!verifier.write(std::string_view(xorb.body).substr(at, piece))) give_up("refused");
    if (!verifier.finish()) give_up("refused");
  }
}

void run_decode(const Prepared& data) {
  static std::vector<char> into;
  for (const auto& xorb : data.xorbs) {
    into.resize(std::max(into.size(), static_cast<std::size_t>(xorb.index.content_bytes())));
    if (!decode_chunks(xorb.index, {0, xorb.index.count()}, xorb.body, into.data()))
      give_up("does not decode");
  }
}

void run_chunk(const Prepared& data) {
  if (chunk_lengths(data.content) != data.lengths) give_up("cut otherwise");
}

void run_hash(const Prepared& data) {
  std::size_t at = 0;
  for (std::uint32_t length : data.lengths) {
    if (chunk_hash(std::string_view(data.content).substr(at, length)).is_zero()) give_up("zero");
    at += length;
  }
}

void run_write(const Prepared& data) {
  static XorbWriter writer;
  std::size_t at = 0;
  for (std::uint32_t length : data.lengths) {
    if (!writer.has_room(length)) writer.reuse(writer.finish().body);
    writer.add(Hash{}, std::string_view(data.content).substr(at, length));
    at += length;
  }
  writer.reuse(writer.finish().body);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s MEBIBYTES ROUNDS\n", argv[0]);
    return 2;
  }
  std::size_t size = std::strtoull(argv[1], nullptr, 10) << 20;
  int rounds = std::atoi(argv[2]);
  if (size == 0 || rounds < 1) return 2;
  const std::pair<const char*, void (*)(const Prepared&)> measures[] = {
      {"limit", run_limit}, {"verify", run_verify}, {"decode", run_decode},
      {"chunk", run_chunk}, {"hash", run_hash},     {"write", run_write}};
  std::string out = "{";
  for (const char* kind : {"random", "float32", "bfloat16", "text"}) {
    Prepared data = prepare(kind, size);
    std::map<std::string, std::vector<double>> rates;
    for (int round = 0; round < rounds; ++round)
      for (const auto& [name, run] : measures) {  // In turn, so that a slow moment hits all.
        double began = cpu_seconds();
        run(data);
        rates[name].push_back(static_cast<double>(size) / (cpu_seconds() - began));
      }
    std::size_t stored = 0;
    for (const auto& xorb : data.xorbs) stored += xorb.body.size();
    out += (out.size() > 1 ? ", \"" : "\"") + std::string(kind) + "\": {\"stored\": " +
           std::to_string(static_cast<double>(stored) / static_cast<double>(size));
    for (auto& [name, of] : rates) {
      std::sort(of.begin(), of.end());
      out += ", \"" + name + "\": " + std::to_string(of[of.size() / 2]);
    }
    out += "}";
  }
  std::printf("%s}\n", out.c_str());
  return 0;
}
