#include "hub/xet/xorbs.h"

namespace cairn::xet {
namespace {

constexpr std::string_view magic = "CXI1";
constexpr std::size_t end_bytes = 8;
/// Indexes are 40 bytes per chunk, 40 KiB for a full xorb of usual chunks: some 800 xorbs.
constexpr std::size_t cached_bytes_max = 32u << 20;
/// Descriptors; a node has 1024 by default, and connections need theirs.
constexpr std::size_t cached_count_max = 256;

Failure damaged(const storage::Key& key) {
  return fail(ErrorCode::corrupt, "XorbCorrupt",
              "A stored part of this file is damaged. Ask an administrator to run cairn fsck.")
      .with("key", key.text);
}

}  // namespace

std::string encode_tail(const XorbIndex& index) {
  std::string out = index.bytes();
  auto size = static_cast<std::uint32_t>(out.size());
  for (int i = 0; i < 4; ++i) out += static_cast<char>(size >> (8 * i));
  return out += magic;
}

Result<std::shared_ptr<const OpenXorb>> Xorbs::open(const storage::Key& key) {
  if (auto known = find(key)) return known;
  CAIRN_TRY(reader, store_.open(key));
  std::uint64_t size = reader->size_bytes();
  if (size < end_bytes) return damaged(key);
  CAIRN_TRY(end, reader->read({size - end_bytes, end_bytes}));
  std::uint64_t index_bytes = 0;
  for (std::size_t i = 4; i-- > 0;)
    index_bytes = index_bytes << 8 | static_cast<unsigned char>(end[i]);
  if (!end.ends_with(magic) || index_bytes > size - end_bytes) return damaged(key);
  CAIRN_TRY(text, reader->read({size - end_bytes - index_bytes, index_bytes}));
  CAIRN_TRY(index, XorbIndex::parse(std::move(text)));
  if (index.body_bytes() != size - end_bytes - index_bytes) return damaged(key);
  auto out = std::make_shared<const OpenXorb>(
      OpenXorb{std::shared_ptr<storage::Reader>(std::move(reader)), std::move(index)});
  put(key, out);
  return out;
}

std::shared_ptr<const OpenXorb> Xorbs::find(const storage::Key& key) {
  std::lock_guard lock(mutex_);
  auto at = by_key_.find(key.text);
  if (at == by_key_.end()) return nullptr;
  used_.splice(used_.begin(), used_, at->second);
  return at->second->second;
}

void Xorbs::put(const storage::Key& key, std::shared_ptr<const OpenXorb> xorb) {
  std::lock_guard lock(mutex_);
  if (by_key_.contains(key.text)) return;
  bytes_ += xorb->index.bytes().size();
  used_.emplace_front(key.text, std::move(xorb));
  by_key_[key.text] = used_.begin();
  while (used_.size() > 1 && (bytes_ > cached_bytes_max || used_.size() > cached_count_max))
    drop_last();
}

void Xorbs::drop_last() {
  bytes_ -= used_.back().second->index.bytes().size();
  by_key_.erase(used_.back().first);
  used_.pop_back();
}

void Xorbs::forget(const storage::Key& key) {
  std::lock_guard lock(mutex_);
  auto at = by_key_.find(key.text);
  if (at == by_key_.end()) return;
  bytes_ -= at->second->second->index.bytes().size();
  used_.erase(at->second);
  by_key_.erase(at);
}

Result<> read_content(const OpenXorb& xorb, ChunkRange chunks, std::string& out) {
  auto records = xorb.index.records(chunks);
  CAIRN_TRY(bytes, xorb.reader->read({records.first, records.count()}));
  auto before = out.size();
  auto count = static_cast<std::size_t>(xorb.index.content_bytes(chunks));
  Result<> decoded;
  // Not zeroed first. The size is ours: the one that libstdc++ 12 passes may be larger than asked.
  out.resize_and_overwrite(before + count, [&](char* to, std::size_t) {
    decoded = decode_chunks(xorb.index, chunks, bytes, to + before);
    return before + count;
  });
  return decoded;
}

}  // namespace cairn::xet
