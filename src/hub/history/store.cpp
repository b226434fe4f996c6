#include "hub/history/store.h"

#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace cairn::history::store {
namespace {

using db::Statement;

constexpr Statement find_ref_sql{"history.ref.find", R"sql(
  SELECT name, commit_oid, tag_oid FROM refs WHERE repo_id = $1 AND name = $2)sql"};
constexpr Statement list_refs_sql{"history.ref.list", R"sql(
  SELECT name, commit_oid, tag_oid FROM refs
  WHERE repo_id = $1 AND name >= $2 AND name < $3 ORDER BY name)sql"};
constexpr Statement insert_ref_sql{"history.ref.insert", R"sql(
  INSERT INTO refs (repo_id, name, commit_oid, tag_oid, updated_at) VALUES ($1, $2, $3, $4, $5))sql"};
constexpr Statement move_ref_sql{"history.ref.move", R"sql(
  UPDATE refs SET commit_oid = $1, tag_oid = $2, updated_at = $3
  WHERE repo_id = $4 AND name = $5 AND commit_oid = $6)sql"};
constexpr Statement delete_ref_sql{"history.ref.delete", R"sql(
  DELETE FROM refs WHERE repo_id = $1 AND name = $2 AND commit_oid = $3)sql"};
constexpr Statement append_log_sql{"history.ref_log.append", R"sql(
  INSERT INTO ref_log (repo_id, ref, old_oid, new_oid, actor_kind, user_id, token_id, request_id,
                       kind, at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql"};

constexpr Statement insert_commit_sql{"history.commit.insert", R"sql(
  INSERT INTO commits (repo_id, oid, tree_oid, parents, generation, linear, sheet, committed_at,
                       author_name, author_email, title, message)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (repo_id, oid) DO NOTHING)sql"};
constexpr Statement insert_parent_sql{"history.commit.insert_parent", R"sql(
  INSERT INTO commit_parents (repo_id, oid, parent, place) VALUES ($1, $2, $3, $4)
  ON CONFLICT (repo_id, oid, place) DO NOTHING)sql"};
constexpr Statement find_commit_sql{"history.commit.find", R"sql(
  SELECT oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM commits WHERE repo_id = $1 AND oid = $2)sql"};
constexpr Statement unreached_sql{"history.commit.unreached", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT commit_oid FROM refs WHERE repo_id = $1
    UNION
    SELECT value FROM json_each($2)
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid)
  SELECT oid FROM commits WHERE repo_id = $1 AND oid NOT IN (SELECT oid FROM reached) LIMIT $3)sql",
                                  R"sql(
  WITH RECURSIVE roots(oid) AS (
    SELECT commit_oid FROM refs WHERE repo_id = $1
    UNION
    SELECT json_array_elements_text($2::json) COLLATE "C"),
  reached(oid) AS (
    SELECT oid FROM roots
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid)
  SELECT oid FROM commits WHERE repo_id = $1 AND oid NOT IN (SELECT oid FROM reached) LIMIT $3)sql"};
constexpr Statement delete_commits_sql{"history.commit.delete", R"sql(
  DELETE FROM commits WHERE repo_id = $1 AND oid IN (SELECT value FROM json_each($2)))sql",
                                       R"sql(
  DELETE FROM commits
  WHERE repo_id = $1 AND oid IN (SELECT json_array_elements_text($2::json)))sql"};
constexpr Statement delete_parents_sql{"history.commit.delete_parents", R"sql(
  DELETE FROM commit_parents WHERE repo_id = $1 AND oid IN (SELECT value FROM json_each($2)))sql",
                                       R"sql(
  DELETE FROM commit_parents
  WHERE repo_id = $1 AND oid IN (SELECT json_array_elements_text($2::json)))sql"};
constexpr Statement set_sheet_sql{"history.commit.set_sheet", R"sql(
  UPDATE commits SET sheet = $1 WHERE repo_id = $2 AND oid = $3 AND sheet IS NULL)sql"};
