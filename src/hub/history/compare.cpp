#include "hub/history/compare.h"

#include <queue>
#include <unordered_map>

#include "hub/history/store.h"

namespace cairn::history {
namespace {

/// Commits looked at for a common one: each is an indexed read of a row, some 10 µs.
constexpr int merge_base_commits_max = 20'000;

struct Comparer {
  const PageLoader& load;
  std::size_t files_max;
  Changes out;

  [[nodiscard]] bool full() {
    out.more = out.more || out.files.size() >= files_max;
    return out.more;
  }

  Result<> folders(const std::optional<SheetId>& before, const std::optional<SheetId>& after,
                   const std::string& prefix) {
    if (before == after) return {};
    std::vector<SheetEntry> old_entries, new_entries;
    if (before) {
      CAIRN_TRY(entries, read_folder(load, *before));
      old_entries = std::move(entries);
    }
    if (after) {
      CAIRN_TRY(entries, read_folder(load, *after));
      new_entries = std::move(entries);
    }
    auto a = old_entries.begin();
    auto b = new_entries.begin();
    while (a != old_entries.end() || b != new_entries.end()) {
      if (full()) return {};
      bool first_only =
          b == new_entries.end() || (a != old_entries.end() && sort_key(*a) < sort_key(*b));
      bool second_only =
          a == old_entries.end() || (b != new_entries.end() && sort_key(*b) < sort_key(*a));
      const auto* left = second_only ? nullptr : &*a++;
      const auto* right = first_only ? nullptr : &*b++;
      CAIRN_CHECK(entry(left, right, prefix));
    }
    return {};
  }

  /// A file or folder that is in one of them, or in both under one key, so of one kind.
  Result<> entry(const SheetEntry* before, const SheetEntry* after, const std::string& prefix) {
    if (before && after && before->oid == after->oid && before->mode == after->mode) return {};
    const auto& any = before ? *before : *after;
    if (any.is_folder())
      return folders(before ? before->sheet : std::nullopt, after ? after->sheet : std::nullopt,
                     prefix + any.path + "/");
    Change change;
    change.path = prefix + any.path;
    if (before) change.before = *before;
    if (after) change.after = *after;
    for (auto* side : {&change.before, &change.after})
      if (*side) (*side)->path = change.path;
    out.files.push_back(std::move(change));
    return {};
  }
};

}  // namespace

Result<Changes> compare_sheets(const PageLoader& load, const CommitInfo& before,
                               const CommitInfo& after, std::size_t files_max) {
  for (const auto* commit : {&before, &after})
    if (!commit->sheet && commit->oid != git::Oid{})
      return fail(ErrorCode::unavailable, "SheetPending",
                  "The files of this commit are still being indexed. Try again in a moment.");
  Comparer comparer{load, files_max, {}};
  if (before.tree != after.tree) CAIRN_CHECK(comparer.folders(before.sheet, after.sheet, ""));
  return std::move(comparer.out);
}

std::optional<git::Oid> find_merge_base(db::Tx& tx, RepoId repo, const CommitInfo& a,
                                        const CommitInfo& b) {
  // By generation downwards, each commit knows which of the two reach it. The first that both do
  // has none below it that is nearer.
  struct Waiting {
    std::int64_t generation;
    git::Oid oid;
    bool operator<(const Waiting& other) const { return generation < other.generation; }
  };
  std::priority_queue<Waiting> queue;
  std::unordered_map<git::Oid, int> sides;
  std::unordered_map<git::Oid, std::vector<git::Oid>> parents;
  auto add = [&](const CommitInfo& commit, int side) {
    auto [at, is_new] = sides.try_emplace(commit.oid, 0);
    at->second |= side;
    if (!is_new) return;
    parents[commit.oid] = commit.parents;
    queue.push({commit.generation, commit.oid});
  };
  add(a, 1);
  add(b, 2);
  for (int seen = 0; !queue.empty() && seen < merge_base_commits_max; ++seen) {
    auto oid = queue.top().oid;
    queue.pop();
    int side = sides[oid];
    if (side == 3) return oid;
    for (const auto& parent : parents[oid]) {
      if (auto known = sides.find(parent); known != sides.end()) {
        known->second |= side;
        continue;
      }
      if (auto row = store::find_commit(tx, repo, parent)) add(*row, side);
    }
  }
  return std::nullopt;
}

}  // namespace cairn::history
