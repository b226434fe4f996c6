#pragma once
#include <functional>

#include "hub/history/history.h"
#include "hub/history/packs.h"

namespace cairn::history {

/// See History::drop_unreachable.
[[nodiscard]] Result<History::Dropped> drop_unreachable(
    db::Database& database, Packs& packs, const Options& options, RepoId repo, Duration grace,
    const std::function<Result<>(db::Tx&)>& within);

}  // namespace cairn::history