constexpr Statement without_sheets_sql{"history.commit.without_sheets", R"sql(
  SELECT DISTINCT repo_id FROM commits WHERE sheet IS NULL AND repo_id > $1
  ORDER BY repo_id LIMIT $2)sql"};
constexpr Statement find_abbreviated_sql{"history.commit.abbreviated", R"sql(
  SELECT oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM commits WHERE repo_id = $1 AND oid >= $2 AND oid < $3 ORDER BY oid LIMIT 2)sql"};
constexpr Statement reachable_sql{"history.commit.reachable", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT commit_oid FROM refs WHERE repo_id = $1
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid
      JOIN commits c ON c.repo_id = $1 AND c.oid = p.parent AND c.generation >= $2)
  SELECT 1 FROM reached WHERE oid = $3 LIMIT 1)sql"};
constexpr Statement generations_sql{"history.commit.generations", R"sql(
  SELECT oid, generation FROM commits
  WHERE repo_id = $1 AND oid IN (SELECT value FROM json_each($2)))sql",
                                    R"sql(
  SELECT oid, generation FROM commits
  WHERE repo_id = $1 AND oid IN (SELECT json_array_elements_text($2::json)))sql"};
constexpr Statement reached_sql{"history.commit.reached", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT commit_oid FROM refs WHERE repo_id = $1
      AND (substr(name, 1, 11) = 'refs/heads/' OR substr(name, 1, 10) = 'refs/tags/'
           OR substr(name, 1, 8) = 'refs/pr/' OR substr(name, 1, 13) = 'refs/convert/')
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid
      JOIN commits c ON c.repo_id = $1 AND c.oid = p.parent AND c.generation >= $2)
  SELECT oid FROM reached WHERE oid IN (SELECT value FROM json_each($3)))sql",
                                R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT commit_oid FROM refs WHERE repo_id = $1
      AND (substr(name, 1, 11) = 'refs/heads/' OR substr(name, 1, 10) = 'refs/tags/'
           OR substr(name, 1, 8) = 'refs/pr/' OR substr(name, 1, 13) = 'refs/convert/')
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid
      JOIN commits c ON c.repo_id = $1 AND c.oid = p.parent AND c.generation >= $2)
  SELECT oid FROM reached WHERE oid IN (SELECT json_array_elements_text($3::json)))sql"};
constexpr Statement recent_values_sql{"history.ref_log.recent", R"sql(
  SELECT old_oid FROM ref_log WHERE repo_id = $1 AND at >= $2 AND old_oid IS NOT NULL
    AND (substr(ref, 1, 11) = 'refs/heads/' OR substr(ref, 1, 10) = 'refs/tags/'
         OR substr(ref, 1, 8) = 'refs/pr/' OR substr(ref, 1, 13) = 'refs/convert/')
  ORDER BY at DESC LIMIT 10000)sql"};
constexpr Statement descends_sql{"history.commit.descends", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT oid FROM commits WHERE repo_id = $1 AND oid = $2
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid
      JOIN commits c ON c.repo_id = $1 AND c.oid = p.parent AND c.generation >= $3)
  SELECT 1 FROM reached WHERE oid = $4 LIMIT 1)sql"};
constexpr Statement log_linear_sql{"history.commit.log_linear", R"sql(
  WITH RECURSIVE line(oid, n) AS (
    SELECT CAST($1 AS TEXT), 0
    UNION ALL
    SELECT p.parent, line.n + 1 FROM line
      JOIN commit_parents p ON p.repo_id = $2 AND p.oid = line.oid AND p.place = 0
      WHERE line.n + 1 < $3)
  SELECT c.oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM line JOIN commits c ON c.repo_id = $2 AND c.oid = line.oid
  WHERE line.n >= $4 ORDER BY line.n)sql",
                                   R"sql(
  WITH RECURSIVE line(oid, n) AS (
    SELECT CAST($1 AS TEXT) COLLATE "C", 0
    UNION ALL
    SELECT p.parent, line.n + 1 FROM line
      JOIN commit_parents p ON p.repo_id = $2 AND p.oid = line.oid AND p.place = 0
      WHERE line.n + 1 < $3)
  SELECT c.oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM line JOIN commits c ON c.repo_id = $2 AND c.oid = line.oid
  WHERE line.n >= $4 ORDER BY line.n)sql"};
