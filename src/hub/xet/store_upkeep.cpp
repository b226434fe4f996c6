#include <algorithm>

#include "hub/xet/rows.h"
#include "platform/db/rows.h"

// What upkeep reads and lets go: all of it, in pages.
namespace cairn::xet {
namespace {

constexpr db::Statement list_free{"xet.xorb.list_free", R"sql(
  SELECT x.object_id, CAST(x.known_until <= $1 AND o.state = 0 AND NOT EXISTS
         (SELECT 1 FROM xet_file_xorbs f WHERE f.xorb_id = x.object_id) AS INTEGER)
  FROM xet_xorbs x JOIN objects o ON o.id = x.object_id
  WHERE x.object_id > $2 AND o.id > $3 ORDER BY x.object_id LIMIT $4)sql"};

constexpr db::Statement xorb_is_free{"xet.xorb.free", R"sql(
  SELECT x.known_until FROM xet_xorbs x WHERE x.object_id = $1 AND x.known_until <= $2
    AND NOT EXISTS (SELECT 1 FROM xet_file_xorbs f WHERE f.xorb_id = x.object_id))sql"};

constexpr db::Statement condemn{"xet.xorb.condemn", R"sql(
  UPDATE objects SET state = 1, condemned_at = $1 WHERE id = $2 AND state = 0)sql"};

constexpr db::Statement delete_key_chunks{"xet.chunk.delete", R"sql(
  DELETE FROM xet_key_chunks WHERE xorb_id = $1)sql"};

constexpr db::Statement delete_sources{"xet.repack.forget", R"sql(
  DELETE FROM xet_xorb_sources WHERE xorb_id = $1)sql"};

constexpr db::Statement delete_as_source{"xet.repack.forget_source", R"sql(
  DELETE FROM xet_xorb_sources WHERE source_id = $1)sql"};

constexpr db::Statement delete_xorb{"xet.xorb.delete", R"sql(
  DELETE FROM xet_xorbs WHERE object_id = $1)sql"};

constexpr db::Statement list_xorbs{"xet.xorb.list", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM xet_xorbs x JOIN objects o ON o.id = x.object_id
  WHERE x.object_id > $1 AND o.id > $2 ORDER BY x.object_id LIMIT $3)sql"};

constexpr db::Statement list_files{"xet.file.list", R"sql(
  SELECT o.id, f.sha256, o.size_bytes, o.digest, o.state,
         CAST(EXISTS (SELECT 1 FROM lfs_links l WHERE l.object_id = f.object_id) AS INTEGER)
  FROM xet_files f JOIN objects o ON o.id = f.object_id
  WHERE f.object_id > $1 AND o.id > $2 ORDER BY f.object_id LIMIT $3)sql"};

// Totals read everything: for the operator, not for requests.
constexpr db::Statement sum_files{"xet.file.sum", R"sql(
  SELECT COUNT(*), CAST(COALESCE(SUM(o.size_bytes), 0) AS BIGINT)
  FROM xet_files f JOIN objects o ON o.id = f.object_id WHERE f.object_id > 0)sql"};

constexpr db::Statement sum_xorbs{"xet.xorb.sum", R"sql(
  SELECT COUNT(*), CAST(COALESCE(SUM(body_bytes), 0) AS BIGINT)
  FROM xet_xorbs WHERE object_id > 0)sql"};

constexpr db::Statement sum_whole{"xet.repo.whole", R"sql(
  SELECT CAST(COALESCE(SUM(l.size_bytes), 0) AS BIGINT),
         CAST(COALESCE(SUM(CASE WHEN o.kind = 'lfs' THEN l.size_bytes ELSE 0 END), 0) AS BIGINT)
  FROM lfs_links l JOIN objects o ON o.id = l.object_id WHERE l.repo_id = $1)sql"};

constexpr db::Statement sum_chunked{"xet.repo.chunked", R"sql(
  SELECT CAST(COALESCE(SUM(x.body_bytes), 0) AS BIGINT) FROM xet_xorbs x WHERE x.object_id IN (
    SELECT f.xorb_id FROM lfs_links l JOIN xet_file_xorbs f ON f.file_id = l.object_id
    WHERE l.repo_id = $1))sql"};

constexpr db::Statement list_whole{"xet.whole.list", R"sql(
  SELECT o.id, o.digest, o.key, o.size_bytes FROM objects o
  WHERE o.id > $1 AND o.kind = 'lfs' AND o.state = 0 AND o.size_bytes >= $2 AND o.created_at <= $3
  ORDER BY o.id LIMIT $4)sql"};

constexpr db::Statement list_repos{"xet.whole.repos", R"sql(
  SELECT repo_id FROM lfs_links WHERE object_id = $1 ORDER BY repo_id)sql"};

constexpr db::Statement list_unpacked{"xet.repack.files", R"sql(
  SELECT o.id, f.sha256, o.size_bytes, f.terms FROM xet_files f JOIN objects o ON o.id = f.object_id
  WHERE f.repacked_at IS NULL AND f.object_id < $1 AND f.created_at <= $2 AND o.state = 0
  ORDER BY f.object_id DESC LIMIT $3)sql"};

constexpr db::Statement find_successor{"xet.repack.successor", R"sql(
  SELECT 1 FROM xet_file_xorbs own JOIN xet_file_xorbs other ON other.xorb_id = own.xorb_id
    JOIN lfs_links l ON l.object_id = other.file_id
  WHERE own.file_id = $1 AND other.file_id > $2 LIMIT 1)sql"};

constexpr db::Statement set_repacked{"xet.repack.note", R"sql(
  UPDATE xet_files SET repacked_at = $1 WHERE object_id = $2)sql"};

constexpr db::Statement insert_source{"xet.repack.source", R"sql(
  INSERT INTO xet_xorb_sources (xorb_id, source_id) VALUES ($1, $2)
  ON CONFLICT (xorb_id, source_id) DO NOTHING)sql"};

constexpr db::Statement list_users{"xet.repack.users", R"sql(
  SELECT DISTINCT o.id, f.sha256, o.size_bytes
  FROM xet_file_xorbs u JOIN xet_files f ON f.object_id = u.file_id
    JOIN objects o ON o.id = u.file_id
  WHERE u.xorb_id IN (SELECT value FROM json_each($1)) ORDER BY o.id)sql",
                                   R"sql(
  SELECT DISTINCT o.id, f.sha256, o.size_bytes
  FROM xet_file_xorbs u JOIN xet_files f ON f.object_id = u.file_id
    JOIN objects o ON o.id = u.file_id
  WHERE u.xorb_id = ANY (
    ARRAY(SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json))))
  ORDER BY o.id)sql"};

