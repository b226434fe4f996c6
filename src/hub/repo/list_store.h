#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "hub/repo/list_index.h"
#include "hub/repo/repos.h"
#include "platform/db/db.h"

/// SQL for lists of repositories.
namespace cairn::repo::store {

struct ListFilter {
  bool everything = false;    ///< Private ones of everybody.
  std::string owners = "[]";  ///< JSON: owners whose private ones count.
  std::string repos = "[]";   ///< JSON: single private ones that count.
};

/// What a list holds, by SQL alone: `query.limit + 1` places, so that the caller sees whether more
/// follow. Says the same as ListIndex::select, which is quick under every filter; this one answers
/// until the index has read the tables, and is what tests hold the index against.
[[nodiscard]] std::vector<Place> list(db::Tx& tx, const ListQuery& query,
                                      const std::optional<OwnerId>& author,
                                      const ListFilter& filter, const std::optional<Place>& after);
/// The living ones among these, in this order.
[[nodiscard]] std::vector<Repo> rows(db::Tx& tx, std::span<const RepoId> ids);

/// All fixed SQL of list_store.cpp, and the statement that `list` runs, for tests of plans.
[[nodiscard]] std::span<const db::Statement* const> list_statements();
[[nodiscard]] db::Query list_query(const ListQuery& query, const std::optional<OwnerId>& author,
                                   const ListFilter& filter, const std::optional<Place>& after,
                                   db::Engine engine);

[[nodiscard]] std::vector<Repo> list_storage(db::Tx& tx, OwnerId owner, const StorageQuery& query,
                                             const std::optional<Place>& after);
[[nodiscard]] std::int64_t total_storage(db::Tx& tx, OwnerId owner);

enum class CardPart {
  columns,  ///< Tags and what has a column of its own: `CardInfo::data` stays null.
  all,
};
/// Cards of many at once.
[[nodiscard]] std::map<std::int64_t, CardInfo> cards(db::Tx& tx, const std::vector<RepoRef>& repos,
                                                     CardPart part);

// ---- For the index -----------------------------------------------------------------------------

/// Living ones of living owners, by number.
[[nodiscard]] std::vector<IndexRow> index_page(db::Tx& tx, RepoId after, int limit);
[[nodiscard]] std::vector<IndexRow> index_rows(db::Tx& tx, std::span<const RepoId> ids);

/// PostgreSQL: which repositories changed, for other nodes' indexes. SQLite needs no such record:
/// its one process knows.
void note_change(db::Tx& tx, RepoId id);
struct Change {
  std::int64_t xid = 0;
  RepoId repo;
};
/// Changes of transactions from `after` on, in order. PostgreSQL only.
[[nodiscard]] std::vector<Change> changes(db::Tx& tx, const Change& after, int limit);
/// Before the first reading: a backup restored on another PostgreSQL server knows transactions of
/// the future, which would be read again and again.
void drop_future_changes(db::Tx& tx);
/// Every transaction below it has ended. PostgreSQL only.
[[nodiscard]] std::int64_t oldest_transaction(db::Tx& tx);

// ---- Figures -----------------------------------------------------------------------------------

struct Figures {
  RepoId id;
  std::int64_t downloads = 0, likes_30d = 0, trending_score = 0;
};
/// Of the living, by number.
[[nodiscard]] std::vector<Figures> figures(db::Tx& tx, RepoId after, int limit);
void set_figures(db::Tx& tx, const Figures& figures);
void add_likes(db::Tx& tx, RepoId id, std::int64_t count);

}  // namespace cairn::repo::store
