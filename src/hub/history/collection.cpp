#include <algorithm>

#include "base/log.h"
#include "hub/history/rework.h"
#include "hub/history/store.h"

namespace cairn::history {
namespace {

constexpr std::size_t commits_step = 1000;
// Refs moved while packs were written anew: then all is looked at again, so often.
constexpr int attempts_max = 3;
constexpr std::size_t tag_bytes_max = 64u << 20;
// Commits that came meanwhile and are walked to see that they stand on what stays.
constexpr std::size_t new_commits_max = 2000;

struct Split {
  Closure closure;
  std::unordered_set<git::Oid> living;  ///< Commits.
  std::vector<Ref> refs;
  std::vector<git::Oid> dead;  ///< Commits.
};

/// What an annotated tag names, when that is another tag. git checked its form when it came.
std::optional<git::Oid> tag_below(std::string_view tag) {
  constexpr std::string_view front = "object ", middle = "\ntype tag\n";
  if (!tag.starts_with(front)) return std::nullopt;
  auto rest = tag.substr(front.size());
  if (rest.size() < git::oid_hex || !rest.substr(git::oid_hex).starts_with(middle))
    return std::nullopt;
  auto oid = git::Oid::parse(rest.substr(0, git::oid_hex));
  return oid ? std::optional(*oid) : std::nullopt;
}

/// Annotated tags may name others: all of the chain stays.
Result<> add_tags(const Rework& rework, RepoId repo, const std::vector<Ref>& refs,
                  std::unordered_set<git::Oid>& objects) {
  for (const auto& ref : refs)
    for (auto next = ref.tag_object; next && objects.insert(*next).second;) {
      CAIRN_TRY(object, rework.packs.read(repo, *next, tag_bytes_max));
      next = tag_below(object.content);
    }
  return {};
}

Result<Split> split_history(const Rework& rework, const CollectPlan& plan) {
  CAIRN_TRY(graph, read_graph(rework.database, plan.repo));
  std::vector<git::Oid> roots;
  Split kept;
  auto read = [&](db::Tx& tx) -> Result<> {
    roots = store::logged_since(tx, plan.repo, plan.logged_before);
    kept.refs = store::refs(tx, plan.repo, "");
    for (const auto& ref : kept.refs) roots.push_back(ref.commit);
    return {};
  };
  CAIRN_CHECK(rework.database.read_now(read));
  CAIRN_TRY(closure, closure_of(graph, rework.loader(), roots));
  kept.closure = std::move(closure);
  CAIRN_CHECK(add_tags(rework, plan.repo, kept.refs, kept.closure.objects));
  kept.living.insert(kept.closure.commits.begin(), kept.closure.commits.end());
  for (const auto& [oid, node] : graph)
    if (!kept.living.contains(oid)) kept.dead.push_back(oid);
  std::ranges::sort(kept.dead);
  return kept;
}

Failure busy() {
  return fail(ErrorCode::unavailable, "RepoBusy",
              "Refs of the repository moved while it was cleaned up. It is tried again later.");
}

/// No ref leads to a commit that goes, nor to a new one above it: a branch may have been made, and
/// committed to, meanwhile.
Result<> check_refs(db::Tx& tx, RepoId repo, const Split& kept) {
  std::vector<git::Oid> waiting;
  std::unordered_set<git::Oid> seen;
  auto visit = [&](const git::Oid& oid) {
    if (!kept.living.contains(oid) && seen.insert(oid).second) waiting.push_back(oid);
  };
  for (const auto& ref : store::refs(tx, repo, "")) visit(ref.commit);
  while (!waiting.empty()) {
    auto oid = waiting.back();
    waiting.pop_back();
    auto commit = store::find_commit(tx, repo, oid);
    if (!commit || seen.size() > new_commits_max || std::ranges::binary_search(kept.dead, oid))
      return busy();
    for (const auto& parent : commit->parents) visit(parent);
  }
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

/// @param packs  as they were before the split was made. What comes later lies in packs of its own,
///               and moves a ref: then nothing is swapped.
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

/// Rows lead to the objects, so they go first. What was unreachable stays so, hence the steps.
Result<> remove_rows(const Rework& rework, RepoId repo, const Split& kept) {
  for (std::size_t at = 0; at < kept.dead.size(); at += commits_step) {
    auto end = std::min(at + commits_step, kept.dead.size());
    std::vector step(kept.dead.begin() + static_cast<std::ptrdiff_t>(at),
                     kept.dead.begin() + static_cast<std::ptrdiff_t>(end));
    auto remove = [&](db::Tx& tx) -> Result<> {
      tx.lock_row(db::Lockable::repo, repo.value);
      CAIRN_CHECK(check_refs(tx, repo, kept));
      store::delete_commits(tx, repo, step);
      auto forget = [&rework, repo] { rework.refs.changed(repo, true); };
      tx.after_commit(forget);
      return {};
    };
    CAIRN_CHECK(rework.database.write_now(remove));
  }
  return {};
}

Result<Collected> try_to_collect(const Rework& rework, const CollectPlan& plan) {
  Collected out;
  CAIRN_TRY(packs, rework.packs.contents(plan.repo));
  CAIRN_TRY(kept, split_history(rework, plan));
  CAIRN_TRY(swap, repack(rework, plan.repo, packs, kept));
  CAIRN_CHECK(remove_rows(rework, plan.repo, kept));
  auto let_go = [&](db::Tx& tx) -> Result<> {
    tx.lock_row(db::Lockable::repo, plan.repo.value);
    // A commit that came meanwhile may name a blob that it found in one of the old packs.
    bool complete = same(kept.refs, store::refs(tx, plan.repo, ""));
    if (!complete && !swap.old.empty()) return busy();
    for (const auto& pack : swap.old)
      if (!store::has_pack_link(tx, plan.repo, pack.id)) return busy();  // Merged meanwhile.
    Kept stays{kept.closure.large, kept.closure.regular_bytes, complete};
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
  CAIRN_CHECK(rework.database.write_now(let_go));
  out.commits = static_cast<std::int64_t>(kept.dead.size());
  for (const auto& pack : swap.old) out.bytes_freed += pack.size_bytes;
  if (swap.now) out.bytes_freed -= swap.now->size_bytes;
  out.packs = static_cast<std::int64_t>(swap.old.size());
  return out;
}

Result<bool> all_reached(db::Database& database, const CollectPlan& plan) {
  auto read = [&](db::Tx& tx) -> Result<bool> {
    auto kept = store::recent_values(tx, plan.repo, plan.logged_before);
    std::unordered_set<git::Oid> once(kept.begin(), kept.end());
    return store::unreached_commits(tx, plan.repo, {once.begin(), once.end()}, 1).empty();
  };
  return database.read_now(read);
}

}  // namespace

Result<Collected> collect(const Rework& rework, const CollectPlan& plan) {
  if (plan.only_if_unreached) {
    CAIRN_TRY(nothing, all_reached(rework.database, plan));
    if (nothing) {
      Collected out;
      out.looked = false;
      return out;
    }
  }
  for (int attempt = 1;; ++attempt) {
    auto done = try_to_collect(rework, plan);
    if (!done && done.error().word == "RepoBusy" && attempt < attempts_max) continue;
    if (!done) return done;
    if (done->commits || done->packs)
      log::info("history.collected", {{"repo", plan.repo.value},
                                      {"commits", done->commits},
                                      {"packs", done->packs},
                                      {"bytes_freed", done->bytes_freed}});
    return done;
  }
}

}  // namespace cairn::history