constexpr Statement log_sql{"history.commit.log", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT oid FROM commits WHERE repo_id = $1 AND oid = $2
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid)
  SELECT c.oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM reached JOIN commits c ON c.repo_id = $1 AND c.oid = reached.oid
  ORDER BY committed_at DESC, generation DESC, c.oid LIMIT $3 OFFSET $4)sql"};
constexpr Statement count_sql{"history.commit.count", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT oid FROM commits WHERE repo_id = $1 AND oid = $2
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid)
  SELECT count(*) FROM reached)sql"};
constexpr Statement reachable_commits_sql{"history.commit.all_reachable", R"sql(
  WITH RECURSIVE reached(oid) AS (
    SELECT commit_oid FROM refs WHERE repo_id = $1
    UNION
    SELECT p.parent FROM reached r JOIN commit_parents p ON p.repo_id = $1 AND p.oid = r.oid)
  SELECT c.oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM reached JOIN commits c ON c.repo_id = $1 AND c.oid = reached.oid
  ORDER BY generation)sql"};

constexpr Statement insert_page_sql{"history.page.insert", R"sql(
  INSERT INTO sheet_pages (id, body, touched_at) VALUES ($1, $2, $3)
  ON CONFLICT (id) DO UPDATE SET touched_at = excluded.touched_at)sql"};
constexpr Statement find_page_sql{"history.page.find", R"sql(
  SELECT body FROM sheet_pages WHERE id = $1)sql"};

constexpr Statement insert_pack_sql{"history.pack.insert", R"sql(
  INSERT INTO packs (checksum, level, body, idx, object_key, size_bytes, object_count, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id)sql"};
constexpr Statement link_pack_sql{"history.pack.link", R"sql(
  INSERT INTO repo_packs (repo_id, pack_id, level) VALUES ($1, $2, $3))sql"};
constexpr Statement repo_packs_sql{"history.pack.list", R"sql(
  SELECT p.id, p.checksum, p.level, p.object_key, p.size_bytes, p.object_count
  FROM repo_packs r JOIN packs p ON p.id = r.pack_id WHERE r.repo_id = $1 ORDER BY p.id)sql"};
constexpr Statement find_pack_sql{"history.pack.find", R"sql(
  SELECT id, checksum, level, object_key, size_bytes, object_count, body, idx
  FROM packs WHERE id = $1)sql"};
constexpr Statement insert_unlinked_sql{"history.pack.insert_unlinked", R"sql(
  INSERT INTO packs (checksum, level, body, idx, object_key, size_bytes, object_count, created_at,
                     unlinked_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id)sql"};
constexpr Statement mark_linked_sql{"history.pack.mark_linked", R"sql(
  UPDATE packs SET unlinked_at = NULL WHERE id = $1)sql"};
constexpr Statement has_link_sql{"history.pack.has_link", R"sql(
  SELECT 1 FROM repo_packs WHERE repo_id = $1 AND pack_id = $2)sql"};
constexpr Statement unlink_sql{"history.pack.unlink", R"sql(
  DELETE FROM repo_packs WHERE repo_id = $1 AND pack_id = $2)sql"};
constexpr Statement mark_unlinked_sql{"history.pack.mark_unlinked", R"sql(
  UPDATE packs SET unlinked_at = $1 WHERE id = $2
    AND NOT EXISTS (SELECT 1 FROM repo_packs r WHERE r.pack_id = packs.id))sql"};

constexpr Statement commits_after_sql{"history.commit.page", R"sql(
  SELECT oid, tree_oid, parents, generation, linear, sheet, committed_at, author_name,
         author_email, title, message
  FROM commits WHERE repo_id = $1 AND oid > $2 ORDER BY oid LIMIT $3)sql"};
constexpr Statement copy_commits_sql{"history.copy.commits", R"sql(
  INSERT INTO commits (repo_id, oid, tree_oid, parents, generation, linear, sheet, committed_at,
                       author_name, author_email, title, message)
  SELECT $1, oid, tree_oid, parents, generation, linear, sheet, committed_at,
         author_name, author_email, title, message
  FROM commits WHERE repo_id = $2 AND oid IN (SELECT value FROM json_each($3))
  ON CONFLICT (repo_id, oid) DO NOTHING)sql",
                                     R"sql(
  INSERT INTO commits (repo_id, oid, tree_oid, parents, generation, linear, sheet, committed_at,
                       author_name, author_email, title, message)
  SELECT CAST($1 AS BIGINT), oid, tree_oid, parents, generation, linear, sheet, committed_at,
         author_name, author_email, title, message
  FROM commits WHERE repo_id = $2 AND oid IN
    (SELECT value COLLATE "C" FROM json_array_elements_text(CAST($3 AS JSON)) AS value)
  ON CONFLICT (repo_id, oid) DO NOTHING)sql"};
constexpr Statement copy_parents_sql{"history.copy.parents", R"sql(
  INSERT INTO commit_parents (repo_id, oid, parent, place)
  SELECT $1, oid, parent, place FROM commit_parents
  WHERE repo_id = $2 AND oid IN (SELECT value FROM json_each($3))
  ON CONFLICT (repo_id, oid, place) DO NOTHING)sql",
                                     R"sql(
  INSERT INTO commit_parents (repo_id, oid, parent, place)
  SELECT CAST($1 AS BIGINT), oid, parent, place FROM commit_parents
  WHERE repo_id = $2 AND oid IN
    (SELECT value COLLATE "C" FROM json_array_elements_text(CAST($3 AS JSON)) AS value)
  ON CONFLICT (repo_id, oid, place) DO NOTHING)sql"};
