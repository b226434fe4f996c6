#include <algorithm>

#include "hub/history/rework.h"
#include "hub/history/store.h"

namespace cairn::history {

struct CopyPacks {
  std::vector<std::int64_t> shared;      ///< Rows of the source's packs.
  std::optional<store::PackRow> packed;  ///< What lies in none of those.
};

Result<std::shared_ptr<const Copy>> prepare_copy(const Rework& rework, RepoId from,
                                                 std::vector<Ref> refs) {
  CAIRN_TRY(graph, read_graph(rework.database, from));
  std::vector<git::Oid> roots;
  for (const auto& ref : refs) roots.push_back(ref.commit);
  CAIRN_TRY(closure, closure_of(graph, rework.loader(), roots));
  for (const auto& ref : refs)
    if (ref.tag_object) closure.objects.insert(*ref.tag_object);

  // After the walk: packs only gain objects, so these hold all of it.
  CAIRN_TRY(packs, rework.packs.contents(from));
  auto copy = std::make_shared<Copy>();
  auto chosen = std::make_shared<CopyPacks>();
  auto wanted = [&](const git::Oid& oid) { return closure.objects.contains(oid); };
  std::unordered_set<git::Oid> held;
  std::vector<git::Oid> rest;
  for (const auto& pack : packs) {
    if (std::ranges::all_of(pack.objects, wanted)) {
      chosen->shared.push_back(pack.row.id);
      held.insert(pack.whole.begin(), pack.whole.end());
    } else {
      std::ranges::copy_if(pack.objects, std::back_inserter(rest), wanted);
    }
  }
  std::erase_if(rest, [&](const git::Oid& oid) { return held.contains(oid); });
  if (!rest.empty()) {
    std::ranges::sort(rest);
    auto doubled = std::ranges::unique(rest);
    rest.erase(doubled.begin(), doubled.end());
    CAIRN_TRY(packed, rework.packs.select(from, rest));
    chosen->packed = std::move(packed);
  }
  copy->from = from;
  copy->refs = std::move(refs);
  copy->commits = std::move(closure.commits);
  copy->large_files = std::move(closure.large);
  copy->packs = std::move(chosen);
  return copy;
}

Result<> finish_copy(db::Tx& tx, RepoId to, const Copy& copy, const RefActor& actor) {
  for (auto pack : copy.packs->shared)
    if (!store::link_pack(tx, to, pack))
      return fail(ErrorCode::unavailable, "PackGone",
                  "The source's packs were merged meanwhile. Try again.");
  if (copy.packs->packed) store::insert_pack(tx, to, *copy.packs->packed);
  for (const auto& ref : copy.refs) {
    store::insert_ref(tx, to, ref);
    store::append_log(tx, to, ref.name, {}, ref.commit, actor, "duplicate");
  }
  return {};
}

}  // namespace cairn::history
