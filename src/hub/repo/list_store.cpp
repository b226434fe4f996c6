#include "hub/repo/list_store.h"

#include <unordered_map>

#include "base/names.h"
#include "hub/repo/columns.h"

namespace cairn::repo::store {
namespace {

// ---- SQL ---------------------------------------------------------------------------------------

using Fragment = db::Query::Fragment;

#define CAIRN_PARAMETERS "COALESCE((SELECT c.parameters FROM cards c WHERE c.repo_id = r.id), -1)"

constexpr Fragment select_places = "SELECT r.id, ";
constexpr Fragment from_living =
    " FROM repos r JOIN owners o ON o.id = r.owner_id "
    "WHERE r.deleted_at IS NULL AND o.deleted_at IS NULL AND r.kind = ";
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
constexpr Fragment with_any_tag =
    " AND r.id IN (SELECT t.repo_id FROM repo_tags t WHERE t.tag IN (SELECT value FROM json_each(";
constexpr Fragment with_any_tag_pg =
    " AND r.id IN (SELECT t.repo_id FROM repo_tags t WHERE t.tag IN (SELECT value FROM "
    "json_array_elements_text(CAST(";
constexpr Fragment any_tag_end = ")))";
constexpr Fragment any_tag_end_pg = " AS json))))";
constexpr Fragment with_parameters_min = " AND " CAIRN_PARAMETERS " >= ";
constexpr Fragment with_parameters_max = " AND " CAIRN_PARAMETERS " <= ";
constexpr Fragment with_words = " AND r.full_key LIKE ";
constexpr Fragment like_end = " ESCAPE '\\'";

struct SortSql {
  Fragment value, after, before, then, descending, ascending;
};
#define CAIRN_SORT(column)                               \
  SortSql{column,                                        \
          " AND (" column ", r.id) > (",                 \
          " AND (" column ", r.id) < (",                 \
          ", ",                                          \
          " ORDER BY " column " DESC, r.id DESC LIMIT ", \
          " ORDER BY " column ", r.id LIMIT "}
constexpr SortSql by_created = CAIRN_SORT("r.created_at");
constexpr SortSql by_updated = CAIRN_SORT("r.updated_at");
constexpr SortSql by_downloads = CAIRN_SORT("r.downloads");
constexpr SortSql by_likes = CAIRN_SORT("r.likes");
constexpr SortSql by_trending = CAIRN_SORT("r.trending_score");
constexpr SortSql by_key = CAIRN_SORT("r.full_key");
constexpr SortSql by_likes_30d = CAIRN_SORT("r.likes_30d");
constexpr SortSql by_parameters = CAIRN_SORT(CAIRN_PARAMETERS);
constexpr SortSql by_storage = CAIRN_SORT("r.git_bytes + r.large_bytes");
#undef CAIRN_SORT
#undef CAIRN_PARAMETERS

constexpr db::Statement sum_storage{"repo.total_storage", R"sql(
  SELECT CAST(COALESCE(SUM(git_bytes + large_bytes), 0) AS BIGINT) FROM repos
  WHERE owner_id = $1 AND deleted_at IS NULL)sql"};
constexpr db::Statement tags_of{"repo.tags_of", R"sql(
  SELECT repo_id, tag FROM repo_tags
  WHERE repo_id IN (SELECT value FROM json_each($1)) AND place >= 0 ORDER BY repo_id, place)sql",
                                R"sql(
  SELECT repo_id, tag FROM repo_tags
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))) AND place >= 0
  ORDER BY repo_id, place)sql"};
// With the hidden ones.
constexpr db::Statement all_tags_of{"repo.all_tags_of", R"sql(
  SELECT repo_id, tag, place FROM repo_tags
  WHERE repo_id IN (SELECT value FROM json_each($1)))sql",
                                    R"sql(
  SELECT repo_id, tag, place FROM repo_tags
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))))sql"};
constexpr db::Statement cards_of{"repo.cards_of", R"sql(
  SELECT repo_id, data, files FROM cards WHERE repo_id IN (SELECT value FROM json_each($1)))sql",
                                 R"sql(
  SELECT repo_id, data, files FROM cards
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))))sql"};

