#pragma once
#include "hub/history/closure.h"
#include "hub/history/history.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"
#include "hub/history/refs.h"
#include "hub/history/sheets.h"

/// Inside the module: what changes or copies a history as a whole. All of it blocks.
namespace cairn::history {

struct Rework {
  db::Database& database;
  Packs& packs;
  Pages& pages;
  RefCache& refs;
  const Clock& clock;
  std::string temporary_folder;

  [[nodiscard]] PageLoader loader() const {
    return [this](const SheetId& id) { return pages.load(id); };
  }
};

/// squash.cpp
[[nodiscard]] Result<CommitInfo> squash(const Rework&, const SquashPlan&);
/// removal.cpp
[[nodiscard]] Result<std::vector<MovedRef>> remove_large_files(const Rework&, const RemovalPlan&);
/// copy.cpp
[[nodiscard]] Result<std::shared_ptr<const Copy>> prepare_copy(const Rework&, RepoId,
                                                               std::vector<Ref>);
[[nodiscard]] Result<> finish_copy(db::Tx&, RepoId to, const Copy&, const RefActor&);
/// collection.cpp
[[nodiscard]] Result<Collected> collect(const Rework&, const CollectPlan&);

}  // namespace cairn::history
