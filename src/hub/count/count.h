#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/clock.h"
#include "hub/account/types.h"
#include "platform/db/db.h"

/// Downloads and likes of repositories by day. Functions on a transaction, for any thread that runs
/// one.
namespace cairn::count {

[[nodiscard]] std::vector<db::Migration> count_migrations();

/// Days since 1970-01-01, UTC.
using Day = std::int64_t;
[[nodiscard]] constexpr Day day_of(Time time) {
  return time.seconds() / 86'400;
}
[[nodiscard]] constexpr Time start_of(Day day) {
  return Time{day * 86'400'000'000};
}

/// "Last 30 days" are today and the 29 days before it.
constexpr int window_days = 30;
/// Older days have no say in trending.
constexpr int trending_days = 14;

struct DayCounts {
  Day day = 0;
  std::int64_t downloads = 0;
  std::int64_t likes = 0;  ///< Given less taken back: may be negative.
  bool operator==(const DayCounts&) const = default;
};

/// Adds to the day that `tx.now()` lies in.
void add(db::Tx& tx, RepoId repo, std::int64_t downloads, std::int64_t likes);
/// Days with a count, `from` to `to` inclusive, oldest first; at most `days_max`.
constexpr int days_max = 3660;
[[nodiscard]] std::vector<DayCounts> days(db::Tx& tx, RepoId repo, Day from, Day to);

/// What a repository's last days come to.
struct Window {
  RepoId repo;
  std::int64_t downloads = 0;  ///< Of `window_days`.
  std::int64_t likes = 0;      ///< Of `window_days`; 0 rather than negative.
  std::int64_t trending_score = 0;
};
/// Of those among `after` < id <= `last` that have a day in the window; others are all zero. By id.
[[nodiscard]] std::vector<Window> windows(db::Tx& tx, RepoId after, RepoId last, Day today);
[[nodiscard]] Window window(db::Tx& tx, RepoId repo, Day today);

/// Ten times the sum, over the last `trending_days` days, of
///   (4 · likes + log2(1 + downloads)) · 2^(−age in days / 2)
/// rounded, never below 0. A like weighs as much as sixteenfold downloads, and what happened two
/// days ago half as much as what happens today; the logarithm keeps one busy robot from outrunning
/// people.
/// @param days  in any order; those out of the window are passed over.
[[nodiscard]] std::int64_t trending_score(std::span<const DayCounts> days, Day today);

/// When a repository is purged.
void forget_repo(db::Tx& tx, RepoId repo);

/// All SQL, for the test that explains each.
[[nodiscard]] std::span<const db::Statement* const> statements();

}  // namespace cairn::count