constexpr Statement count_listed_sql{"history.commit.count_listed", R"sql(
  SELECT count(*) FROM commits WHERE repo_id = $1 AND oid IN (SELECT value FROM json_each($2)))sql",
                                     R"sql(
  SELECT count(*) FROM commits WHERE repo_id = $1 AND oid IN
    (SELECT value COLLATE "C" FROM json_array_elements_text(CAST($2 AS JSON)) AS value))sql"};
constexpr Statement logged_since_sql{"history.ref_log.since", R"sql(
  SELECT old_oid, new_oid FROM ref_log WHERE repo_id = $1 AND at >= $2)sql"};
constexpr Statement pack_index_sql{"history.pack.index", "SELECT idx FROM packs WHERE id = $1"};
// Whoever sweeps the pack away deletes this row, so one of the two sees the other.
constexpr Statement keep_pack_sql{"history.pack.keep", R"sql(
  UPDATE packs SET unlinked_at = NULL WHERE id = $1)sql"};
constexpr Statement link_known_sql{"history.pack.link_known", R"sql(
  INSERT INTO repo_packs (repo_id, pack_id, level)
  SELECT CAST($1 AS BIGINT), id, level FROM packs WHERE id = $2)sql"};

constexpr Statement purge_refs{"history.purge.refs", "DELETE FROM refs WHERE repo_id = $1"};
constexpr Statement purge_commits{"history.purge.commits",
                                  "DELETE FROM commits WHERE repo_id = $1"};
constexpr Statement purge_parents{"history.purge.parents",
                                  "DELETE FROM commit_parents WHERE repo_id = $1"};
constexpr Statement purge_mark{"history.purge.mark", R"sql(
  UPDATE packs SET unlinked_at = $1 WHERE id IN (SELECT pack_id FROM repo_packs WHERE repo_id = $2)
    AND NOT EXISTS (SELECT 1 FROM repo_packs r WHERE r.pack_id = packs.id AND r.repo_id <> $2))sql"};
constexpr Statement purge_links{"history.purge.links", "DELETE FROM repo_packs WHERE repo_id = $1"};

constexpr Statement unlinked_sql{"history.sweep.unlinked", R"sql(
  SELECT id, object_key, size_bytes FROM packs WHERE unlinked_at IS NOT NULL AND unlinked_at < $1
    AND NOT EXISTS (SELECT 1 FROM repo_packs r WHERE r.pack_id = packs.id)
  ORDER BY id LIMIT 1000)sql"};
