#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace cairn::db::sqlite {

struct FaultyState;

/// For tests: a file system for SQLite that fails on demand and remembers what was written and
/// what was synced, so that a loss of power can be played at any moment afterwards.
///
/// `Options::sqlite_vfs = vfs.name()`. Lives longer than every database opened with it. Any thread.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;

  /// What SQLite is registered to know it as.
  [[nodiscard]] const std::string& name() const;

  enum class Fault {
    none,
    disk_full,    ///< Writes fail with "no space".
    write_error,  ///< Writes fail.
    sync_error,   ///< Syncs fail; as on Linux, the unsynced bytes may be dropped then and a later
                  ///< sync says nothing about them.
    all_gone,     ///< Reads, writes, syncs and opens fail.
  };
  /// From now on, until changed.
  void set_fault(Fault fault);
  /// The given one for each call of its kind with this chance in 1000, drawn from the seed.
  void set_random_fault(Fault fault, int per_mille, std::uint64_t seed);

  /// How many things have happened so far (writes, truncations, syncs, deletions). What was
  /// acknowledged before this call depends on the first `events()` of them only.
  [[nodiscard]] std::size_t events() const;

  /// Makes in `folder` the files that a disk may hold when the power went after the first `events`
  /// events. Synced bytes are there; each write since is there, is not, or is torn into sectors of
  /// 512 bytes that are there or not, as the seed has it. The shared-memory file is never there.
  [[nodiscard]] Result<> lose_power(std::size_t events, std::uint64_t seed,
                                    const std::string& folder) const;

 private:
  std::unique_ptr<FaultyState> state_;
};

}  // namespace cairn::db::sqlite
