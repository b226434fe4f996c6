#include "hub/repo/list_store.h"

#include "base/names.h"
#include "hub/repo/columns.h"

namespace cairn::repo::store {
namespace {

// ---- SQL ---------------------------------------------------------------------------------------

using Fragment = db::Query::Fragment;

constexpr Fragment select_living =
    CAIRN_REPO_SELECT "WHERE r.deleted_at IS NULL AND o.deleted_at IS NULL AND r.kind = ";
constexpr Fragment select_owned = CAIRN_REPO_SELECT "WHERE r.deleted_at IS NULL AND r.owner_id = ";

// 1 is Visibility::private_.
constexpr Fragment visible_owners =
    " AND (r.visibility <> 1 OR r.owner_id IN (SELECT value FROM json_each(";
constexpr Fragment visible_repos = ")) OR r.id IN (SELECT value FROM json_each(";
constexpr Fragment visible_end = ")))";
constexpr Fragment visible_owners_pg =
    " AND (r.visibility <> 1 OR r.owner_id IN (SELECT value::bigint FROM "
    "json_array_elements_text(CAST(";
constexpr Fragment visible_repos_pg =
    " AS json))) OR r.id IN (SELECT value::bigint FROM json_array_elements_text(CAST(";
constexpr Fragment visible_end_pg = " AS json)))) ";

constexpr Fragment with_tag = " AND r.id IN (SELECT t.repo_id FROM repo_tags t WHERE t.tag = ";
constexpr Fragment with_words = " AND r.full_key LIKE ";
constexpr Fragment like_end = " ESCAPE '\\'";

struct SortSql {
  Fragment after, before, then, descending, ascending;
};
#define CAIRN_SORT(column)                                                    \
  SortSql{" AND (" column ", r.id) > (", " AND (" column ", r.id) < (", ", ", \
          " ORDER BY " column " DESC, r.id DESC LIMIT ", " ORDER BY " column ", r.id LIMIT "}
constexpr SortSql by_created = CAIRN_SORT("r.created_at");
constexpr SortSql by_updated = CAIRN_SORT("r.updated_at");
constexpr SortSql by_downloads = CAIRN_SORT("r.downloads");
constexpr SortSql by_likes = CAIRN_SORT("r.likes");
constexpr SortSql by_trending = CAIRN_SORT("r.trending_score");
constexpr SortSql by_key = CAIRN_SORT("r.full_key");
constexpr SortSql by_storage = CAIRN_SORT("r.git_bytes + r.large_bytes");
#undef CAIRN_SORT

constexpr db::Statement sum_storage{"repo.total_storage", R"sql(
  SELECT CAST(COALESCE(SUM(git_bytes + large_bytes), 0) AS BIGINT) FROM repos
  WHERE owner_id = $1 AND deleted_at IS NULL)sql"};
constexpr db::Statement tags_of{"repo.tags_of", R"sql(
  SELECT repo_id, tag FROM repo_tags WHERE repo_id IN (SELECT value FROM json_each($1))
  ORDER BY repo_id, place)sql",
                                R"sql(
  SELECT repo_id, tag FROM repo_tags
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json))))
  ORDER BY repo_id, place)sql"};
constexpr db::Statement cards_of{"repo.cards_of", R"sql(
  SELECT repo_id, data FROM cards WHERE repo_id IN (SELECT value FROM json_each($1)))sql",
                                 R"sql(
  SELECT repo_id, data FROM cards
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))))sql"};

constexpr const db::Statement* all_statements[] = {&sum_storage, &tags_of, &cards_of};

// ------------------------------------------------------------------------------------------------

const SortSql& sort_sql(Sort sort) {
  switch (sort) {
    case Sort::created:
      return by_created;
    case Sort::updated:
      return by_updated;
    case Sort::downloads:
      return by_downloads;
    case Sort::likes:
      return by_likes;
    case Sort::trending:
      return by_trending;
    case Sort::id:
      return by_key;
  }
  return by_trending;
}

