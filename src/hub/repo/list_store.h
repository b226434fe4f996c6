#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "hub/repo/repos.h"
#include "platform/db/db.h"

/// SQL for lists of repositories.
namespace cairn::repo::store {

/// Where a page begins: the last one's sort value and number. Sort::id has a text.
struct Place {
  std::int64_t value = 0;
  std::string key;
  RepoId id;
};

struct ListFilter {
  bool everything = false;    ///< Private ones of everybody.
  std::string owners = "[]";  ///< JSON: owners whose private ones count.
  std::string repos = "[]";   ///< JSON: single private ones that count.
};

/// `query.limit + 1` rows, so that the caller sees whether more follow.
[[nodiscard]] std::vector<Repo> list(db::Tx& tx, const ListQuery& query,
                                     const std::optional<OwnerId>& author, const ListFilter& filter,
                                     const std::optional<Place>& after);
/// All fixed SQL of list_store.cpp, and the statement that `list` runs, for tests of plans.
[[nodiscard]] std::span<const db::Statement* const> list_statements();
[[nodiscard]] db::Query list_query(const ListQuery& query, const std::optional<OwnerId>& author,
                                   const ListFilter& filter, const std::optional<Place>& after,
                                   db::Engine engine);

[[nodiscard]] Place place_of(const Repo& repo, Sort sort);

[[nodiscard]] std::vector<Repo> list_storage(db::Tx& tx, OwnerId owner, const StorageQuery& query,
                                             const std::optional<Place>& after);
[[nodiscard]] std::int64_t total_storage(db::Tx& tx, OwnerId owner);

/// Cards of many at once.
[[nodiscard]] std::map<std::int64_t, CardInfo> cards(db::Tx& tx, const std::vector<RepoRef>& repos);

}  // namespace cairn::repo::store
