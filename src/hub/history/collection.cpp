#include <algorithm>

#include "base/log.h"
#include "hub/history/rework.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

constexpr std::size_t commits_step = 1000;

struct Split {
  Closure closure;
  std::vector<Ref> refs;
  std::vector<git::Oid> dead;  ///< Commits.
};

Result<Split> split_history(const Rework& rework, const CollectPlan& plan) {
  CAIRN_TRY(graph, read_graph(rework.database, plan.repo));
  std::vector<git::Oid> roots, tags;
  std::vector<Ref> refs;
  auto read = [&](db::Tx& tx) -> Result<> {
    roots = store::logged_since(tx, plan.repo, plan.logged_before);
    tags.clear();
    refs = store::refs(tx, plan.repo, "");
    for (const auto& ref : refs) {
      roots.push_back(ref.commit);
      if (ref.tag_object) tags.push_back(*ref.tag_object);
    }
    return {};
  };
  CAIRN_CHECK(rework.database.read_now(read));
  CAIRN_TRY(closure, closure_of(graph, rework.loader(), roots));
  closure.objects.insert(tags.begin(), tags.end());
  Split kept;
  kept.refs = std::move(refs);
  std::unordered_set<git::Oid> living(closure.commits.begin(), closure.commits.end());
  for (const auto& [oid, node] : graph)
    if (!living.contains(oid)) kept.dead.push_back(oid);
  std::ranges::sort(kept.dead);
  kept.closure = std::move(closure);
  return kept;
}

/// No ref leads to a commit that goes: a branch may have been made meanwhile.
Result<> check_refs(db::Tx& tx, RepoId repo, const std::vector<git::Oid>& dead) {
  for (const auto& ref : store::refs(tx, repo, ""))
    if (std::ranges::binary_search(dead, ref.commit))
      return fail(ErrorCode::unavailable, "RefMoved",
                  "A ref came to lead to a commit that was about to go. Collect again.")
          .with("ref", ref.name);
  return {};
}

bool same(const std::vector<Ref>& a, const std::vector<Ref>& b) {
  auto equal = [](const Ref& x, const Ref& y) {
    return x.name == y.name && x.commit == y.commit && x.tag_object == y.tag_object;
  };
  return std::ranges::equal(a, b, equal);
}

/// Packs with objects that go, and the pack that takes their place (none when nothing of them
/// stays).
struct Swap {
  std::vector<store::PackRow> old;
  std::optional<store::PackRow> now;
};

/// @param packs  as they were before the split was made: commits come with their packs in one
///               transaction, so whatever these hold and a ref needs has been found since.
Result<Swap> repack(const Rework& rework, RepoId repo, const std::vector<Packs::Contents>& packs,
                    const Split& kept) {
  auto stays = [&](const git::Oid& oid) { return kept.closure.objects.contains(oid); };
  Swap swap;
  std::unordered_set<git::Oid> held;
  std::vector<git::Oid> needed;
  for (const auto& pack : packs) {
    if (std::ranges::all_of(pack.objects, stays)) {
      held.insert(pack.whole.begin(), pack.whole.end());
      continue;
    }
    swap.old.push_back(pack.row);
    std::ranges::copy_if(pack.objects, std::back_inserter(needed), stays);
  }
  std::erase_if(needed, [&](const git::Oid& oid) { return held.contains(oid); });
  std::ranges::sort(needed);
  auto doubled = std::ranges::unique(needed);
  needed.erase(doubled.begin(), doubled.end());
  if (!needed.empty()) {
    CAIRN_TRY(packed, rework.packs.select(repo, needed));
    swap.now = std::move(packed);
  }
  return swap;
}

}  // namespace

Result<Collected> collect(const Rework& rework, const CollectPlan& plan) {
  Collected out;
  CAIRN_TRY(packs, rework.packs.contents(plan.repo));
  CAIRN_TRY(kept, split_history(rework, plan));
  CAIRN_TRY(swap, repack(rework, plan.repo, packs, kept));

  auto let_go = [&](db::Tx& tx) -> Result<> {
    tx.lock_row(db::Lockable::repo, plan.repo.value);
    CAIRN_CHECK(check_refs(tx, plan.repo, kept.dead));
    for (const auto& pack : swap.old)
      if (!store::has_pack_link(tx, plan.repo, pack.id))
        return fail(ErrorCode::unavailable, "PackGone", "Packs were merged meanwhile.");
    Kept stays{kept.closure.large, kept.closure.regular_bytes,
               same(kept.refs, store::refs(tx, plan.repo, ""))};
    if (plan.within) CAIRN_CHECK(plan.within(tx, stays));
    if (swap.now) store::insert_pack(tx, plan.repo, *swap.now);
    for (const auto& pack : swap.old) store::unlink_pack(tx, plan.repo, pack.id);
    auto forget = [&rework, repo = plan.repo] {
      rework.refs.changed(repo, true);
      rework.packs.forget(repo);
    };
    tx.after_commit(forget);
    return {};
  };
  // Rows first: they lead to the objects. What was unreachable stays so, hence the steps.
  for (std::size_t at = 0; at < kept.dead.size(); at += commits_step) {
    std::vector step(kept.dead.begin() + static_cast<std::ptrdiff_t>(at),
                     kept.dead.begin() + static_cast<std::ptrdiff_t>(
                                             std::min(at + commits_step, kept.dead.size())));
    auto remove = [&](db::Tx& tx) -> Result<> {
      tx.lock_row(db::Lockable::repo, plan.repo.value);
      CAIRN_CHECK(check_refs(tx, plan.repo, kept.dead));
      store::delete_commits(tx, plan.repo, step);
      auto forget = [&rework, repo = plan.repo] { rework.refs.changed(repo, true); };
      tx.after_commit(forget);
      return {};
    };
    CAIRN_CHECK(rework.database.write_now(remove));
    out.commits += static_cast<std::int64_t>(step.size());
  }
  CAIRN_CHECK(rework.database.write_now(let_go));
  for (const auto& pack : swap.old) out.bytes_freed += pack.size_bytes;
  if (swap.now) out.bytes_freed -= swap.now->size_bytes;
  out.packs = static_cast<std::int64_t>(swap.old.size());
  log::info("history.collected", {{"repo", plan.repo.value},
                                  {"commits", out.commits},
                                  {"packs", out.packs},
                                  {"bytes_freed", out.bytes_freed}});
  return out;
}

}  // namespace cairn::history