constexpr Statement delete_pack_sql{"history.sweep.delete_pack", R"sql(
  DELETE FROM packs WHERE id = $1
    AND NOT EXISTS (SELECT 1 FROM repo_packs r WHERE r.pack_id = packs.id))sql"};
constexpr Statement pack_keys_sql{"history.sweep.pack_keys", R"sql(
  SELECT object_key FROM packs WHERE object_key IS NOT NULL)sql"};
constexpr Statement root_sheets_sql{"history.sweep.roots", R"sql(
  SELECT repo_id, oid, sheet FROM commits
  WHERE sheet IS NOT NULL AND (repo_id > $1 OR (repo_id = $1 AND oid > $2))
  ORDER BY repo_id, oid LIMIT $3)sql"};
constexpr Statement old_pages_sql{"history.sweep.pages", R"sql(
  SELECT id, length(body) FROM sheet_pages WHERE touched_at < $1 AND id > $2 ORDER BY id LIMIT $3)sql"};
constexpr Statement delete_page_sql{"history.sweep.delete_page", R"sql(
  DELETE FROM sheet_pages WHERE id = $1 AND touched_at < $2)sql"};

git::Oid oid_of(const std::string& hex) {
  return git::Oid::from_bytes(*hex_decode(hex));
}
std::optional<std::string> hex_of(const std::optional<git::Oid>& oid) {
  if (!oid) return std::nullopt;
  return oid->hex();
}

std::string oids_json(const std::vector<git::Oid>& oids) {
  json::array out;
  out.reserve(oids.size());
  for (const auto& oid : oids) out.emplace_back(oid.hex());
  return json::serialize(out);
}

Ref ref_of(const db::Row& row) {
  Ref ref{row.text(0), oid_of(row.text(1)), {}};
  if (auto tag = row.opt_text(2)) ref.tag_object = oid_of(*tag);
  return ref;
}

CommitInfo commit_of(RepoId repo, const db::Row& row) {
  CommitInfo c;
  c.repo = repo;
  c.oid = oid_of(row.text(0));
  c.tree = oid_of(row.text(1));
  if (!row.text(2).empty())
    for (auto parent : split(row.text(2), ' ')) c.parents.push_back(oid_of(std::string(parent)));
  c.generation = row.integer(3);
  c.linear = row.boolean(4);
  if (!row.is_null(5)) c.sheet = SheetId::from_bytes(row.blob(5));
  c.time = row.time(6);
  c.author_name = row.text(7);
  c.author_email = row.text(8);
  c.title = row.text(9);
  c.message = row.text(10);
  return c;
}

std::vector<CommitInfo> commits_of(RepoId repo, const std::vector<db::Row>& rows) {
  std::vector<CommitInfo> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(commit_of(repo, row));
  return out;
}

db::Blob blob_of(const SheetId& id) {
  return db::Blob{std::string(id.view())};
}

}  // namespace

std::optional<Ref> find_ref(db::Tx& tx, RepoId repo, std::string_view name) {
  auto row = tx.one(find_ref_sql, repo, name);
  if (!row) return std::nullopt;
  return ref_of(*row);
}

std::vector<Ref> refs(db::Tx& tx, RepoId repo, std::string_view prefix) {
  // The end of the range is the prefix with its last byte raised; every ref begins with "refs/".
  std::string end(prefix.empty() ? std::string_view("refs/") : prefix);
  end.back() = static_cast<char>(end.back() + 1);
  std::vector<Ref> out;
  for (const auto& row : tx.all(list_refs_sql, repo, prefix, end)) out.push_back(ref_of(row));
  return out;
}

void insert_ref(db::Tx& tx, RepoId repo, const Ref& ref) {
  tx.run(insert_ref_sql, repo, ref.name, ref.commit.hex(), hex_of(ref.tag_object), tx.now());
}

bool move_ref(db::Tx& tx, RepoId repo, std::string_view name, const git::Oid& from, const Ref& to) {
  return tx.run(move_ref_sql, to.commit.hex(), hex_of(to.tag_object), tx.now(), repo, name,
                from.hex()) == 1;
}

