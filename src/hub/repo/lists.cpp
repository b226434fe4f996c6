#include "hub/repo/lists.h"

namespace cairn::repo {
namespace {

std::vector<RepoId> ids_of(const std::vector<IndexRow>& rows) {
  std::vector<RepoId> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(row.id);
  return out;
}

}  // namespace

void Lists::changed(RepoId id) {
  if (database_.engine() != db::Engine::sqlite) return;
  std::lock_guard lock(mutex_);
  due_[id.value] = ++changes_;
}

void Lists::figures_changed(const IndexRow& row) {
  if (database_.engine() != db::Engine::sqlite) return;
  // What a list read before this moment must not put the older figures back; if it tries, its
  // repository stays due, see read_again.
  std::lock_guard lock(mutex_);
  index_.set_figures(row, ++changes_);
}

bool Lists::refresh(db::Tx& tx, std::uint64_t begun) {
  if (!ready()) return false;
  if (tx.engine() == db::Engine::postgres) return refresh_from_rows(tx);
  return refresh_from_memory(tx, begun, changes_on_the_way);
}

/// The transaction began after `begun` was taken, so it sees every change up to it.
bool Lists::refresh_from_memory(db::Tx& tx, std::uint64_t begun, int most) {
  std::vector<RepoId> ids;
  bool all = true;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, since] : due_) {
      if (since > begun) continue;  // Not yet acknowledged when this list was asked for.
      if (ids.size() == static_cast<std::size_t>(most)) {
        all = false;
        break;
      }
      ids.push_back(RepoId{id});
    }
  }
  if (!ids.empty() && (all || most > changes_on_the_way)) read_again(tx, ids, begun);
  return all;
}

void Lists::read_again(db::Tx& tx, const std::vector<RepoId>& ids, std::uint64_t mark) {
  auto rows = store::index_rows(tx, ids);
  auto stayed = index_.replace(ids, std::move(rows), mark);
  std::lock_guard lock(mutex_);
  std::unordered_map<std::int64_t, std::uint64_t> keep;
  for (RepoId id : stayed)
    if (auto at = due_.find(id.value); at != due_.end()) keep.insert(*at);
  for (RepoId id : ids)
    if (auto at = due_.find(id.value);
        at != due_.end() && at->second <= mark && !keep.contains(id.value))
      due_.erase(at);
}

bool Lists::refresh_from_rows(db::Tx& tx) {
  auto oldest = store::oldest_transaction(tx);
  auto found = store::changes(tx, {.xid = horizon_.load(), .repo = {}}, changes_on_the_way + 1);
  if (found.size() > changes_on_the_way) return false;
  std::vector<RepoId> ids;
  for (const auto& change : found) ids.push_back(change.repo);
  if (!ids.empty()) read_again(tx, ids, static_cast<std::uint64_t>(oldest));
  move_horizon(oldest);
  return true;
}

void Lists::move_horizon(std::int64_t to) {
  auto now = horizon_.load();
  while (now < to && !horizon_.compare_exchange_weak(now, to)) {
  }
}

Task<Result<>> Lists::load() {
  if (ready()) co_return Result<>{};
  auto begun = begin();
  auto start = [](db::Tx& tx) -> Result<std::int64_t> {
    store::drop_future_changes(tx);
    return store::oldest_transaction(tx);
  };
  CAIRN_CO_TRY(oldest, co_await database_.write(start));
  auto mark = database_.engine() == db::Engine::sqlite ? begun : static_cast<std::uint64_t>(oldest);
  for (RepoId after{0};;) {
    auto page = [after](db::Tx& tx) -> Result<std::vector<IndexRow>> {
      return store::index_page(tx, after, step);
    };
    CAIRN_CO_TRY(rows, co_await database_.read(page));
    if (rows.empty()) break;
    after = rows.back().id;
    auto ids = ids_of(rows);
    index_.replace(ids, std::move(rows), mark);
  }
  move_horizon(oldest);
  CAIRN_CO_CHECK(co_await catch_up());
  ready_ = true;
  co_return Result<>{};
}

Task<Result<>> Lists::catch_up() {
  if (database_.engine() == db::Engine::sqlite) co_return co_await catch_up_from_memory();
  co_return co_await catch_up_from_rows();
}

Task<Result<>> Lists::catch_up_from_memory() {
  for (bool all = false; !all;) {
    auto begun = begin();
    auto read = [this, begun](db::Tx& tx) -> Result<bool> {
      return refresh_from_memory(tx, begun, step);
    };
    CAIRN_CO_TRY(done, co_await database_.read(read));
    all = done;
  }
  co_return Result<>{};
}

/// Later snapshots see all that the first one saw, and what changes meanwhile gets a higher number:
/// so when the last step is done, all that the first one knew of is in the index.
Task<Result<>> Lists::catch_up_from_rows() {
  store::Change after{.xid = horizon_.load(), .repo = {}};
  std::optional<std::int64_t> first;
  for (bool more = true; more;) {
    struct Step {
      std::int64_t oldest = 0;
      std::vector<store::Change> found;
    };
    auto read = [this, after](db::Tx& tx) -> Result<Step> {
      Step out{.oldest = store::oldest_transaction(tx), .found = store::changes(tx, after, step)};
      std::vector<RepoId> ids;
      for (const auto& change : out.found) ids.push_back(change.repo);
      if (!ids.empty()) read_again(tx, ids, static_cast<std::uint64_t>(out.oldest));
      return out;
    };
    CAIRN_CO_TRY(made, co_await database_.read(read));
    if (!first) first = made.oldest;
    more = made.found.size() == static_cast<std::size_t>(step);
    if (more) after = made.found.back();
  }
  move_horizon(*first);
  co_return Result<>{};
}

}  // namespace cairn::repo
