#include "hub/history/sheets.h"

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "hub/history/sheet_builder.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

using Monotonic = std::chrono::steady_clock;

// Commits whose sheets are stored at once: a step is a few milliseconds of the writer.
constexpr std::size_t step_commits_max = 128;
// Rows looked up in one read transaction.
constexpr std::size_t read_step = 2000;

Failure pending() {
  Error error{ErrorCode::unavailable, "SheetPending",
              "The files of this commit are still being indexed. Try again in a moment."};
  error.retry_after_s = 5;
  return fail(std::move(error));
}

}  // namespace

/// Commits without a sheet, and what their sheets are built on.
struct Sheets::Pending {
  struct Node {
    git::Oid oid, tree;
    std::vector<git::Oid> parents;
    std::int64_t generation = 0;
  };
  std::vector<Node> nodes;  ///< Parents first.
  std::unordered_map<git::Oid, BuiltParent> built;
};

/// What is stored together.
struct Sheets::Step {
  std::vector<EncodedPage> pages;
  std::vector<std::pair<git::Oid, SheetId>> sheets;
};

Result<> store_pages(db::Database& database, const std::vector<EncodedPage>& pages) {
  for (std::size_t at = 0; at < pages.size();) {
    std::size_t bytes = 0, end = at;
    while (end < pages.size() && bytes <= pages_step_bytes) bytes += pages[end++].bytes.size();
    auto insert = [&](db::Tx& tx) -> Result<> {
      for (std::size_t i = at; i < end; ++i) store::insert_page(tx, pages[i]);
      return {};
    };
    CAIRN_CHECK(database.write_now(insert));
    at = end;
  }
  return {};
}

Sheets::Lock Sheets::lock_of(RepoId repo) {
  std::lock_guard guard(mutex_);
  auto lock = locks_[repo.value].lock();
  if (!lock) {
    // Those nobody holds any more go, now and then.
    if (locks_.size() > 1000)
      std::erase_if(locks_, [](const auto& l) { return l.second.expired(); });
    locks_[repo.value] = lock = std::make_shared<std::timed_mutex>();
  }
  return lock;
}

Result<SheetId> Sheets::ensure(RepoId repo, const git::Oid& commit, Duration patience) {
  auto end = Monotonic::now() + std::chrono::microseconds(patience.us);
  auto lock = lock_of(repo);
  std::unique_lock held(*lock, end);
  if (!held) return pending();
  CAIRN_TRY(done, build(repo, {commit}, [end] { return Monotonic::now() >= end; }));
  if (!done) return pending();
  auto find = [&](db::Tx& tx) -> Result<std::optional<CommitInfo>> {
    return store::find_commit(tx, repo, commit);
  };
  CAIRN_TRY(row, database_.read_now(find));
  if (!row || !row->sheet)
    return fail(ErrorCode::corrupt, "CommitMissing", "The commit has no row.")
        .with("commit", commit.hex());
  return *row->sheet;
}

Result<bool> Sheets::build_all(RepoId repo, const std::function<bool()>& stop) {
  auto lock = lock_of(repo);
  std::unique_lock held(*lock);
  auto list = [&](db::Tx& tx) -> Result<std::vector<git::Oid>> {
    std::vector<git::Oid> heads;
    for (const auto& ref : store::refs(tx, repo, "")) heads.push_back(ref.commit);
    return heads;
  };
  CAIRN_TRY(heads, database_.read_now(list));
  return build(repo, std::move(heads), stop);
}

Result<Sheets::Pending> Sheets::collect(RepoId repo, std::vector<git::Oid> heads) {
  Pending out;
  std::unordered_set<git::Oid> seen;
  std::vector<git::Oid> queue;
  for (const auto& head : heads)
    if (seen.insert(head).second) queue.push_back(head);
  while (!queue.empty()) {
    auto read = [&](db::Tx& tx) -> Result<std::vector<CommitInfo>> {
      std::vector<CommitInfo> rows;
      for (std::size_t i = 0; i < std::min(queue.size(), read_step); ++i) {
        auto row = store::find_commit(tx, repo, queue[queue.size() - 1 - i]);
        if (!row)
          return fail(ErrorCode::corrupt, "CommitMissing", "A commit has no row.")
              .with("commit", queue[queue.size() - 1 - i].hex());
        rows.push_back(std::move(*row));
      }
      return rows;
    };
    CAIRN_TRY(rows, database_.read_now(read));
    queue.resize(queue.size() - rows.size());
    for (auto& row : rows) {
      // A commit that has a sheet has ancestors that have one.
      if (row.sheet) {
        out.built.emplace(row.oid, BuiltParent{row.tree, *row.sheet});
        continue;
      }
      for (const auto& parent : row.parents)
        if (seen.insert(parent).second) queue.push_back(parent);
      out.nodes.push_back({row.oid, row.tree, std::move(row.parents), row.generation});
    }
  }
  std::ranges::sort(out.nodes, {}, &Pending::Node::generation);
  return out;
}

Result<bool> Sheets::build(RepoId repo, std::vector<git::Oid> heads,
                           const std::function<bool()>& stop) {
  CAIRN_TRY(pending, collect(repo, std::move(heads)));
  if (pending.nodes.empty()) return true;
  CAIRN_TRY(source, packs_.source(repo, true));
  SheetBuilder builder(*source, [this](const SheetId& id) { return pages_.load(id); });
  Step step;
  for (const auto& node : pending.nodes) {
    std::vector<BuiltParent> parents;
    for (const auto& parent : node.parents) parents.push_back(pending.built.at(parent));
    CAIRN_TRY(sheet, builder.build(node.oid, node.tree, parents));
    pending.built.emplace(node.oid, BuiltParent{node.tree, sheet});
    step.sheets.emplace_back(node.oid, sheet);
    bool full = step.sheets.size() == step_commits_max || builder.page_bytes() > pages_step_bytes;
    if (!full && &node != &pending.nodes.back()) continue;
    step.pages = builder.take_pages();
    CAIRN_CHECK(flush(repo, step));
    if (&node != &pending.nodes.back() && stop()) return false;
  }
  return true;
}

Result<> Sheets::flush(RepoId repo, Step& step) {
  CAIRN_CHECK(store_pages(database_, step.pages));
  for (const auto& page : step.pages) pages_.remember(page);
  auto write = [&](db::Tx& tx) -> Result<> {
    for (const auto& [oid, sheet] : step.sheets) store::set_sheet(tx, repo, oid, sheet);
    return {};
  };
  CAIRN_CHECK(database_.write_now(write));
  step = {};
  return {};
}

}  // namespace cairn::history
