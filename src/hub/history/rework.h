#pragma once
#include "hub/history/closure.h"
#include "hub/history/history.h"
#include "hub/history/packs.h"
#include "hub/history/pages.h"
#include "hub/history/refs.h"

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
/// collect.cpp
[[nodiscard]] Result<Collected> collect(const Rework&, const CollectPlan&);

/// Writes pages in steps, so that no transaction becomes long. Named by their hash, they may come
/// before what refers to them: one too many is garbage that a sweep finds.
[[nodiscard]] Result<> store_pages(db::Database&, const std::vector<EncodedPage>&);

}  // namespace cairn::history