/// "%word%", with LIKE's own characters escaped.
std::string like_pattern(std::string_view word) {
  std::string out = "%";
  for (char c : name_key(word)) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

void add_words(db::Query& query, const std::vector<std::string>& words) {
  for (const auto& word : words) query.add(with_words, like_pattern(word)).add(like_end);
}

void add_order(db::Query& query, const SortSql& sql, bool ascending, bool by_text, int limit,
               const std::optional<Place>& after) {
  if (after) {
    const Fragment& compare = ascending ? sql.after : sql.before;
    if (by_text)
      query.add(compare, after->key);
    else
      query.add(compare, after->value);
    query.add(sql.then, after->id).add(")");
  }
  query.add(ascending ? sql.ascending : sql.descending, limit + 1);
}

std::vector<Repo> read_all(const std::vector<db::Row>& rows) {
  std::vector<Repo> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(read_repo(row));
  return out;
}

}  // namespace

std::span<const db::Statement* const> list_statements() {
  return all_statements;
}

db::Query list_query(const ListQuery& query, const std::optional<OwnerId>& author,
                     const ListFilter& filter, const std::optional<Place>& after,
                     db::Engine engine) {
  db::Query sql("repo.list");
  sql.add(select_living, query.kind);
  if (author) sql.add(" AND r.owner_id = ", *author);
  if (!filter.everything) {
    bool sqlite = engine == db::Engine::sqlite;
    sql.add(sqlite ? visible_owners : visible_owners_pg, filter.owners);
    sql.add(sqlite ? visible_repos : visible_repos_pg, filter.repos);
    sql.add(sqlite ? visible_end : visible_end_pg);
  }
  if (query.gated && *query.gated) sql.add(" AND r.gating <> 0");
  if (query.gated && !*query.gated) sql.add(" AND r.gating = 0");
  for (const auto& tag : query.tags) sql.add(with_tag, tag).add(")");
  add_words(sql, query.search);
  add_order(sql, sort_sql(query.sort), query.ascending, query.sort == Sort::id, query.limit, after);
  return sql;
}

std::vector<Repo> list(db::Tx& tx, const ListQuery& query, const std::optional<OwnerId>& author,
                       const ListFilter& filter, const std::optional<Place>& after) {
  return read_all(tx.all(list_query(query, author, filter, after, tx.engine())));
}

Place place_of(const Repo& repo, Sort sort) {
  Place place{.value = 0, .key = {}, .id = repo.id};
  switch (sort) {
    case Sort::created:
      place.value = repo.created_at.us;
      break;
    case Sort::updated:
      place.value = repo.updated_at.us;
      break;
    case Sort::downloads:
      place.value = repo.downloads;
      break;
    case Sort::likes:
      place.value = repo.likes;
      break;
    case Sort::trending:
      place.value = repo.trending_score;
      break;
    case Sort::id:
      place.key = RepoName{repo.owner_name, repo.short_name}.key();
      break;
  }
  return place;
}

std::vector<Repo> list_storage(db::Tx& tx, OwnerId owner, const StorageQuery& query,
                               const std::optional<Place>& after) {
  db::Query sql("repo.list_storage");
  sql.add(select_owned, owner);
  if (query.kind) sql.add(" AND r.kind = ", *query.kind);
  add_words(sql, query.search);
  add_order(sql, query.by_storage ? by_storage : by_updated, query.ascending, false, query.limit,
            after);
  return read_all(tx.all(sql));
}

std::int64_t total_storage(db::Tx& tx, OwnerId owner) {
  return tx.one(sum_storage, owner)->integer(0);
}

std::map<std::int64_t, CardInfo> cards(db::Tx& tx, const std::vector<RepoRef>& repos) {
  json::array ids;
  std::map<std::int64_t, CardInfo> out;
  for (const auto& repo : repos) ids.emplace_back(repo->id.value);
  auto list = json::serialize(ids);
  for (const auto& row : tx.all(cards_of, list))
    if (auto data = parse_json(row.text(1))) out[row.integer(0)].data = std::move(*data);
  for (const auto& repo : repos) {
    auto& card = out[repo->id.value];
    card.fields = card::card_fields(card_kind(repo->kind), card.data, "");
    card.fields.tags.clear();
  }
  for (const auto& row : tx.all(tags_of, list))
    out[row.integer(0)].fields.tags.push_back(row.text(1));
  return out;
}

}  // namespace cairn::repo::store
