#include <algorithm>
#include <cmath>

#include "hub/count/count.h"

namespace cairn::count {
namespace {

constexpr db::Statement add_to_day{"count.add", R"sql(
  INSERT INTO repo_days (repo_id, day, downloads, likes) VALUES ($1, $2, $3, $4)
  ON CONFLICT (repo_id, day) DO UPDATE SET downloads = repo_days.downloads + excluded.downloads,
                                           likes = repo_days.likes + excluded.likes)sql"};
constexpr db::Statement days_of{"count.days", R"sql(
  SELECT repo_id, day, downloads, likes FROM repo_days
  WHERE repo_id = $1 AND day >= $2 AND day <= $3 ORDER BY day LIMIT $4)sql"};
constexpr db::Statement days_of_many{"count.days_of_many", R"sql(
  SELECT repo_id, day, downloads, likes FROM repo_days
  WHERE repo_id > $1 AND repo_id <= $2 AND day > $3 AND day <= $4 ORDER BY repo_id, day)sql"};
constexpr db::Statement delete_days{"count.forget_repo",
                                    "DELETE FROM repo_days WHERE repo_id = $1"};

constexpr const db::Statement* all_statements[] = {&add_to_day, &days_of, &days_of_many,
                                                   &delete_days};

DayCounts read_day(const db::Row& row) {
  return {.day = row.integer(1), .downloads = row.integer(2), .likes = row.integer(3)};
}

Window sum(RepoId repo, std::span<const DayCounts> days, Day today) {
  Window out{.repo = repo};
  for (const auto& day : days) {
    out.downloads += day.downloads;
    out.likes += day.likes;
  }
  out.likes = std::max<std::int64_t>(out.likes, 0);
  out.trending_score = trending_score(days, today);
  return out;
}

}  // namespace

std::span<const db::Statement* const> statements() {
  return all_statements;
}

void add(db::Tx& tx, RepoId repo, std::int64_t downloads, std::int64_t likes) {
  tx.run(add_to_day, repo, day_of(tx.now()), downloads, likes);
}

std::vector<DayCounts> days(db::Tx& tx, RepoId repo, Day from, Day to) {
  std::vector<DayCounts> out;
  for (const auto& row : tx.all(days_of, repo, from, to, days_max)) out.push_back(read_day(row));
  return out;
}

std::vector<Window> windows(db::Tx& tx, RepoId after, RepoId last, Day today) {
  std::vector<Window> out;
  std::vector<DayCounts> days;
  RepoId repo{0};
  auto flush = [&] {
    if (!days.empty()) out.push_back(sum(repo, days, today));
    days.clear();
  };
  for (const auto& row : tx.all(days_of_many, after, last, today - window_days, today)) {
    if (row.id<RepoId>(0) != repo) flush();
    repo = row.id<RepoId>(0);
    days.push_back(read_day(row));
  }
  flush();
  return out;
}

Window window(db::Tx& tx, RepoId repo, Day today) {
  return sum(repo, days(tx, repo, today - window_days + 1, today), today);
}

std::int64_t trending_score(std::span<const DayCounts> days, Day today) {
  double sum = 0;
  for (const auto& day : days) {
    auto age = today - day.day;
    if (age < 0 || age >= trending_days) continue;
    double points = 4.0 * static_cast<double>(day.likes) +
                    std::log2(1.0 + static_cast<double>(std::max<std::int64_t>(day.downloads, 0)));
    sum += points * std::exp2(-static_cast<double>(age) / 2.0);
  }
  return std::max<std::int64_t>(0, std::llround(10.0 * sum));
}

void forget_repo(db::Tx& tx, RepoId repo) {
  tx.run(delete_days, repo);
}

}  // namespace cairn::count
