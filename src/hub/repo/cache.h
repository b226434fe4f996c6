#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/repo/repos.h"

namespace cairn::repo {

/// Rows by name, cards by number. Exact when every change calls `forget` after its commit and
/// before its waiter is answered: a reader that began before that cannot put back what it read.
/// Thread-safe; nothing waits while the lock is held.
class Repos::Cache {
 public:
  /// @param life  how long an entry may be used; zero = until forgotten.
  Cache(std::size_t entries_max, Duration life) : entries_max_(entries_max), life_(life) {}

  /// A mark taken before the database is read, for `put`.
  [[nodiscard]] std::uint64_t begin() const { return changes_.load(); }

  [[nodiscard]] std::optional<Found> find(RepoKind kind, std::string_view full_key);
  /// Kept unless something of that name or number was forgotten since `begun`.
  void put(RepoKind kind, std::string_view full_key, const Found& found, std::uint64_t begun);

  [[nodiscard]] CardRef card(const Repo& repo);
  void put_card(const Repo& repo, CardRef card, std::uint64_t begun);

  /// The row, under every name that leads to it, its card, and whatever has the name `full_key`.
  void forget(RepoKind kind, std::string_view full_key, RepoId id);
  /// Owners were renamed or deleted, or aliases set.
  void forget_all();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Entry {
    Found found;
    SteadyTime read_at;
  };
  struct Names {
    std::vector<std::string> keys;  ///< With the kind in front, as in `by_name_`.
    CardRef card;
    SteadyTime card_read_at;
  };
  static std::string map_key(RepoKind kind, std::string_view full_key);
  [[nodiscard]] bool fresh(SteadyTime read_at) const;
  [[nodiscard]] bool stale(std::string_view map_key, RepoId id, std::uint64_t begun) const;
  void make_room();

  const std::size_t entries_max_;
  const Duration life_;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> by_name_;
  std::unordered_map<std::int64_t, Names> by_id_;
  std::atomic<std::uint64_t> changes_{1};
  // When (in changes) something whose hash falls here was last forgotten. A clash costs one miss.
  static constexpr std::size_t slots = 4096;
  std::array<std::uint64_t, slots> name_changed_{}, id_changed_{};
  std::uint64_t all_changed_ = 0;
};

/// Lists of all files by root sheet: immutable, so never stale. Thread-safe.
class SiblingCache {
 public:
  [[nodiscard]] Siblings find(const history::SheetId& root);
  void put(const history::SheetId& root, Siblings files);

 private:
  /// About 300 bytes each; longer lists are read anew each time.
  static constexpr std::size_t entries_max = 100'000, list_max = 2'000;
  std::mutex mutex_;
  std::unordered_map<history::SheetId, Siblings> lists_;
  std::size_t entries_ = 0;
};

}  // namespace cairn::repo
