#include <algorithm>
#include <cstdlib>

#include "platform/xet/shard.h"

namespace {

using namespace cairn;
using namespace cairn::xet;

Result<Shard> parse_in_pieces(std::string_view bytes, std::size_t piece, ShardRules rules) {
  struct Collect final : ShardSink {
    Shard shard;
    Result<> file(FileBlock block) override {
      shard.files.push_back(std::move(block));
      return {};
    }
    Result<> xorb(XorbBlock block) override {
      shard.xorbs.push_back(std::move(block));
      return {};
    }
  } sink;
  ShardReader reader(bytes.size(), sink, rules);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    CAIRN_CHECK(reader.write(bytes.substr(0, piece)));
  CAIRN_TRY(footer, reader.finish());
  sink.shard.footer = footer;
  return std::move(sink.shard);
}

bool same(const Shard& a, const Shard& b) {
  return a.files == b.files && a.xorbs == b.xorbs;
}

}  // namespace

// A piece size (1 byte), then a shard. How it is cut into pieces changes nothing; what is accepted
// is written and read again as the same blocks, and no block breaks a limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::size_t piece = 1 + data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)parse_shard(bytes, {.require_range_hashes = false});
  auto shard = parse_shard(bytes);
  auto pieces = parse_in_pieces(bytes, piece, {});
  if (shard.has_value() != pieces.has_value()) std::abort();
  if (!shard) {
    if (shard.error().message != pieces.error().message) std::abort();
    return 0;
  }
  if (!same(*shard, *pieces) || shard->footer != pieces->footer) std::abort();
  for (const FileBlock& file : shard->files) {
    if (file.range_hashes.size() != file.terms.size()) std::abort();
    for (const Term& term : file.terms)
      if (term.chunks.first >= term.chunks.end || term.chunks.end > xorb_chunks_max) std::abort();
  }
  for (const XorbBlock& xorb : shard->xorbs)
    if (xorb.chunks.empty() || xorb.chunks.size() > xorb_chunks_max) std::abort();
  auto again = parse_shard(write_upload_shard(shard->files, shard->xorbs));
  if (!again || !same(*shard, *again)) std::abort();
  return 0;
}