bool delete_ref(db::Tx& tx, RepoId repo, std::string_view name, const git::Oid& from) {
  return tx.run(delete_ref_sql, repo, name, from.hex()) == 1;
}

void append_log(db::Tx& tx, RepoId repo, std::string_view ref, const std::optional<git::Oid>& from,
                const std::optional<git::Oid>& to, const RefActor& actor, std::string_view kind) {
  tx.run(append_log_sql, repo, ref, hex_of(from), hex_of(to), actor.kind, actor.user_id,
         actor.token_id, actor.request_id, kind, tx.now());
}

void insert_commit(db::Tx& tx, RepoId repo, const CommitInfo& c) {
  std::string parents;
  for (const auto& p : c.parents) parents += (parents.empty() ? "" : " ") + p.hex();
  std::optional<db::Blob> sheet;
  if (c.sheet) sheet = blob_of(*c.sheet);
  tx.run(insert_commit_sql, repo, c.oid.hex(), c.tree.hex(), parents, c.generation, c.linear, sheet,
         c.time, c.author_name, c.author_email, c.title, c.message);
  int place = 0;
  for (const auto& p : c.parents) tx.run(insert_parent_sql, repo, c.oid.hex(), p.hex(), place++);
}

std::optional<CommitInfo> find_commit(db::Tx& tx, RepoId repo, const git::Oid& oid) {
  auto row = tx.one(find_commit_sql, repo, oid.hex());
  if (!row) return std::nullopt;
  return commit_of(repo, *row);
}

std::vector<git::Oid> unreached_commits(db::Tx& tx, RepoId repo, const std::vector<git::Oid>& kept,
                                        std::size_t limit) {
  std::vector<git::Oid> out;
  for (const auto& row : tx.all(unreached_sql, repo, oids_json(kept), limit))
    out.push_back(oid_of(row.text(0)));
  return out;
}

void delete_commits(db::Tx& tx, RepoId repo, const std::vector<git::Oid>& oids) {
  auto list = oids_json(oids);
  tx.run(delete_parents_sql, repo, list);
  tx.run(delete_commits_sql, repo, list);
}

void set_sheet(db::Tx& tx, RepoId repo, const git::Oid& oid, const SheetId& sheet) {
  tx.run(set_sheet_sql, blob_of(sheet), repo, oid.hex());
}

std::vector<RepoId> without_sheets(db::Tx& tx, RepoId after, int limit) {
  std::vector<RepoId> out;
  for (const auto& row : tx.all(without_sheets_sql, after, limit)) out.push_back(row.id<RepoId>(0));
  return out;
}

std::vector<CommitInfo> find_abbreviated(db::Tx& tx, RepoId repo, std::string_view prefix) {
  return commits_of(repo, tx.all(find_abbreviated_sql, repo, prefix, std::string(prefix) + "g"));
}

bool reachable(db::Tx& tx, RepoId repo, const git::Oid& oid) {
  auto commit = find_commit(tx, repo, oid);
  return commit && tx.one(reachable_sql, repo, commit->generation, oid.hex()).has_value();
}

std::unordered_set<git::Oid> reached(db::Tx& tx, RepoId repo, const std::vector<git::Oid>& among) {
  std::unordered_set<git::Oid> out;
  json::array known;
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
  for (const auto& row : tx.all(generations_sql, repo, oids_json(among))) {
    known.emplace_back(row.text(0));
    lowest = std::min(lowest, row.integer(1));
  }
  if (known.empty()) return out;
  for (const auto& row : tx.all(reached_sql, repo, lowest, json::serialize(known)))
    out.insert(oid_of(row.text(0)));
  return out;
}

std::vector<git::Oid> recent_values(db::Tx& tx, RepoId repo, Time since) {
  std::vector<git::Oid> out;
  for (const auto& row : tx.all(recent_values_sql, repo, since)) out.push_back(oid_of(row.text(0)));
  return out;
}

