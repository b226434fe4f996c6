#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "platform/git/git_program.h"

namespace cairn::fetch {

/// Multi-pack indexes with reachability bitmaps, for snapshots of many objects: a clone then need
/// not walk its history to know what to send. Made once per set of packs on disk, on a thread
/// beside, and linked into each snapshot that has those packs; small packs that came since are
/// walked. Node-local. Thread-safe.
class Indexes {
 public:
  /// @param folder       emptied now.
  /// @param objects_min  of the packs on disk, for an index to be made: walking fewer takes a tenth
  ///                     of a second.
  explicit Indexes(std::string folder, std::uint64_t objects_min = 20'000);
  /// Ends what is being made and waits for it.
  ~Indexes();
  Indexes(const Indexes&) = delete;
  Indexes& operator=(const Indexes&) = delete;

  /// Links the index of these packs into a snapshot's folder, or has it made for the next one.
  /// Blocks only for the links.
  /// @param packs  of the snapshot; those in memory do not count.
  /// @param held   keeps the folder meanwhile.
  void attach(const std::string& folder, const std::vector<git::FolderPack>& packs,
              std::shared_ptr<const void> held);

  /// Waits until nothing is being made. For tests.
  void wait();

 private:
  void make(const std::string& name, const std::string& folder, const std::string& pack_names);
  void make_room();

  // 8 MB each for a million objects.
  static constexpr std::size_t kept_max = 64;

  std::string root_;
  std::uint64_t objects_min_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::atomic<bool> stop_ = false;
  bool making_ = false;                     ///< One at a time: it takes a core for seconds.
  std::unordered_set<std::string> failed_;  ///< Names of sets that have none.
};

}  // namespace cairn::fetch