constexpr db::Statement card_columns_of{"repo.card_columns_of", R"sql(
  SELECT repo_id, library_name, pipeline_tag, license, pretty_name, sdk FROM cards
  WHERE repo_id IN (SELECT value FROM json_each($1)))sql",
                                        R"sql(
  SELECT repo_id, library_name, pipeline_tag, license, pretty_name, sdk FROM cards
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))))sql"};
constexpr db::Statement rows_of{
    "repo.rows_of",
    CAIRN_REPO_SELECT
    "WHERE r.id IN (SELECT value FROM json_each($1)) AND r.deleted_at IS NULL "
    "AND o.deleted_at IS NULL",
    CAIRN_REPO_SELECT
    "WHERE r.id = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(CAST($1 AS "
    "json)))) "
    "AND r.deleted_at IS NULL AND o.deleted_at IS NULL"};

// Cards and tags are read beside it: PostgreSQL would merge a join from the first card on.
#define CAIRN_INDEX_SELECT                                                              \
  "SELECT r.id, r.kind, r.owner_id, r.visibility, r.gating, r.full_key, r.created_at, " \
  "r.updated_at, r.downloads, r.likes, r.likes_30d, r.trending_score "                  \
  "FROM repos r JOIN owners o ON o.id = r.owner_id "                                    \
  "WHERE r.deleted_at IS NULL AND o.deleted_at IS NULL AND "
constexpr db::Statement index_page_of{"repo.index_page",
                                      CAIRN_INDEX_SELECT "r.id > $1 ORDER BY r.id LIMIT $2"};
constexpr db::Statement index_rows_of{
    "repo.index_rows", CAIRN_INDEX_SELECT "r.id IN (SELECT value FROM json_each($1))",
    CAIRN_INDEX_SELECT
    "r.id = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json))))"};
#undef CAIRN_INDEX_SELECT
constexpr db::Statement tags_between{"repo.tags_between", R"sql(
  SELECT repo_id, tag, place FROM repo_tags WHERE repo_id > $1 AND repo_id <= $2)sql"};
constexpr db::Statement cards_between{"repo.cards_between", R"sql(
  SELECT repo_id, library_name, pipeline_tag, sdk, parameters FROM cards
  WHERE repo_id > $1 AND repo_id <= $2)sql"};
constexpr db::Statement index_cards_of{"repo.index_cards_of", R"sql(
  SELECT repo_id, library_name, pipeline_tag, sdk, parameters FROM cards
  WHERE repo_id IN (SELECT value FROM json_each($1)))sql",
                                       R"sql(
  SELECT repo_id, library_name, pipeline_tag, sdk, parameters FROM cards
  WHERE repo_id = ANY (ARRAY(
    SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))))sql"};
constexpr db::Statement put_change{"repo.note_change", R"sql(
  INSERT INTO repo_changes (repo_id) VALUES ($1)
  ON CONFLICT (repo_id) DO UPDATE SET xid = excluded.xid)sql"};
constexpr db::Statement changes_after{"repo.changes", R"sql(
  SELECT xid, repo_id FROM repo_changes WHERE (xid, repo_id) > ($1, $2)
  ORDER BY xid, repo_id LIMIT $3)sql",
                                      R"sql(
  SELECT xid::text::bigint, repo_id FROM repo_changes
  WHERE (xid, repo_id) > ($1::bigint::text::xid8, $2) ORDER BY xid, repo_id LIMIT $3)sql"};
// Numbers that this server has not given out yet: from the server that a backup came from.
constexpr db::Statement delete_future_changes{
    "repo.drop_future_changes", "DELETE FROM repo_changes WHERE xid > 9223372036854775806",
    "DELETE FROM repo_changes WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"};
constexpr db::Statement snapshot_start{
    "repo.oldest_transaction", "SELECT 0",
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"};
constexpr db::Statement figures_page{"repo.figures", R"sql(
  SELECT id, downloads, likes_30d, trending_score FROM repos
  WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2)sql"};
constexpr db::Statement update_figures{"repo.set_figures", R"sql(
  UPDATE repos SET downloads = $1, likes_30d = $2, trending_score = $3 WHERE id = $4)sql"};
constexpr db::Statement update_likes{"repo.add_likes", R"sql(
  UPDATE repos SET likes = CASE WHEN likes + $1 < 0 THEN 0 ELSE likes + $1 END WHERE id = $2)sql"};

constexpr const db::Statement* all_statements[] = {&sum_storage,     &tags_of,
                                                   &all_tags_of,     &cards_of,
                                                   &card_columns_of, &rows_of,
                                                   &index_page_of,   &index_rows_of,
                                                   &tags_between,    &cards_between,
                                                   &index_cards_of,  &put_change,
                                                   &changes_after,   &delete_future_changes,
                                                   &snapshot_start,  &figures_page,
                                                   &update_figures,  &update_likes};

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
    case Sort::likes_30d:
      return by_likes_30d;
    case Sort::parameters:
      return by_parameters;
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

std::string json_texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return json::serialize(out);
}