std::vector<const db::Statement*> client_statements() {
  return {&generations_sql,    &reached_sql,        &recent_values_sql, &descends_sql,
          &set_sheet_sql,      &without_sheets_sql, &mark_linked_sql,   &unreached_sql,
          &delete_commits_sql, &delete_parents_sql};
}

bool descends(db::Tx& tx, RepoId repo, const git::Oid& from, const git::Oid& ancestor) {
  auto row = find_commit(tx, repo, ancestor);
  return row && tx.one(descends_sql, repo, from.hex(), row->generation, ancestor.hex()).has_value();
}

std::vector<CommitInfo> log(db::Tx& tx, RepoId repo, const CommitInfo& from, std::int64_t skip,
                            int limit) {
  if (from.linear)
    return commits_of(repo, tx.all(log_linear_sql, from.oid.hex(), repo, skip + limit, skip));
  return commits_of(repo, tx.all(log_sql, repo, from.oid.hex(), limit, skip));
}

std::int64_t count(db::Tx& tx, RepoId repo, const CommitInfo& from) {
  if (from.linear) return from.generation;
  return tx.one(count_sql, repo, from.oid.hex())->integer(0);
}

std::vector<CommitInfo> reachable_commits(db::Tx& tx, RepoId repo) {
  return commits_of(repo, tx.all(reachable_commits_sql, repo));
}

void insert_page(db::Tx& tx, const EncodedPage& page) {
  tx.run(insert_page_sql, blob_of(page.id), db::Blob{page.bytes}, tx.now());
}

std::optional<std::string> find_page(db::Tx& tx, const SheetId& id) {
  auto row = tx.one(find_page_sql, blob_of(id));
  if (!row) return std::nullopt;
  return row->blob(0);
}

std::int64_t insert_pack(db::Tx& tx, RepoId repo, const PackRow& pack) {
  std::optional<db::Blob> body;
  if (pack.body) body = db::Blob{*pack.body};
  auto id = tx.one(insert_pack_sql, pack.checksum, pack.level, body, db::Blob{pack.idx},
                   pack.object_key, pack.size_bytes, pack.object_count, tx.now())
                ->integer(0);
  tx.run(link_pack_sql, repo, id, pack.level);
  return id;
}

std::int64_t insert_unlinked_pack(db::Tx& tx, const PackRow& pack) {
  std::optional<db::Blob> body;
  if (pack.body) body = db::Blob{*pack.body};
  return tx
      .one(insert_unlinked_sql, pack.checksum, pack.level, body, db::Blob{pack.idx},
           pack.object_key, pack.size_bytes, pack.object_count, tx.now())
      ->integer(0);
}

bool link_pack(db::Tx& tx, RepoId repo, std::int64_t pack, int level) {
  if (tx.run(mark_linked_sql, pack) != 1) return false;
  tx.run(link_pack_sql, repo, pack, level);
  return true;
}

std::vector<PackRow> repo_packs(db::Tx& tx, RepoId repo) {
  std::vector<PackRow> out;
  for (const auto& row : tx.all(repo_packs_sql, repo)) {
    PackRow pack;
    pack.id = row.integer(0);
    pack.checksum = row.text(1);
    pack.level = static_cast<int>(row.integer(2));
    pack.object_key = row.opt_text(3);
    pack.size_bytes = row.integer(4);
    pack.object_count = row.integer(5);
    out.push_back(std::move(pack));
  }
  return out;
}

std::optional<PackRow> find_pack(db::Tx& tx, std::int64_t id) {
  auto row = tx.one(find_pack_sql, id);
  if (!row) return std::nullopt;
  PackRow pack;
  pack.id = row->integer(0);
  pack.checksum = row->text(1);
  pack.level = static_cast<int>(row->integer(2));
  pack.object_key = row->opt_text(3);
  pack.size_bytes = row->integer(4);
  pack.object_count = row->integer(5);
  if (!row->is_null(6)) pack.body = row->blob(6);
  pack.idx = row->blob(7);
  return pack;
}

bool has_pack_link(db::Tx& tx, RepoId repo, std::int64_t pack) {
  return tx.one(has_link_sql, repo, pack).has_value();
}

