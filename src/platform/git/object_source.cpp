#include "platform/git/object_source.h"

#include <algorithm>

#include "base/bytes.h"
#include "platform/git/tree_delta.h"

namespace cairn::git {
namespace {

/// Commits make at most 8 in a pack, and 40 packs are seen at once; merged ones are complete.
constexpr std::size_t delta_depth_max = 1000;

Failure not_found(const Oid& oid) {
  return fail(ErrorCode::not_found, "ObjectNotFound",
              "The object " + oid.hex() + " is not in this repository.");
}

Result<Object> checked(Result<Object> object, const Oid& oid, VerifyHash verify) {
  if (object && verify == VerifyHash::yes && object_id(object->type, object->content) != oid)
    return fail(ErrorCode::corrupt, "CorruptObject",
                "The object " + oid.hex() +
                    " has another content than its name says. Ask the operator to run `cairn "
                    "fsck`.");
  return object;
}

Result<> check_size(const ObjectHeader& header, std::uint64_t bytes_max, const Oid& oid) {
  if (header.size_bytes <= bytes_max) return {};
  return fail(ErrorCode::too_large, "ObjectTooLarge",
              "The object " + oid.hex() + " has " + std::to_string(header.size_bytes) +
                  " bytes; at most " + std::to_string(bytes_max) +
                  " are read at once. Fetch it with git.");
}

}  // namespace

ObjectSource::ObjectSource(std::vector<Inline> inline_packs, std::vector<Disk> disk_packs)
    : inline_(std::move(inline_packs)), disk_(std::move(disk_packs)) {}

ObjectSource ObjectSource::with(Inline pack) const {
  ObjectSource out;
  out.inline_.reserve(inline_.size() + 1);
  out.inline_.push_back(std::move(pack));
  out.inline_.insert(out.inline_.end(), inline_.begin(), inline_.end());
  out.disk_ = disk_;
  return out;
}

bool ObjectSource::contains(const Oid& oid) const {
  auto has = [&](const auto& pack) { return pack->contains(oid); };
  return std::ranges::any_of(inline_, has) || std::ranges::any_of(disk_, has);
}

Result<ObjectHeader> ObjectSource::header(const Oid& oid) const {
  for (const auto& pack : inline_)
    if (auto header = pack->find(oid)) return *header;
  for (const auto& pack : disk_)
    if (pack->contains(oid)) return pack->header(oid);
  return not_found(oid);
}

Result<Object> ObjectSource::read(const Oid& oid, std::uint64_t bytes_max,
                                  VerifyHash verify) const {
  for (const auto& pack : inline_)
    if (auto header = pack->find(oid)) {
      CAIRN_CHECK(check_size(*header, bytes_max, oid));
      if (!pack->has_deltas()) return checked(pack->read(oid), oid, verify);
      std::vector<Oid> above;
      auto content = read_delta(oid, above);
      if (content) return checked(Object{header->type, std::move(*content)}, oid, verify);
      return fail(content.error());
    }
  for (const auto& pack : disk_)
    if (pack->contains(oid)) {
      CAIRN_TRY(header, pack->header(oid));
      CAIRN_CHECK(check_size(header, bytes_max, oid));
      return checked(pack->read(oid), oid, verify);
    }
  return not_found(oid);
}

/// @param above  what is being made from this one: a base among them would lead in a circle, and
///               another pack has another form of it then.
Result<std::string> ObjectSource::read_delta(const Oid& oid, std::vector<Oid>& above) const {
  if (above.size() > delta_depth_max)
    return fail(ErrorCode::corrupt, "CorruptPack",
                "A folder is stored as too many changes of changes. Ask the operator to run `cairn "
                "fsck`.");
  for (const auto& pack : inline_) {
    if (!pack->contains(oid)) continue;
    auto delta = pack->delta(oid);
    if (!delta) {
      CAIRN_TRY(object, pack->read(oid));
      return std::move(object.content);
    }
    if (delta->base == oid || std::ranges::find(above, delta->base) != above.end()) continue;
    above.push_back(oid);
    auto base = read_delta(delta->base, above);
    above.pop_back();
    if (base) return apply_delta(*base, delta->instructions);
  }
  for (const auto& pack : disk_)
    if (pack->contains(oid)) {
      CAIRN_TRY(object, pack->read(oid));
      return std::move(object.content);
    }
  return not_found(oid);
}

Result<CommitData> ObjectSource::read_commit(const Oid& oid) const {
  CAIRN_TRY(object, read(oid, parsed_object_bytes_max));
  if (object.type != ObjectType::commit) return not_found(oid);
  return parse_commit(object.content);
}

Result<std::vector<TreeEntry>> ObjectSource::read_tree(const Oid& oid) const {
  // git writes no object for the empty tree it compares with, yet commits may name it.
  static const Oid empty_tree = object_id(ObjectType::tree, "");
  if (oid == empty_tree) return std::vector<TreeEntry>{};
  CAIRN_TRY(object, read(oid, parsed_object_bytes_max));
  if (object.type != ObjectType::tree) return not_found(oid);
  return parse_tree(object.content);
}

Result<TagData> ObjectSource::read_tag(const Oid& oid) const {
  CAIRN_TRY(object, read(oid, parsed_object_bytes_max));
  if (object.type != ObjectType::tag) return not_found(oid);
  return parse_tag(object.content);
}

Result<std::vector<Oid>> ObjectSource::find_prefix(std::string_view hex,
                                                   std::size_t count_max) const {
  if (hex.size() < 4 || hex.size() > oid_hex || !is_lower_hex(hex))
    return fail(ErrorCode::invalid_argument, "InvalidOid",
                "An abbreviated object id is 4 to 40 lower-case hex digits.");
  std::string low(hex), high(hex);
  low.resize(oid_hex, '0');
  high.resize(oid_hex, 'f');
  Oid from = *Oid::parse(low), to = *Oid::parse(high);
  std::vector<Oid> out;
  // Each pack gives its lowest, so the lowest of all are among them.
  for (const auto& pack : inline_) pack->list(from, to, count_max, out);
  for (const auto& pack : disk_) pack->list(from, to, count_max, out);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() > count_max) out.resize(count_max);
  return out;
}

}  // namespace cairn::git
