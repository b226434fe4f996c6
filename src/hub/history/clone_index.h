#pragma once
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/packs.h"

namespace cairn::history {

/// What makes the clone of a large repository begin at once: reachability bitmaps over an index of
/// all its packs, and a commit graph. Node-local files, made in the background when enough came
/// since the last time, and given to git while the packs they were made of are there.
///
/// Bitmaps need packs that lack nothing their commits reach. The packs on disk alone do not: young
/// and small ones stay in rows. So those rows, as one pack of that moment, are kept beside the
/// index, and given to git with it; that newer packs hold some of the same objects does no harm.
///
/// Thread-safe; everything blocks.
class CloneIndexes {
 public:
  CloneIndexes(Packs& packs, const Options& options);

  /// Makes the index anew when it pays. @param snapshot  of now, with the rows it is of.
  Result<> refresh(RepoId repo, const Snapshot& snapshot, const std::vector<store::PackRow>& rows);
  /// What stands for these packs, to be put into a folder with them; nothing when there is none.
  [[nodiscard]] std::vector<git::ExtraFile> files(RepoId repo,
                                                  const std::vector<store::PackRow>& rows);
  /// Objects were let go: what is kept here may hold some of them.
  void drop(RepoId repo);

 private:
  struct Kept;
  [[nodiscard]] std::optional<Kept> read(RepoId repo, const std::vector<store::PackRow>& rows);
  /// As read(); what it found for the same packs is remembered, because every fetch asks.
  [[nodiscard]] bool stands(RepoId repo, const std::vector<store::PackRow>& rows);
  [[nodiscard]] std::string folder_of(RepoId repo) const;
  Packs& packs_;
  std::string root_;
  std::int64_t objects_min_;
  std::mutex mutex_;
  std::unordered_map<std::int64_t, std::string> stands_for_;  ///< Repository -> its set of packs.
  std::uint64_t drops_ = 0;  ///< What was read before one is not remembered after it.
};

}  // namespace cairn::history
