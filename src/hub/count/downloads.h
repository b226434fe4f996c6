#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "hub/account/types.h"

namespace cairn::count {

/// Whether asking for this file says that the repository is used. For models these are query files:
/// configurations that loaders read first, weights by their suffix, and every large file; a model
/// card or a license is read by people who only look. Of other kinds every file counts.
/// @param path  within the repository.
[[nodiscard]] bool is_query_file(RepoKind kind, std::string_view path, bool is_large);

/// Downloads since they were last taken. Thread-safe; holds no lock for longer than a look-up.
class Downloads {
 public:
  /// A caller counts once per repository in so long: a snapshot of many files, a file in many
  /// ranges, a HEAD and its GET are one download.
  static constexpr Duration once_within = minutes(5);

  /// Counts, unless the same caller did within `once_within`. @param who  an account or an address.
  void note(RepoId repo, std::string_view who, Time now);

  /// All that was counted since the last call, to be written.
  [[nodiscard]] std::vector<std::pair<RepoId, std::int64_t>> take();
  /// Back, when writing failed.
  void put_back(const std::vector<std::pair<RepoId, std::int64_t>>& counts);

 private:
  /// About 100 bytes each. When full, what is older than `once_within` goes, then everything: a
  /// flood of callers is counted twice rather than kept.
  static constexpr std::size_t seen_max = 100'000;
  std::mutex mutex_;
  std::unordered_map<std::string, Time> seen_;
  std::unordered_map<std::int64_t, std::int64_t> counts_;
};

}  // namespace cairn::count
