#include <algorithm>

#include "base/bytes.h"
#include "platform/git/object_source.h"
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

void PackBuilder::add_tree_delta(const Oid& oid, const Oid& base, std::string_view delta) {
  if (!known_.insert(oid).second) return;
  std::uint64_t offset = bytes_.size();
  index_.push_back({oid, offset, append_delta_entry(bytes_, base, delta, level_)});
}

Result<> PackBuilder::add_all(const InlinePack& pack, const ObjectSource& source) {
  // In the order of the pack, not of the names: commits and trees stay in front.
  auto entries = pack.entries_;
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (const auto& entry : entries) {
    if (known_.contains(entry.oid)) continue;
    std::string_view raw = pack.raw(entry.offset);
    auto header = pack.has_deltas() ? read_entry_header(raw) : std::nullopt;
    // A base that came before its delta leads to no circle.
    if (header && header->base && !known_.contains(*header->base)) {
      CAIRN_TRY(whole, source.read(entry.oid, inline_pack_unpacked_bytes_max));
      add(whole.type, whole.content);
      continue;
    }
    known_.insert(entry.oid);
    index_.push_back({entry.oid, bytes_.size(), crc32_of(raw)});
    bytes_ += raw;
  }
  return {};
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

Result<PackBytes> merge_packs(const std::vector<std::shared_ptr<const InlinePack>>& packs,
                              const ObjectSource& source) {
  PackBuilder builder;
  for (const auto& pack : packs) CAIRN_CHECK(builder.add_all(*pack, source));
  return builder.finish();
}

}  // namespace cairn::git
