#include "hub/community/merge.h"

#include <map>
#include <queue>
#include <set>

#include "platform/git/path.h"

namespace cairn::community {
namespace {

using history::CommitInfo;
using history::History;
using history::SheetEntry;

using Folder = std::map<std::string, SheetEntry>;  ///< By path from the root.

Result<Folder> read_folder(History& history, const CommitInfo& commit, const std::string& path) {
  Folder out;
  history::TreeQuery query{.folder = path, .recursive = false, .limit = 1000, .after = {}};
  do {
    CAIRN_TRY(page, history.tree(commit, query));
    for (auto& entry : page.entries) out.emplace(entry.path, std::move(entry));
    query.after = std::move(page.next);
  } while (query.after);
  return out;
}

bool same(const std::optional<SheetEntry>& a, const std::optional<SheetEntry>& b) {
  if (!a || !b) return !a && !b;
  return a->oid == b->oid && a->mode == b->mode;
}

/// Walks two trees side by side.
class Comparison {
 public:
  Comparison(History& history, const CommitInfo& from, const CommitInfo& to)
      : history_(history), from_(from), to_(to) {}

  /// Either side may lack the folder.
  Result<> folder(const std::string& path, bool before, bool after) {
    Folder old_entries, new_entries;
    if (before) {
      CAIRN_TRY(read, read_folder(history_, from_, path));
      old_entries = std::move(read);
    }
    if (after) {
      CAIRN_TRY(read, read_folder(history_, to_, path));
      new_entries = std::move(read);
    }
    std::set<std::string> names;
    for (const auto& [name, entry] : old_entries) names.insert(name);
    for (const auto& [name, entry] : new_entries) names.insert(name);
    for (const auto& name : names)
      CAIRN_CHECK(entry(name, find(old_entries, name), find(new_entries, name)));
    return {};
  }

  std::vector<Change> changes;

 private:
  static std::optional<SheetEntry> find(const Folder& folder, const std::string& path) {
    auto at = folder.find(path);
    if (at == folder.end()) return std::nullopt;
    return at->second;
  }

  Result<> entry(const std::string& path, std::optional<SheetEntry> before,
                 std::optional<SheetEntry> after) {
    if (same(before, after)) return {};
    bool old_folder = before && before->is_folder();
    bool new_folder = after && after->is_folder();
    if (old_folder || new_folder) CAIRN_CHECK(folder(path, old_folder, new_folder));
    if (old_folder) before.reset();
    if (new_folder) after.reset();
    if (!before && !after) return {};
    if (changes.size() >= merge_files_max)
      return fail(ErrorCode::unprocessable, "PullRequestTooLarge",
                  "The pull request changes more than 100 000 files. Split it.");
    changes.push_back({path, std::move(before), std::move(after)});
    return {};
  }

  History& history_;
  const CommitInfo& from_;
  const CommitInfo& to_;
};

Result<std::optional<SheetEntry>> entry_at(History& history, const CommitInfo& commit,
                                           std::string_view path) {
  auto found = history.entry(commit, path);
  if (found) return std::optional(std::move(*found));
  if (found.error().code == ErrorCode::not_found) return std::optional<SheetEntry>{};
  return fail(found.error());
}

/// Whether a file of the target stands where a new path needs a folder.
Result<bool> is_blocked(History& history, const CommitInfo& target, const git::RepoPath& path,
                        const std::set<std::string>& removed) {
  for (auto folder = path.parent(); !folder.is_root(); folder = folder.parent()) {
    CAIRN_TRY(there, entry_at(history, target, folder.text()));
    if (there) return !there->is_folder() && !removed.contains(std::string(folder.text()));
  }
  return false;
}

repo::CommitOp put(git::RepoPath path, const SheetEntry& entry) {
  if (entry.lfs) return repo::PutLarge{std::move(path), *entry.lfs, entry.size_bytes, entry.mode};
  return repo::PutFile{std::move(path), entry.oid, entry.size_bytes, entry.mode};
}

}  // namespace

std::optional<CommitInfo> merge_base(db::Tx& tx, History& history, RepoId repo, const CommitInfo& a,
                                     const CommitInfo& b) {
  // By falling generation: when a commit is taken, all that descend from it were, so its marks are
  // complete, and the first with both is the nearest.
  struct Seen {
    CommitInfo commit;
    int marks = 0;
  };
  using Place = std::pair<std::int64_t, git::Oid>;
  std::map<git::Oid, Seen> seen;
  std::priority_queue<Place> queue;
  auto mark = [&](const CommitInfo& commit, int marks) {
    auto [at, is_new] = seen.try_emplace(commit.oid, Seen{commit, 0});
    at->second.marks |= marks;
    if (is_new) queue.emplace(commit.generation, commit.oid);
  };
  mark(a, 1);
  mark(b, 2);
  while (!queue.empty() && seen.size() < ancestors_max) {
    const Seen taken = seen.at(queue.top().second);
    queue.pop();
    if (taken.marks == 3) return taken.commit;
    for (const auto& parent : taken.commit.parents) {
      auto known = seen.find(parent);
      if (known != seen.end())
        known->second.marks |= taken.marks;
      else if (auto commit = history.find_commit(tx, repo, parent))
        mark(*commit, taken.marks);
    }
  }
  return std::nullopt;
}

Result<std::vector<Change>> changes_between(History& history, const CommitInfo& from,
                                            const CommitInfo& to) {
  Comparison comparison(history, from, to);
  if (from.tree != to.tree) CAIRN_CHECK(comparison.folder("", true, true));
  return std::move(comparison.changes);
}

Result<MergePlan> plan_merge(History& history, const CommitInfo& base, const CommitInfo& source,
                             const CommitInfo& target) {
  CAIRN_TRY(changes, changes_between(history, base, source));
  std::set<std::string> removed;
  for (const auto& change : changes)
    if (!change.after) removed.insert(change.path);
  MergePlan plan;
  for (auto& change : changes) {
    CAIRN_TRY(there, entry_at(history, target, change.path));
    if (same(there, change.after)) continue;
    CAIRN_TRY(path, git::parse_path(change.path));
    bool blocked = false;
    if (change.after && !there) {
      CAIRN_TRY(in_the_way, is_blocked(history, target, path, removed));
      blocked = in_the_way;
    }
    if (!same(there, change.before) || blocked)
      plan.conflicts.push_back(change.path);
    else if (change.after)
      plan.ops.push_back(put(std::move(path), *change.after));
    else
      plan.ops.emplace_back(repo::Delete{std::move(path)});
  }
  return plan;
}

}  // namespace cairn::community
