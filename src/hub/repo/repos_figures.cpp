#include "hub/repo/list_store.h"
#include "hub/repo/parts.h"
#include "hub/repo/repos.h"
#include "hub/repo/store.h"

namespace cairn::repo {
namespace {

/// Repositories per transaction, so that a busy second never holds the writer for long.
constexpr std::size_t write_step = 200;
constexpr int read_step = 1000;

IndexRow figures_of(const Repo& repo, std::int64_t likes_30d) {
  IndexRow out{.id = repo.id, .kind = repo.kind, .owner = repo.owner, .key = {}, .tags = {}};
  out.created_at = repo.created_at.us;
  out.updated_at = repo.updated_at.us;
  out.downloads = repo.downloads;
  out.likes = repo.likes;
  out.likes_30d = likes_30d;
  out.trending_score = repo.trending_score;
  return out;
}

}  // namespace

void Repos::count_download(const Repo& repo, std::string_view path, bool is_large,
                           std::string_view who) {
  if (count::is_query_file(repo.kind, path, is_large))
    parts_->downloads.note(repo.id, who, parts_->clock.now());
}

/// The row is read again by its next reader; lists are told the figures, because many move at once.
void Repos::Parts::figures_after_commit(db::Tx& tx, RepoId id, std::int64_t likes_30d) {
  auto repo = store::find(tx, id);
  if (!repo) return;
  store::note_change(tx, id);
  auto tell = [this, row = figures_of(*repo, likes_30d), kind = repo->kind,
               key = RepoName{repo->owner_name, repo->short_name}.key()] {
    cache.forget(kind, key, row.id);
    lists.figures_changed(row);
  };
  tx.after_commit(tell);
}

Task<Result<>> Repos::flush_counters() {
  auto counts = parts_->downloads.take();
  for (std::size_t at = 0; at < counts.size(); at += write_step) {
    auto from = counts.begin() + static_cast<std::ptrdiff_t>(at);
    auto to =
        counts.begin() + static_cast<std::ptrdiff_t>(std::min(at + write_step, counts.size()));
    std::vector part(from, to);
    auto write = [this, part](db::Tx& tx) -> Result<> {
      for (const auto& [id, count] : part) {
        store::add_downloads(tx, id, count);
        count::add(tx, id, count, 0);
        auto window = count::window(tx, id, count::day_of(tx.now()));
        parts_->figures_after_commit(tx, id, window.likes);
      }
      return {};
    };
    if (auto written = co_await parts_->database.write(write); !written) {
      // A database that comes back finds them, short of a crash.
      parts_->downloads.put_back({from, counts.end()});
      co_return std::unexpected(written.error());
    }
  }
  co_return Result<>{};
}

void Repos::add_likes(db::Tx& tx, const Repo& repo, int count) {
  store::add_likes(tx, repo.id, count);
  count::add(tx, repo.id, 0, count);
  auto window = count::window(tx, repo.id, count::day_of(tx.now()));
  store::set_figures(tx, {.id = repo.id,
                          .downloads = window.downloads,
                          .likes_30d = window.likes,
                          .trending_score = window.trending_score});
  forget_after_commit(tx, repo);
}

Task<Result<std::vector<count::DayCounts>>> Repos::days(RepoRef repo, count::Day from,
                                                        count::Day to) {
  auto read = [repo, from, to](db::Tx& tx) -> Result<std::vector<count::DayCounts>> {
    return count::days(tx, repo->id, from, to);
  };
  co_return co_await parts_->database.read(read);
}

namespace {

struct Page {
  RepoId last{0};
  std::vector<RepoId> moved;
};

/// Which rows say something else than their days do.
Page find_moved(db::Tx& tx, RepoId after) {
  Page out{.last = after, .moved = {}};
  auto rows = store::figures(tx, after, read_step);
  if (rows.empty()) return out;
  out.last = rows.back().id;
  auto windows = count::windows(tx, after, out.last, count::day_of(tx.now()));
  auto window = windows.begin();
  for (const auto& row : rows) {
    while (window != windows.end() && window->repo < row.id) ++window;
    count::Window now{.repo = row.id};
    if (window != windows.end() && window->repo == row.id) now = *window;
    if (now.downloads != row.downloads || now.likes != row.likes_30d ||
        now.trending_score != row.trending_score)
      out.moved.push_back(row.id);
  }
  return out;
}

}  // namespace

Task<Result<int>> Repos::roll_figures() {
  int moved = 0;
  for (RepoId after{0};;) {
    auto look = [after](db::Tx& tx) -> Result<Page> { return find_moved(tx, after); };
    CAIRN_CO_TRY(page, co_await parts_->database.read(look));
    if (page.last == after) break;
    after = page.last;
    for (std::size_t at = 0; at < page.moved.size(); at += write_step) {
      auto end = std::min(at + write_step, page.moved.size());
      std::vector part(page.moved.begin() + static_cast<std::ptrdiff_t>(at),
                       page.moved.begin() + static_cast<std::ptrdiff_t>(end));
      // Summed again here: a download may have been counted since.
      auto write = [this, part](db::Tx& tx) -> Result<> {
        for (RepoId id : part) {
          auto now = count::window(tx, id, count::day_of(tx.now()));
          store::set_figures(tx, {.id = id,
                                  .downloads = now.downloads,
                                  .likes_30d = now.likes,
                                  .trending_score = now.trending_score});
          parts_->figures_after_commit(tx, id, now.likes);
        }
        return {};
      };
      CAIRN_CO_CHECK(co_await parts_->database.write(write));
      moved += static_cast<int>(part.size());
    }
  }
  co_return moved;
}

}  // namespace cairn::repo
