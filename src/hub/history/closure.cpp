#include "hub/history/closure.h"

#include <algorithm>

#include "hub/history/store.h"

namespace cairn::history {
namespace {

constexpr int graph_step = 5000;

}  // namespace

Result<CommitGraph> read_graph(db::Database& database, RepoId repo) {
  CommitGraph graph;
  std::string after;
  for (;;) {
    auto page = [&](db::Tx& tx) -> Result<std::vector<CommitInfo>> {
      return store::commits_after(tx, repo, after, graph_step);
    };
    CAIRN_TRY(rows, database.read_now(page));
    for (auto& row : rows)
      graph.emplace(row.oid,
                    CommitNode{row.tree, std::move(row.parents), row.generation, row.sheet});
    if (rows.size() < graph_step) return graph;
    after = rows.back().oid.hex();
  }
}

std::vector<git::Oid> reachable_from(const CommitGraph& graph, const std::vector<git::Oid>& roots) {
  std::unordered_set<git::Oid> seen;
  std::vector<git::Oid> out, waiting;
  auto visit = [&](const git::Oid& oid) {
    if (graph.contains(oid) && seen.insert(oid).second) waiting.push_back(oid);
  };
  for (const auto& root : roots) visit(root);
  while (!waiting.empty()) {
    auto oid = waiting.back();
    waiting.pop_back();
    out.push_back(oid);
    for (const auto& parent : graph.at(oid).parents) visit(parent);
  }
  // A parent's generation is lower than its child's; the id makes the order the same every time.
  std::sort(out.begin(), out.end(), [&](const git::Oid& a, const git::Oid& b) {
    auto left = graph.at(a).generation, right = graph.at(b).generation;
    return left != right ? left < right : a < b;
  });
  return out;
}

Result<Closure> closure_of(const CommitGraph& graph, const PageLoader& load,
                           const std::vector<git::Oid>& roots) {
  Closure out;
  out.commits = reachable_from(graph, roots);
  std::unordered_set<SheetId> pages;
  auto first_time = [&](const SheetId& id) { return pages.insert(id).second; };
  auto visit = [&](const SheetEntry& e) -> Result<> {
    // A submodule's id names a commit of another repository.
    bool is_new = e.mode != git::FileMode::submodule && out.objects.insert(e.oid).second;
    if (e.lfs)
      out.large[*e.lfs] = e.size_bytes;
    else if (is_new && !e.is_folder())
      out.regular_bytes += e.size_bytes;
    return {};
  };
  for (const auto& oid : out.commits) {
    const auto& commit = graph.at(oid);
    if (!commit.sheet)
      return fail(ErrorCode::unavailable, "SheetPending",
                  "A commit of the repository is still being indexed. Try again in a moment.")
          .with("commit", oid.hex());
    out.objects.insert(oid);
    out.objects.insert(commit.tree);
    CAIRN_CHECK(walk_pages(load, *commit.sheet, first_time, visit));
  }
  return out;
}

}  // namespace cairn::history
