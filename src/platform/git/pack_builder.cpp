#include <algorithm>

#include "base/bytes.h"
#include "platform/git/pack.h"
#include "platform/git/pack_entry.h"

namespace cairn::git {

PackBuilder::PackBuilder(int zlib_level) : level_(zlib_level), bytes_(pack_header(0)) {}

Oid PackBuilder::add(ObjectType type, std::string_view content) {
  Oid oid = object_id(type, content);
  if (!known_.insert(oid).second) return oid;
  std::uint64_t offset = bytes_.size();
  std::uint32_t crc = append_entry(bytes_, type, content, level_);
  index_.push_back({oid, offset, crc});
  return oid;
}

void PackBuilder::add_all(const InlinePack& pack) {
  // In the order of the pack, not of the names: commits and trees stay in front.
  auto entries = pack.entries_;
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (const auto& entry : entries) {
    if (!known_.insert(entry.oid).second) continue;
    std::string_view raw = pack.raw(entry.offset);
    index_.push_back({entry.oid, bytes_.size(), crc32_of(raw)});
    bytes_ += raw;
  }
}

PackBytes PackBuilder::finish() {
  PackBytes out;
  bytes_.replace(0, pack_header_bytes, pack_header(static_cast<std::uint32_t>(index_.size())));
  out.checksum = sha1(bytes_);
  bytes_ += out.checksum.view();
  std::sort(index_.begin(), index_.end(),
            [](const auto& a, const auto& b) { return a.oid < b.oid; });
  out.bytes = std::move(bytes_);
  out.index = std::move(index_);
  *this = PackBuilder(level_);
  return out;
}

PackBytes merge_packs(const std::vector<std::shared_ptr<const InlinePack>>& packs) {
  PackBuilder builder;
  for (const auto& pack : packs) builder.add_all(*pack);
  return builder.finish();
}

}  // namespace cairn::git
