#include <algorithm>

#include "base/bytes.h"
#include "platform/git/pack.h"
#include "platform/git/pack_entry.h"
#include "platform/git/tree_delta.h"

namespace cairn::git {
namespace {

/// Checks header and trailer. @return the number of objects.
Result<std::uint32_t> check_frame(std::string_view bytes) {
  if (bytes.size() < pack_header_bytes + oid_bytes || bytes.size() > UINT32_MAX)
    return corrupt_pack("has no header");
  if (!bytes.starts_with("PACK") || read_u32be(bytes.data() + 4) != 2)
    return corrupt_pack("is not of version 2");
  return read_u32be(bytes.data() + 8);
}

}  // namespace

InlinePack::InlinePack(std::string bytes, std::vector<Entry> entries)
    : bytes_(std::move(bytes)), entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.oid < b.oid; });
  offsets_.reserve(entries_.size() + 1);
  for (const auto& entry : entries_) offsets_.push_back(entry.offset);
  offsets_.push_back(static_cast<std::uint32_t>(bytes_.size() - oid_bytes));
  std::sort(offsets_.begin(), offsets_.end());
  for (const auto& e : entries_) {
    auto header = read_entry_header(raw(e.offset));
    if (!header || !header->base) continue;
    has_deltas_ = true;
    stands_alone_ = stands_alone_ && contains(*header->base);
  }
}

Result<std::shared_ptr<const InlinePack>> InlinePack::parse(std::string bytes) {
  CAIRN_TRY(count, check_frame(bytes));
  std::string_view body(bytes);
  body.remove_suffix(oid_bytes);
  if (sha1(body).view() != std::string_view(bytes).substr(body.size()))
    return corrupt_pack("does not match its checksum");
  std::vector<Entry> entries;
  std::unordered_set<Oid> known;
  std::uint64_t unpacked = 0;
  std::size_t at = pack_header_bytes;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto header = read_entry_header(body.substr(at));
    if (!header || header->base) return corrupt_pack("has a delta or an object of an unknown type");
    unpacked += header->object.size_bytes;
    if (unpacked > inline_pack_unpacked_bytes_max)
      return corrupt_pack("unpacks to more than is kept in memory");
    auto inflated =
        inflate_exactly(body.substr(at + header->header_bytes), header->object.size_bytes);
    if (!inflated) return corrupt_pack("has an object that does not inflate");
    Oid oid = object_id(header->object.type, inflated->content);
    if (!known.insert(oid).second) return corrupt_pack("has an object twice");
    entries.push_back({oid, static_cast<std::uint32_t>(at)});
    at += header->header_bytes + inflated->compressed_bytes;
  }
  if (at != body.size()) return corrupt_pack("has bytes after its last object");
  return std::shared_ptr<const InlinePack>(new InlinePack(std::move(bytes), std::move(entries)));
}

Result<std::shared_ptr<const InlinePack>> InlinePack::load(std::string bytes,
                                                           std::string_view idx) {
  CAIRN_TRY(count, check_frame(bytes));
  CAIRN_TRY(index, parse_idx(idx, false));
  std::string_view view(bytes);
  if (index.entries.size() != count || index.pack_checksum.view() != view.substr(view.size() - 20))
    return corrupt_pack("and its index do not belong together");
  std::vector<Entry> entries;
  entries.reserve(count);
  for (const auto& entry : index.entries) {
    if (entry.offset < pack_header_bytes || entry.offset >= view.size() - oid_bytes ||
        !read_entry_header(view.substr(entry.offset, view.size() - oid_bytes - entry.offset)))
      return corrupt_pack("has an index that leads to no object");
    entries.push_back({entry.oid, static_cast<std::uint32_t>(entry.offset)});
  }
  return std::shared_ptr<const InlinePack>(new InlinePack(std::move(bytes), std::move(entries)));
}

std::shared_ptr<const InlinePack> InlinePack::from(PackBytes pack) {
  std::vector<Entry> entries;
  entries.reserve(pack.index.size());
  for (const auto& entry : pack.index)
    entries.push_back({entry.oid, static_cast<std::uint32_t>(entry.offset)});
  return std::shared_ptr<const InlinePack>(
      new InlinePack(std::move(pack.bytes), std::move(entries)));
}

const InlinePack::Entry* InlinePack::entry(const Oid& oid) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), oid,
                             [](const Entry& entry, const Oid& key) { return entry.oid < key; });
  return at != entries_.end() && at->oid == oid ? &*at : nullptr;
}

std::string_view InlinePack::raw(std::uint32_t offset) const {
  auto end = std::upper_bound(offsets_.begin(), offsets_.end(), offset);
  return std::string_view(bytes_).substr(offset, *end - offset);
}

std::optional<ObjectHeader> InlinePack::find(const Oid& oid) const {
  const Entry* found = entry(oid);
  if (!found) return {};
  auto header = read_entry_header(raw(found->offset));
  if (!header) return std::nullopt;
  if (!header->base) return header->object;
  auto stored = delta(oid);
  auto size = stored ? delta_result_bytes(stored->instructions) : std::nullopt;
  if (!size) return std::nullopt;
  return ObjectHeader{ObjectType::tree, *size};
}

std::optional<TreeDelta> InlinePack::delta(const Oid& oid) const {
  if (!has_deltas_) return std::nullopt;
  const Entry* found = entry(oid);
  if (!found) return std::nullopt;
  std::string_view bytes = raw(found->offset);
  auto header = read_entry_header(bytes);
  if (!header || !header->base) return std::nullopt;
  auto inflated = inflate_exactly(bytes.substr(header->header_bytes), header->object.size_bytes);
  if (!inflated) return std::nullopt;
  return TreeDelta{*header->base, std::move(inflated->content)};
}

Result<Object> InlinePack::read(const Oid& oid) const {
  const Entry* found = entry(oid);
  if (!found)
    return fail(ErrorCode::not_found, "ObjectNotFound",
                "The object " + oid.hex() + " is not in this repository.");
  std::string_view bytes = raw(found->offset);
  auto header = read_entry_header(bytes);
  if (!header || header->base) return corrupt_pack("has an object of an unknown type");
  auto inflated = inflate_exactly(bytes.substr(header->header_bytes), header->object.size_bytes);
  if (!inflated) return corrupt_pack("has an object that does not inflate");
  return Object{header->object.type, std::move(inflated->content)};
}

Sha1Digest InlinePack::checksum() const {
  return Sha1Digest::from_bytes(std::string_view(bytes_).substr(bytes_.size() - oid_bytes));
}

std::vector<PackIndexEntry> InlinePack::index() const {
  std::vector<PackIndexEntry> out;
  out.reserve(entries_.size());
  for (const auto& entry : entries_)
    out.push_back({entry.oid, entry.offset, crc32_of(raw(entry.offset))});
  return out;
}

void InlinePack::list(const Oid& low, const Oid& high, std::size_t count_max,
                      std::vector<Oid>& out) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), low,
                             [](const Entry& entry, const Oid& key) { return entry.oid < key; });
  for (; count_max > 0 && at != entries_.end() && !(high < at->oid); ++at, --count_max)
    out.push_back(at->oid);
}

}  // namespace cairn::git
