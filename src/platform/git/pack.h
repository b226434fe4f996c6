#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "platform/git/object.h"
#include "platform/git/oid.h"

/// Packs (gitformat-pack(5), version 2) written and read by ourselves: whole objects, and large
/// trees as deltas of their last version, which may lie in another pack of the repository. Such a
/// pack is for rows alone: before git sees it, `merge_packs` makes it stand alone.
namespace cairn::git {

/// Where one object lies in a pack.
struct PackIndexEntry {
  Oid oid;
  std::uint64_t offset = 0;
  std::uint32_t crc32 = 0;  ///< Of the entry as it lies in the pack.
  bool operator==(const PackIndexEntry&) const = default;
};

/// A finished pack in memory.
struct PackBytes {
  std::string bytes;
  std::vector<PackIndexEntry> index;  ///< By oid.
  Sha1Digest checksum;                ///< The pack's trailer, and its name: "pack-<hex>.pack".
};

/// zlib's fastest: small text shrinks nearly as well, and a commit waits for it. Tier 2 repacks.
constexpr int pack_level_default = 1;

class InlinePack;
class ObjectSource;

/// Collects objects into a pack in memory. The same objects in the same order give the same bytes
/// (with the same zlib). Not shared between threads.
class PackBuilder {
 public:
  explicit PackBuilder(int zlib_level = pack_level_default);

  /// Adds an object, once however often it is given. @return its name.
  Oid add(ObjectType type, std::string_view content);
  /// Adds a tree as `tree_delta` gives it. Nothing when it is there already.
  void add_tree_delta(const Oid& oid, const Oid& base, std::string_view delta);
  /// Adds every object of `pack` that is not there yet, without unpacking anything but a delta
  /// whose base is not there yet: it becomes whole.
  /// @param source  has everything that deltas of the pack lean on.
  Result<> add_all(const InlinePack& pack, const ObjectSource& source);

  [[nodiscard]] bool contains(const Oid& oid) const { return known_.contains(oid); }
  [[nodiscard]] std::size_t count() const { return index_.size(); }
  /// Of the pack as it would be now.
  [[nodiscard]] std::size_t size_bytes() const { return bytes_.size() + oid_bytes; }

  /// The pack; the builder is then as new. An empty pack is valid, and useless.
  [[nodiscard]] PackBytes finish();

 private:
  int level_;
  std::string bytes_;
  std::vector<PackIndexEntry> index_;
  std::unordered_set<Oid> known_;
};

/// The same into a file, for packs that memory should not hold: only names and offsets are kept.
/// Not shared between threads. Without `finish` the file is removed.
class PackFileWriter {
 public:
  /// Makes the file, which must not exist.
  /// @return `storage_full` or `unavailable` when it cannot be written; so all members.
  [[nodiscard]] static Result<PackFileWriter> create(std::string path,
                                                     int zlib_level = pack_level_default);
  PackFileWriter(PackFileWriter&&) noexcept;
  PackFileWriter& operator=(PackFileWriter&&) noexcept;
  ~PackFileWriter();

  Result<Oid> add(ObjectType type, std::string_view content);
  [[nodiscard]] bool contains(const Oid& oid) const;
  [[nodiscard]] std::size_t count() const;

  struct Finished {
    std::vector<PackIndexEntry> index;  ///< By oid.
    Sha1Digest checksum;
    std::uint64_t size_bytes = 0;
  };
  /// Writes count and checksum, and syncs the file.
  [[nodiscard]] Result<Finished> finish();

 private:
  struct State;
  explicit PackFileWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The bytes of the .idx file (version 2). @pre `index` is sorted by oid.
[[nodiscard]] std::string write_idx_v2(const std::vector<PackIndexEntry>& index,
                                       const Sha1Digest& pack_checksum);
/// Reads an .idx. @return `corrupt`, word "CorruptPack", unless its table is whole and in order.
/// @param verify  also compares the trailing SHA-1 of the index itself.
struct PackIndex {
  std::vector<PackIndexEntry> entries;
  Sha1Digest pack_checksum;
};
[[nodiscard]] Result<PackIndex> parse_idx(std::string_view bytes, bool verify = true);

/// What an inline pack unpacks to, all objects together, before `parse` refuses it.
constexpr std::uint64_t inline_pack_unpacked_bytes_max = 256u << 20;

/// A tree as instructions for another one.
struct TreeDelta {
  Oid base;
  std::string instructions;
};

/// A pack in memory, with its index. Immutable, so any thread may read.
/// 24 bytes per object besides the pack itself.
class InlinePack {
 public:
  /// Reads the pack itself: every object is inflated and hashed, and the trailer is compared.
  /// @return `corrupt`, word "CorruptPack"; also for a delta.
  [[nodiscard]] static Result<std::shared_ptr<const InlinePack>> parse(std::string bytes);
  /// Trusts an index that was stored with it; only bounds are checked.
  [[nodiscard]] static Result<std::shared_ptr<const InlinePack>> load(std::string bytes,
                                                                      std::string_view idx);
  /// From a pack just built.
  [[nodiscard]] static std::shared_ptr<const InlinePack> from(PackBytes pack);

  [[nodiscard]] std::optional<ObjectHeader> find(const Oid& oid) const;
  [[nodiscard]] bool contains(const Oid& oid) const { return entry(oid) != nullptr; }
  /// @return `not_found`; `corrupt` when the bytes do not inflate to the stated size, and for a
  ///         delta: ObjectSource reads those.
  [[nodiscard]] Result<Object> read(const Oid& oid) const;
  /// @return empty when the object is not here, or whole.
  [[nodiscard]] std::optional<TreeDelta> delta(const Oid& oid) const;
  [[nodiscard]] bool has_deltas() const { return has_deltas_; }
  /// Deltas lean on what lies in it, so git can read it.
  [[nodiscard]] bool stands_alone() const { return stands_alone_; }

  [[nodiscard]] std::size_t count() const { return entries_.size(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] Sha1Digest checksum() const;
  /// By oid, with their checksums: what write_idx_v2 takes.
  [[nodiscard]] std::vector<PackIndexEntry> index() const;
  [[nodiscard]] Oid oid_at(std::size_t i) const { return entries_[i].oid; }
  /// Appends up to `count_max` names in `[low, high]`.
  void list(const Oid& low, const Oid& high, std::size_t count_max, std::vector<Oid>& out) const;

 private:
  friend class PackBuilder;
  struct Entry {
    Oid oid;
    std::uint32_t offset;  // A pack in memory stays far below 4 GiB.
  };
  InlinePack(std::string bytes, std::vector<Entry> entries);
  [[nodiscard]] const Entry* entry(const Oid& oid) const;
  /// The entry as it lies in the pack: header and compressed bytes.
  [[nodiscard]] std::string_view raw(std::uint32_t offset) const;

  std::string bytes_;
  std::vector<Entry> entries_;          // By oid.
  std::vector<std::uint32_t> offsets_;  // Sorted, and the end: where entries stop.
  bool has_deltas_ = false;
  bool stands_alone_ = true;
};

/// Tier 1 of merging: one pack of all objects of these, each once, almost nothing unpacked. What is
/// made stands alone: its deltas lean on what lies in it.
/// @param packs   oldest first.
/// @param source  has everything that their deltas lean on: the packs of the whole repository.
[[nodiscard]] Result<PackBytes> merge_packs(
    const std::vector<std::shared_ptr<const InlinePack>>& packs, const ObjectSource& source);

}  // namespace cairn::git