std::string json_ids(std::span<const RepoId> ids) {
  json::array out;
  for (RepoId id : ids) out.emplace_back(id.value);
  return json::serialize(out);
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
  sql.add(select_places).add(sort_sql(query.sort).value).add(from_living, query.kind);
  bool sqlite = engine == db::Engine::sqlite;
  if (author) sql.add(" AND r.owner_id = ", *author);
  if (!filter.everything) {
    sql.add(sqlite ? visible_owners : visible_owners_pg, filter.owners);
    sql.add(sqlite ? visible_repos : visible_repos_pg, filter.repos);
    sql.add(sqlite ? visible_end : visible_end_pg);
  }
  if (query.gated && *query.gated) sql.add(" AND r.gating <> 0");
  if (query.gated && !*query.gated) sql.add(" AND r.gating = 0");
  for (const auto& tag : query.tags) sql.add(with_tag, tag).add(")");
  if (!query.any_tags.empty()) {
    sql.add(sqlite ? with_any_tag : with_any_tag_pg, json_texts(query.any_tags));
    sql.add(sqlite ? any_tag_end : any_tag_end_pg);
  }
  if (query.parameters_min || query.parameters_max) {
    sql.add(with_parameters_min, std::max<std::int64_t>(query.parameters_min.value_or(0), 0));
    if (query.parameters_max) sql.add(with_parameters_max, *query.parameters_max);
  }
  add_words(sql, query.search);
  add_order(sql, sort_sql(query.sort), query.ascending, query.sort == Sort::id, query.limit, after);
  return sql;
}

std::vector<Place> list(db::Tx& tx, const ListQuery& query, const std::optional<OwnerId>& author,
                        const ListFilter& filter, const std::optional<Place>& after) {
  std::vector<Place> out;
  if (query.nothing) return out;
  bool by_text = query.sort == Sort::id;
  for (const auto& row : tx.all(list_query(query, author, filter, after, tx.engine())))
    out.push_back({.value = by_text ? 0 : row.integer(1),
                   .key = by_text ? row.text(1) : std::string(),
                   .id = row.id<RepoId>(0)});
  return out;
}