void unlink_pack(db::Tx& tx, RepoId repo, std::int64_t pack) {
  tx.run(unlink_sql, repo, pack);
  tx.run(mark_unlinked_sql, tx.now(), pack);
}

namespace {

std::string json_of(const std::vector<git::Oid>& oids) {
  json::array out;
  out.reserve(oids.size());
  for (const auto& oid : oids) out.emplace_back(oid.hex());
  return json::serialize(out);
}

}  // namespace

std::vector<CommitInfo> commits_after(db::Tx& tx, RepoId repo, std::string_view after, int limit) {
  return commits_of(repo, tx.all(commits_after_sql, repo, after, limit));
}

bool has_commits(db::Tx& tx, RepoId repo, const std::vector<git::Oid>& oids) {
  return tx.one(count_listed_sql, repo, json_of(oids))->integer(0) ==
         static_cast<std::int64_t>(oids.size());
}

void copy_commits(db::Tx& tx, RepoId from, RepoId to, const std::vector<git::Oid>& oids) {
  auto list = json_of(oids);
  tx.run(copy_commits_sql, to, from, list);
  tx.run(copy_parents_sql, to, from, list);
}

std::vector<git::Oid> logged_since(db::Tx& tx, RepoId repo, Time since) {
  std::vector<git::Oid> out;
  for (const auto& row : tx.all(logged_since_sql, repo, since))
    for (int column : {0, 1})
      if (auto hex = row.opt_text(column)) out.push_back(oid_of(*hex));
  return out;
}

std::optional<std::string> find_pack_index(db::Tx& tx, std::int64_t id) {
  auto row = tx.one(pack_index_sql, id);
  if (!row) return std::nullopt;
  return row->blob(0);
}

bool link_pack(db::Tx& tx, RepoId repo, std::int64_t pack) {
  if (tx.run(keep_pack_sql, pack) == 0) return false;
  tx.run(link_known_sql, repo, pack);
  return true;
}

void purge(db::Tx& tx, RepoId repo) {
  tx.run(purge_mark, tx.now(), repo);
  tx.run(purge_links, repo);
  tx.run(purge_refs, repo);
  tx.run(purge_parents, repo);
  tx.run(purge_commits, repo);
}

std::vector<Unlinked> unlinked_packs(db::Tx& tx, Time before) {
  std::vector<Unlinked> out;
  for (const auto& row : tx.all(unlinked_sql, before))
    out.push_back({row.integer(0), row.opt_text(1), row.integer(2)});
  return out;
}

void delete_pack(db::Tx& tx, std::int64_t id) {
  tx.run(delete_pack_sql, id);
}

std::vector<std::string> pack_object_keys(db::Tx& tx) {
  std::vector<std::string> out;
  for (const auto& row : tx.all(pack_keys_sql)) out.push_back(row.text(0));
  return out;
}

std::vector<std::pair<std::string, SheetId>> root_sheets(db::Tx& tx, std::int64_t after_repo,
                                                         std::string_view after_oid, int limit,
                                                         std::int64_t& last_repo) {
  std::vector<std::pair<std::string, SheetId>> out;
  for (const auto& row : tx.all(root_sheets_sql, after_repo, after_oid, limit)) {
    last_repo = row.integer(0);
    out.emplace_back(row.text(1), SheetId::from_bytes(row.blob(2)));
  }
  return out;
}

std::vector<std::pair<SheetId, std::int64_t>> pages_touched_before(
    db::Tx& tx, Time before, const std::optional<SheetId>& after, int limit) {
  std::vector<std::pair<SheetId, std::int64_t>> out;
  db::Blob from{after ? std::string(after->view()) : std::string()};
  for (const auto& row : tx.all(old_pages_sql, before, from, limit))
    out.emplace_back(SheetId::from_bytes(row.blob(0)), row.integer(1));
  return out;
}

bool delete_page(db::Tx& tx, const SheetId& id, Time touched_before) {
  return tx.run(delete_page_sql, blob_of(id), touched_before) == 1;
}

}  // namespace cairn::history::store
