#pragma once
#include <string>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"

namespace cairn::history {

/// Every ref leads to a commit whose row, object, trees and sheets agree and whose objects hash to
/// their names. Reads the whole repository; blocks.
[[nodiscard]] Result<std::vector<History::Finding>> check_repo(db::Database&, Packs&,
                                                               const PageLoader&, RepoId);
[[nodiscard]] Result<std::vector<LargeFile>> large_files_of(db::Database&, const PageLoader&,
                                                            RepoId);
[[nodiscard]] Result<History::Sweep> sweep_unreachable(db::Database&, storage::ObjectStore&,
                                                       const PageLoader&, const Clock&,
                                                       Duration grace, bool dry_run);
[[nodiscard]] Result<> export_repo(Packs&, RepoId, const std::vector<Ref>&,
                                   const std::string& folder);

}  // namespace cairn::history
