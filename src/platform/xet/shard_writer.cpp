#include <algorithm>

#include "platform/xet/little_endian.h"
#include "platform/xet/shard.h"
#include "platform/xet/shard_format.h"

namespace cairn::xet {

namespace {

void append_header(std::string& out, std::uint64_t footer_bytes) {
  out.append(shard::tag);
  append_u64le(out, shard::version);
  append_u64le(out, footer_bytes);
}

void append_end_marker(std::string& out) {
  out.append(32, '\xff');
  out.append(16, '\0');
}

/// A hash and 16 bytes that mean nothing.
void append_hash_record(std::string& out, const Hash& hash) {
  out.append(hash.view());
  out.append(16, '\0');
}

/// A hash and four numbers: the shape of all other records.
void append_record(std::string& out, const Hash& hash, std::uint32_t a, std::uint32_t b,
                   std::uint32_t c, std::uint32_t d) {
  out.append(hash.view());
  for (std::uint32_t number : {a, b, c, d}) append_u32le(out, number);
}

void append_file(std::string& out, const FileBlock& block) {
  std::uint32_t flags = shard::has_range_hashes | (block.sha256 ? shard::has_sha256 : 0);
  append_record(out, block.file, flags, static_cast<std::uint32_t>(block.terms.size()), 0, 0);
  for (const Term& term : block.terms)
    append_record(out, term.xorb, 0, term.content_bytes, term.chunks.first, term.chunks.end);
  for (const Hash& proof : block.range_hashes) append_hash_record(out, proof);
  if (block.sha256) append_hash_record(out, Hash::from_sha256(*block.sha256));
}

void append_xorb(std::string& out, const XorbBlock& block) {
  std::uint32_t size = 0;
  for (const ShardChunk& chunk : block.chunks) size += chunk.chunk_bytes;
  append_record(out, block.xorb, 0, static_cast<std::uint32_t>(block.chunks.size()), size,
                block.body_bytes);
  std::uint32_t start = 0;
  for (const ShardChunk& chunk : block.chunks) {
    append_record(out, chunk.hash, start, chunk.chunk_bytes, chunk.is_key ? shard::is_key_chunk : 0,
                  0);
    start += chunk.chunk_bytes;
  }
}

void append_dedup_xorb(std::string& out, const DedupXorb& shown, const Hash& key) {
  const XorbIndex& index = *shown.index;
  append_record(out, index.xorb(), 0, index.count(),
                static_cast<std::uint32_t>(index.content_bytes()),
                static_cast<std::uint32_t>(index.body_bytes()));
  auto flagged = shown.keys.begin();
  for (std::uint32_t i = 0; i < index.count(); ++i) {
    flagged = std::find_if(flagged, shown.keys.end(), [&](std::uint32_t k) { return k >= i; });
    bool is_key = flagged != shown.keys.end() && *flagged == i;
    append_record(out, dedup_hash(key, index.chunk(i)),
                  static_cast<std::uint32_t>(index.content_offset(i)), index.chunk_bytes(i),
                  is_key ? shard::is_key_chunk : 0, 0);
  }
}

}  // namespace

std::string write_upload_shard(std::span<const FileBlock> files, std::span<const XorbBlock> xorbs) {
  std::string out;
  append_header(out, 0);
  for (const FileBlock& file : files) append_file(out, file);
  append_end_marker(out);
  for (const XorbBlock& xorb : xorbs) append_xorb(out, xorb);
  append_end_marker(out);
  return out;
}

std::string write_dedup_shard(std::span<const DedupXorb> xorbs, const Hash& key,
                              std::uint64_t created_at_s, std::uint64_t expires_at_s) {
  std::uint64_t records = 0, stored = 0, content = 0;
  for (const DedupXorb& xorb : xorbs) {
    records += 1 + xorb.index->count();
    stored += xorb.index->body_bytes();
    content += xorb.index->content_bytes();
  }
  std::string out;
  out.reserve((3 + records) * shard_record_bytes + shard_footer_bytes);
  append_header(out, shard_footer_bytes);
  append_end_marker(out);  // No files: their hashes are nobody else's business.
  std::uint64_t xorb_section = out.size();
  for (const DedupXorb& xorb : xorbs) append_dedup_xorb(out, xorb, key);
  append_end_marker(out);

  std::uint64_t end = out.size();
  append_u64le(out, shard::footer_version);
  append_u64le(out, shard_record_bytes);
  append_u64le(out, xorb_section);
  // Three empty lookup tables. Their offsets are where readers take the xorb section to end.
  for (int table = 0; table < 3; ++table) {
    append_u64le(out, end);
    append_u64le(out, 0);
  }
  out.append(key.view());
  append_u64le(out, created_at_s);
  append_u64le(out, expires_at_s);
  out.append(48, '\0');
  append_u64le(out, stored);
  append_u64le(out, 0);  // Of files: there are none.
  append_u64le(out, content);
  append_u64le(out, end);
  return out;
}

}  // namespace cairn::xet