constexpr db::Statement list_settled{"xet.repack.xorbs", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM xet_xorbs x JOIN objects o ON o.id = x.object_id
  WHERE x.object_id > $1 AND o.id > $2 AND o.state = 0 AND x.known_until <= $3
    AND EXISTS (SELECT 1 FROM xet_file_xorbs f WHERE f.xorb_id = x.object_id)
  ORDER BY x.object_id LIMIT $4)sql"};

constexpr const db::Statement* all_statements[] = {
    &list_free,        &xorb_is_free,  &condemn,    &delete_key_chunks, &delete_sources,
    &delete_as_source, &delete_xorb,   &list_xorbs, &list_files,        &sum_whole,
    &sum_chunked,      &list_whole,    &list_repos, &list_unpacked,     &find_successor,
    &set_repacked,     &insert_source, &list_users, &list_settled};

}  // namespace

std::span<const db::Statement* const> upkeep_statements() {
  return all_statements;
}

std::vector<lfs::Object> due_files(db::Tx& tx, Duration grace, int limit) {
  return lfs::due_objects(tx, "xet", grace, limit);
}

FreePage free_xorbs(db::Tx& tx, XorbId after, Time now, int limit) {
  FreePage out;
  auto rows = tx.all(list_free, now, after, after, limit);
  for (const auto& row : rows)
    if (row.boolean(1)) out.free.push_back(row.id<XorbId>(0));
  if (rows.size() == static_cast<std::size_t>(limit)) out.next = rows.back().id<XorbId>(0);
  return out;
}

