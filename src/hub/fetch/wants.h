#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "platform/db/db.h"
#include "platform/git/upload_request.h"

namespace cairn::fetch {

/// A request after its ids were held against what the readable refs reach.
struct CheckedWants {
  history::RefListRef refs;
  std::string pack_set;
  /// Wants that are neither tips nor commits that refs reach nor what a ref held a moment ago:
  /// readable only if they are trees, blobs or tags that refs reach.
  std::vector<git::Oid> open;
};

/// In one transaction. Takes from `request` the haves and shallow commits that no readable ref
/// reaches: to the client they do not exist here, and an acknowledgment would tell that they do.
/// (A commit of which a descendant is shared is reached, so no needed boundary is lost.)
[[nodiscard]] Result<CheckedWants> check_wants(db::Tx& tx, history::History& history, RepoId repo,
                                               git::FetchRequest& request, Duration grace);

}  // namespace cairn::fetch