std::vector<Repo> rows(db::Tx& tx, std::span<const RepoId> ids) {
  std::unordered_map<std::int64_t, Repo> found;
  for (auto& repo : read_all(tx.all(rows_of, json_ids(ids)))) {
    auto id = repo.id.value;
    found.emplace(id, std::move(repo));
  }
  std::vector<Repo> out;
  for (RepoId id : ids)
    if (auto at = found.find(id.value); at != found.end()) out.push_back(std::move(at->second));
  return out;
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

std::map<std::int64_t, CardInfo> cards(db::Tx& tx, const std::vector<RepoRef>& repos,
                                       CardPart part) {
  std::vector<RepoId> ids;
  std::map<std::int64_t, CardInfo> out;
  for (const auto& repo : repos) ids.push_back(repo->id);
  auto list = json_ids(ids);
  if (part == CardPart::all) {
    for (const auto& row : tx.all(cards_of, list)) {
      auto& card = out[row.integer(0)];
      if (auto data = parse_json(row.text(1))) card.data = std::move(*data);
      if (auto stored = parse_json(row.text(2))) card.files = card::read_file_facts(*stored);
    }
    for (const auto& repo : repos) {
      auto& card = out[repo->id.value];
      card.fields = card::card_fields(card_kind(repo->kind), card.data, "", &card.files);
      card.fields.tags.clear();
    }
  } else {
    for (const auto& row : tx.all(card_columns_of, list)) {
      auto& fields = out[row.integer(0)].fields;
      fields.library_name = row.text(1);
      fields.pipeline_tag = row.text(2);
      fields.license = row.text(3);
      fields.pretty_name = row.text(4);
      fields.sdk = row.text(5);
    }
  }
  for (const auto& row : tx.all(tags_of, list))
    out[row.integer(0)].fields.tags.push_back(row.text(1));
  return out;
}

// ---- For the index -----------------------------------------------------------------------------

namespace {

IndexRow read_index_row(const db::Row& row) {
  IndexRow out{.id = row.id<RepoId>(0),
               .kind = row.enumeration<RepoKind>(1),
               .owner = row.id<OwnerId>(2),
               .visibility = row.enumeration<Visibility>(3),
               .gating = row.enumeration<Gating>(4),
               .key = row.text(5)};
  out.created_at = row.integer(6);
  out.updated_at = row.integer(7);
  out.downloads = row.integer(8);
  out.likes = row.integer(9);
  out.likes_30d = row.integer(10);
  out.trending_score = row.integer(11);
  return out;
}

std::vector<IndexRow> join(const std::vector<db::Row>& rows, const std::vector<db::Row>& cards,
                           const std::vector<db::Row>& tags) {
  std::vector<IndexRow> out;
  std::unordered_map<std::int64_t, std::size_t> at;
  out.reserve(rows.size());
  for (const auto& row : rows) {
    at[row.integer(0)] = out.size();
    out.push_back(read_index_row(row));
  }
  for (const auto& row : cards) {
    auto found = at.find(row.integer(0));
    if (found == at.end()) continue;
    auto& one = out[found->second];
    one.library_name = row.text(1);
    one.pipeline_tag = row.text(2);
    one.sdk = row.text(3);
    one.parameters = row.opt_integer(4).value_or(-1);
  }
  std::vector<std::vector<std::pair<std::int64_t, std::string>>> placed(out.size());
  for (const auto& row : tags)
    if (auto found = at.find(row.integer(0)); found != at.end())
      placed[found->second].emplace_back(row.integer(2), row.text(1));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::ranges::sort(placed[i]);
    for (auto& [place, tag] : placed[i])
      (place < 0 ? out[i].hidden : out[i].tags).push_back(std::move(tag));
  }
  return out;
}

}  // namespace

std::vector<IndexRow> index_page(db::Tx& tx, RepoId after, int limit) {
  auto rows = tx.all(index_page_of, after, limit);
  if (rows.empty()) return {};
  auto last = rows.back().id<RepoId>(0);
  return join(rows, tx.all(cards_between, after, last), tx.all(tags_between, after, last));
}

std::vector<IndexRow> index_rows(db::Tx& tx, std::span<const RepoId> ids) {
  auto list = json_ids(ids);
  return join(tx.all(index_rows_of, list), tx.all(index_cards_of, list), tx.all(all_tags_of, list));
}

void note_change(db::Tx& tx, RepoId id) {
  if (tx.engine() == db::Engine::postgres) tx.run(put_change, id);
}

std::vector<Change> changes(db::Tx& tx, const Change& after, int limit) {
  std::vector<Change> out;
  for (const auto& row : tx.all(changes_after, after.xid, after.repo, limit))
    out.push_back({row.integer(0), row.id<RepoId>(1)});
  return out;
}

void drop_future_changes(db::Tx& tx) {
  if (tx.engine() == db::Engine::postgres) tx.run(delete_future_changes);
}

std::int64_t oldest_transaction(db::Tx& tx) {
  return tx.one(snapshot_start)->integer(0);
}

// ---- Figures -----------------------------------------------------------------------------------

std::vector<Figures> figures(db::Tx& tx, RepoId after, int limit) {
  std::vector<Figures> out;
  for (const auto& row : tx.all(figures_page, after, limit))
    out.push_back({.id = row.id<RepoId>(0),
                   .downloads = row.integer(1),
                   .likes_30d = row.integer(2),
                   .trending_score = row.integer(3)});
  return out;
}

void set_figures(db::Tx& tx, const Figures& figures) {
  tx.run(update_figures, figures.downloads, figures.likes_30d, figures.trending_score, figures.id);
}

void add_likes(db::Tx& tx, RepoId id, std::int64_t count) {
  tx.run(update_likes, count, id);
}

}  // namespace cairn::repo::store
