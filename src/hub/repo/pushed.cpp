#include "hub/repo/pushed.h"

#include "hub/lfs/links.h"
#include "hub/repo/store.h"

namespace cairn::repo {

void default_branch_moved(db::Tx& tx, const Repo& current, const history::CommitInfo& head,
                          const CardInfo& card) {
  store::set_head(tx, current.id, head.oid.hex());
  store::set_card(tx, current.id, card);
}

void add_pushed_bytes(db::Tx& tx, RepoId repo, std::uint64_t regular_bytes, bool large) {
  std::optional<std::int64_t> large_bytes;
  if (large) large_bytes = static_cast<std::int64_t>(lfs::stored_bytes(tx, repo));
  store::add_storage(tx, repo, static_cast<std::int64_t>(regular_bytes), large_bytes);
}

}  // namespace cairn::repo
