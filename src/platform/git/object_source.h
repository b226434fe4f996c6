#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/git/object.h"
#include "platform/git/pack.h"

namespace cairn::git {

/// A .pack with its .idx on disk, deltas and all, opened once and shared by many snapshots. Both
/// files are mapped: removing their names is safe while this is open. Any thread may read.
class DiskPack {
 public:
  /// @param pack_path  ".../x.pack"; ".../x.idx" lies beside it.
  /// @return `not_found` when a file is missing, `corrupt` when the index is not one.
  [[nodiscard]] static Result<std::shared_ptr<const DiskPack>> open(const std::string& pack_path);
  ~DiskPack();
  DiskPack(const DiskPack&) = delete;
  DiskPack& operator=(const DiskPack&) = delete;

  [[nodiscard]] bool contains(const Oid& oid) const;
  /// @return `not_found`; `corrupt`.
  [[nodiscard]] Result<ObjectHeader> header(const Oid& oid) const;
  [[nodiscard]] Result<Object> read(const Oid& oid) const;

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] Oid oid_at(std::size_t i) const;
  void list(const Oid& low, const Oid& high, std::size_t count_max, std::vector<Oid>& out) const;
  [[nodiscard]] const std::string& pack_path() const;

 private:
  struct State;
  explicit DiskPack(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

enum class VerifyHash { no, yes };

/// The objects of one snapshot of a repository: an immutable set of packs. Cheap to copy and to
/// extend; any thread may read. Existing here is not being readable: reachability is the caller's.
class ObjectSource {
 public:
  using Inline = std::shared_ptr<const InlinePack>;
  using Disk = std::shared_ptr<const DiskPack>;

  ObjectSource() = default;
  /// Newest first finds recent objects soonest; any order is correct.
  explicit ObjectSource(std::vector<Inline> inline_packs, std::vector<Disk> disk_packs = {});

  /// This source and one pack more: how a commit sees the one before it, not stored yet.
  [[nodiscard]] ObjectSource with(Inline pack) const;

  [[nodiscard]] bool contains(const Oid& oid) const;
  /// @return `not_found`, word "ObjectNotFound".
  [[nodiscard]] Result<ObjectHeader> header(const Oid& oid) const;
  /// @return `not_found`; `too_large` (nothing was unpacked) past `bytes_max`; `corrupt`, word
  ///         "CorruptObject", also when asked to verify and the content has another name.
  [[nodiscard]] Result<Object> read(const Oid& oid, std::uint64_t bytes_max,
                                    VerifyHash verify = VerifyHash::no) const;

  /// read() and parse. @return as read(); `not_found` for an object of another type.
  [[nodiscard]] Result<CommitData> read_commit(const Oid& oid) const;
  [[nodiscard]] Result<std::vector<TreeEntry>> read_tree(const Oid& oid) const;
  [[nodiscard]] Result<TagData> read_tag(const Oid& oid) const;

  /// Names that begin with these 4 to 40 lower-case hex digits, sorted, each once, at most
  /// `count_max`. @return `invalid_argument`, word "InvalidOid", for another text.
  [[nodiscard]] Result<std::vector<Oid>> find_prefix(std::string_view hex,
                                                     std::size_t count_max = 16) const;

  [[nodiscard]] const std::vector<Inline>& inline_packs() const { return inline_; }
  [[nodiscard]] const std::vector<Disk>& disk_packs() const { return disk_; }

 private:
  [[nodiscard]] Result<std::string> read_delta(const Oid& oid, std::vector<Oid>& above) const;
  std::vector<Inline> inline_;
  std::vector<Disk> disk_;
};

/// A commit or tree is parsed whole, so it is bounded: a tree of a million entries has 40 MB.
constexpr std::uint64_t parsed_object_bytes_max = 64u << 20;

}  // namespace cairn::git
