#include "hub/fetch/wants.h"

#include <unordered_set>

namespace cairn::fetch {
namespace {

using Oids = std::unordered_set<git::Oid>;

Oids tips_of(const history::RefList& refs) {
  Oids tips;
  tips.reserve(refs.refs.size());
  for (const auto& ref : refs.refs) {
    tips.insert(ref.oid);
    if (ref.peeled) tips.insert(*ref.peeled);
  }
  return tips;
}

}  // namespace

Result<CheckedWants> check_wants(db::Tx& tx, history::History& history, RepoId repo,
                                 git::FetchRequest& request, Duration grace) {
  CheckedWants out;
  out.refs = history.ref_list(tx, repo);
  out.pack_set = history.pack_set(tx, repo);
  Oids known = tips_of(*out.refs);

  std::vector<git::Oid> asked;
  for (const auto* list : {&request.wants, &request.haves, &request.shallow})
    for (const auto& oid : *list)
      if (!known.contains(oid)) asked.push_back(oid);
  if (!asked.empty()) known.merge(history.reached(tx, repo, asked));
  auto unknown = [&](const git::Oid& oid) { return !known.contains(oid); };
  std::erase_if(request.haves, unknown);
  std::erase_if(request.shallow, unknown);

  for (const auto& want : request.wants)
    if (unknown(want)) out.open.push_back(want);
  if (out.open.empty()) return out;
  auto recent = history.recent_values(tx, repo, tx.now() - grace);
  Oids just_now(recent.begin(), recent.end());
  std::erase_if(out.open, [&](const git::Oid& want) { return just_now.contains(want); });
  return out;
}

}  // namespace cairn::fetch
