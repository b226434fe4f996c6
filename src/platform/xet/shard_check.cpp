#include "platform/xet/shard.h"

namespace cairn::xet {

namespace {

Failure invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidShard", std::move(message));
}

}  // namespace

Result<> check_term(const Term& term, const Hash& proof, const XorbIndex& index) {
  auto broken = [&](const char* rule) {
    return invalid("The term over chunks " + std::to_string(term.chunks.first) + " to " +
                   std::to_string(term.chunks.end) + " of xorb " + term.xorb.text() + " " + rule);
  };
  if (!index.contains(term.chunks)) return broken("reaches beyond the xorb.");
  if (index.content_bytes(term.chunks) != term.content_bytes)
    return broken("states another size than its chunks have.");
  if (index.range_hash(term.chunks) != proof)
    return broken("has a verification hash that is not that of its chunks.");
  return {};
}

Result<> check_xorb_block(const XorbBlock& block, const XorbIndex& index) {
  auto broken = [&](const std::string& rule) {
    return invalid("Xorb " + block.xorb.text() +
                   " is described otherwise than it was uploaded: " + rule);
  };
  if (block.xorb != index.xorb()) return broken("the name.");
  if (block.chunks.size() != index.count()) return broken("the number of chunks.");
  for (std::uint32_t i = 0; i < index.count(); ++i)
    if (block.chunks[i].hash != index.chunk(i) ||
        block.chunks[i].chunk_bytes != index.chunk_bytes(i))
      return broken("chunk " + std::to_string(i) + ".");
  return {};
}

void FileHasher::add(const XorbIndex& index, ChunkRange range) {
  for (std::uint32_t i = range.first; i < range.end; ++i)
    merkle_.add(index.chunk(i), index.chunk_bytes(i));
}

}  // namespace cairn::xet