bool condemn_xorb(db::Tx& tx, XorbId xorb, Time now) {
  tx.lock_row(db::Lockable::object, xorb.value);
  auto free = tx.one(xorb_is_free, xorb, now);
  if (!free) return false;
  tx.run(delete_key_chunks, xorb);
  bool purged = free->time(0) == Time{0};
  return tx.run(condemn, purged ? Time{0} : now, xorb) > 0;
}

std::vector<lfs::Object> due_xorbs(db::Tx& tx, Duration grace, int limit) {
  return lfs::due_objects(tx, "xorb", grace, limit);
}

bool forget_xorb(db::Tx& tx, const lfs::Object& xorb) {
  if (!lock_condemned(tx, xorb)) return false;
  tx.run(delete_key_chunks, xorb.id);
  tx.run(delete_sources, xorb.id);
  tx.run(delete_as_source, xorb.id);
  tx.run(delete_xorb, xorb.id);
  return lfs::forget_object(tx, xorb);
}

std::vector<XorbRow> all_xorbs(db::Tx& tx, XorbId after, int limit) {
  return db::map_rows(tx.all(list_xorbs, after, after, limit), xorb_of);
}

std::vector<CheckedFile> all_files(db::Tx& tx, lfs::ObjectId after, int limit) {
  return db::map_rows(tx.all(list_files, after, after, limit), [](const db::Row& row) {
    auto state = row.enumeration<lfs::ObjectState>(4);
    return CheckedFile{file_of(row), hash_of(parsed(row.text(3))), row.boolean(5),
                       state == lfs::ObjectState::condemned};
  });
}

Totals totals(db::Tx& tx) {
  auto files = tx.one(sum_files);
  auto xorbs = tx.one(sum_xorbs);
  auto number = [](const db::Row& row, int column) {
    return static_cast<std::uint64_t>(row.integer(column));
  };
  return {number(*files, 0), number(*files, 1), number(*xorbs, 0), number(*xorbs, 1)};
}

RepoTotals totals(db::Tx& tx, RepoId repo) {
  auto whole = tx.one(sum_whole, repo);
  auto chunked = tx.one(sum_chunked, repo);
  return {static_cast<std::uint64_t>(whole->integer(0)),
          static_cast<std::uint64_t>(whole->integer(1) + chunked->integer(0))};
}

std::vector<UnpackedFile> unpacked_files(db::Tx& tx, lfs::ObjectId below, Time before, int limit) {
  return db::map_rows(tx.all(list_unpacked, below, before, limit), [](const db::Row& row) {
    return UnpackedFile{file_of(row), static_cast<std::uint64_t>(row.integer(3))};
  });
}

bool has_successor(db::Tx& tx, lfs::ObjectId file) {
  return tx.one(find_successor, file, file).has_value();
}

void note_repacked(db::Tx& tx, lfs::ObjectId file) {
  tx.run(set_repacked, tx.now(), file);
}

void note_source(db::Tx& tx, XorbId xorb, XorbId source) {
  tx.run(insert_source, xorb, source);
}

std::vector<FileRow> users_of(db::Tx& tx, const std::vector<XorbId>& xorbs) {
  return db::map_rows(tx.all(list_users, json_of(xorbs)), file_of);
}

std::vector<XorbRow> settled_xorbs(db::Tx& tx, XorbId after, Time now, int limit) {
  return db::map_rows(tx.all(list_settled, after, after, now, limit), xorb_of);
}

std::vector<lfs::Object> whole_files(db::Tx& tx, lfs::ObjectId after, std::uint64_t bytes_min,
                                     Time before, int limit) {
  return db::map_rows(tx.all(list_whole, after, bytes_min, before, limit), [](const db::Row& row) {
    return lfs::Object{row.id<lfs::ObjectId>(0),  parsed(row.text(1)),
                       storage::Key{row.text(2)}, static_cast<std::uint64_t>(row.integer(3)),
                       lfs::ObjectState::live,    {}};
  });
}

std::vector<RepoId> repos_of(db::Tx& tx, lfs::ObjectId object) {
  return db::map_rows(tx.all(list_repos, object),
                      [](const db::Row& row) { return row.id<RepoId>(0); });
}

}  // namespace cairn::xet
