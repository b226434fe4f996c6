// The load of rows xe and xf: xorbs and shards as clients send them, made without a client.
//
// usage: cairn_bench_shards FOLDER XORBS
//
// Writes into FOLDER
//   <name>      XORBS bodies, each of 16 MiB of random bytes, named by their hash's text
//   known.*     a file of 64 MiB: its one xorb (.xorb) and the shard that describes it (.shard)
//   long.*      a xorb of 8 192 chunks of 1 KiB, and the longest shard that may be sent: one file
//   of
//               one term per chunk, in random order, each with its range hash
//
// stdout: one line of JSON: names, sizes, digests, and the chunks of "known" that may be asked for.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/hash.h"
#include "platform/xet/chunker.h"
#include "platform/xet/shard.h"
#include "platform/xet/xorb.h"

namespace {

using namespace cairn;
using namespace cairn::xet;
namespace json = boost::json;

constexpr std::size_t mebibyte = 1 << 20;

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) {
    std::fprintf(stderr, "cairn_bench_shards: cannot write a file\n");
    std::exit(1);
  }
}

std::string random_bytes(std::mt19937_64& random, std::size_t count) {
  std::string out;
  out.reserve(count + 8);
  while (out.size() < count) {
    std::uint64_t value = random();
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  out.resize(count);
  return out;
}

XorbWriter::Finished pack(std::string_view content, const std::vector<std::uint32_t>& lengths) {
  XorbWriter writer;
  std::size_t at = 0;
  for (auto length : lengths) {
    auto chunk = content.substr(at, length);
    writer.add(chunk_hash(chunk), chunk);
    at += length;
  }
  return writer.finish();
}

XorbBlock describe(const XorbIndex& index) {
  XorbBlock out{index.xorb(), 0, {}};
  for (std::uint32_t i = 0; i < index.count(); ++i)
    out.chunks.push_back({index.chunk(i), index.chunk_bytes(i), index.chunk(i).is_key_chunk()});
  return out;
}

void add_term(FileBlock& file, FileHasher& hasher, const XorbIndex& index, ChunkRange range) {
  file.terms.push_back(
      {index.xorb(), static_cast<std::uint32_t>(index.content_bytes(range)), range});
  file.range_hashes.push_back(index.range_hash(range));
  hasher.add(index, range);
}

json::object write_file_of(const std::filesystem::path& folder, const std::string& name,
                           const XorbWriter::Finished& xorb, const std::vector<ChunkRange>& terms,
                           std::string_view content) {
  FileBlock file;
  FileHasher hasher;
  Sha256 sha256;
  for (auto range : terms) {
    add_term(file, hasher, xorb.index, range);
    sha256.update(
        content.substr(xorb.index.content_offset(range.first), xorb.index.content_bytes(range)));
  }
  file.file = hasher.file();
  file.sha256 = sha256.finish();
  auto shard = write_upload_shard(std::vector{file}, std::vector{describe(xorb.index)});
  write_file(folder / (name + ".xorb"), xorb.body);
  write_file(folder / (name + ".shard"), shard);
  json::array keys;
  for (std::uint32_t i = 0; i < xorb.index.count(); ++i)
    if (i == 0 || xorb.index.chunk(i).is_key_chunk()) keys.emplace_back(xorb.index.chunk(i).text());
  return {{"xorb", xorb.index.xorb().text()}, {"file", file.file.text()},
          {"sha256", file.sha256->hex()},     {"bytes", hasher.size_bytes()},
          {"terms", file.terms.size()},       {"records", shard.size() / shard_record_bytes},
          {"keys", std::move(keys)}};
}

json::object make_known(std::mt19937_64& random, const std::filesystem::path& folder) {
  // A little less than a xorb takes, so that it is one.
  auto content = random_bytes(random, 63 * mebibyte);
  auto xorb = pack(content, chunk_lengths(content));
  return write_file_of(folder, "known", xorb, {{0, xorb.index.count()}}, content);
}

json::object make_long(std::mt19937_64& random, const std::filesystem::path& folder) {
  auto content = random_bytes(random, xorb_chunks_max << 10);
  auto xorb = pack(content, std::vector<std::uint32_t>(xorb_chunks_max, 1 << 10));
  // Header, end marks and the xorb's own records take some; a term takes two: itself and its proof.
  std::size_t count = (shard_bytes_max / shard_record_bytes - xorb_chunks_max - 16) / 2;
  std::vector<ChunkRange> terms;
  for (std::size_t i = 0; i < count; ++i) {
    auto chunk = static_cast<std::uint32_t>(random() % xorb_chunks_max);
    terms.push_back({chunk, chunk + 1});
  }
  return write_file_of(folder, "long", xorb, terms, content);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: cairn_bench_shards FOLDER XORBS\n");
    return 2;
  }
  std::filesystem::path folder = argv[1];
  std::mt19937_64 random(std::random_device{}());
  json::array names;
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    auto content = random_bytes(random, 16 * mebibyte);
    auto xorb = pack(content, chunk_lengths(content));
    write_file(folder / xorb.index.xorb().text(), xorb.body);
    names.emplace_back(xorb.index.xorb().text());
  }
  json::object out{{"xorbs", std::move(names)},
                   {"known", make_known(random, folder)},
                   {"long", make_long(random, folder)}};
  std::printf("%s\n", json::serialize(out).c_str());
  return 0;
}
