#include "platform/git/sent_pack.h"

#include <algorithm>

#include "platform/git/file.h"

namespace cairn::git {
namespace {

// gitformat-pack(5).
constexpr unsigned offset_delta = 6, ref_delta = 7;
// git itself makes chains of 50; a cycle must end somewhere.
constexpr int chain_max = 5000;

struct Head {
  unsigned type = 0;
  std::uint64_t base_distance = 0;  ///< Of an offset delta.
  std::optional<Oid> base;          ///< Of a delta by name.
};

std::optional<Head> read_head(std::string_view at) {
  std::size_t i = 0;
  auto next = [&]() -> std::optional<unsigned char> {
    if (i == at.size()) return std::nullopt;
    return static_cast<unsigned char>(at[i++]);
  };
  auto byte = next();
  if (!byte) return std::nullopt;
  Head out;
  out.type = (*byte >> 4) & 7;
  while (*byte & 0x80)
    if (!(byte = next())) return std::nullopt;
  if (out.type == ref_delta) {
    if (at.size() - i < oid_bytes) return std::nullopt;
    out.base = Oid::from_bytes(at.substr(i, oid_bytes));
  }
  if (out.type == offset_delta) {
    if (!(byte = next())) return std::nullopt;
    out.base_distance = *byte & 0x7f;
    while (*byte & 0x80) {
      if (!(byte = next())) return std::nullopt;
      out.base_distance = ((out.base_distance + 1) << 7) | (*byte & 0x7f);
    }
  }
  return out;
}

}  // namespace

struct SentPack::State {
  MappedFile file;
  std::vector<PackIndexEntry> entries;
  std::unordered_map<Oid, std::uint64_t> offsets;
};

SentPack::SentPack(std::unique_ptr<State> state) : state_(std::move(state)) {}
SentPack::SentPack(SentPack&&) noexcept = default;
SentPack& SentPack::operator=(SentPack&&) noexcept = default;
SentPack::~SentPack() = default;

Result<SentPack> SentPack::open(const std::string& pack_path, std::vector<PackIndexEntry> index,
                                std::uint64_t objects_sent) {
  CAIRN_TRY(file, MappedFile::open(pack_path));
  std::ranges::sort(index, {}, &PackIndexEntry::offset);
  if (index.size() > objects_sent) index.resize(objects_sent);
  std::unordered_map<Oid, std::uint64_t> offsets;
  offsets.reserve(index.size());
  for (const auto& entry : index) offsets.emplace(entry.oid, entry.offset);
  return SentPack(
      std::unique_ptr<State>(new State{std::move(file), std::move(index), std::move(offsets)}));
}

const std::vector<PackIndexEntry>& SentPack::entries() const {
  return state_->entries;
}

bool SentPack::proves(const Oid& oid) const {
  auto found = state_->offsets.find(oid);
  if (found == state_->offsets.end()) return false;
  std::uint64_t offset = found->second;
  auto bytes = state_->file.bytes();
  for (int i = 0; i < chain_max && offset < bytes.size(); ++i) {
    auto head = read_head(bytes.substr(offset));
    if (!head) return false;
    if (head->type != offset_delta && head->type != ref_delta) return true;
    if (head->type == offset_delta) {
      // Bases come before their deltas, so what was sent stays within what was sent.
      if (head->base_distance == 0 || head->base_distance > offset) return false;
      offset -= head->base_distance;
      continue;
    }
    auto base = state_->offsets.find(*head->base);
    if (base == state_->offsets.end()) return false;
    offset = base->second;
  }
  return false;
}

}  // namespace cairn::git
