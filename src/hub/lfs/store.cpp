#include "hub/lfs/store.h"

#include "base/json.h"
#include "platform/db/rows.h"

namespace cairn::lfs {
namespace {

// ---- objects ----

constexpr db::Statement find_live{"lfs.object.live", R"sql(
  SELECT id, digest, key, size_bytes, state, condemned_at FROM objects
  WHERE kind = $1 AND digest = $2 AND state = 0)sql"};

constexpr db::Statement find_condemned{"lfs.object.condemned", R"sql(
  SELECT id, digest, key, size_bytes, state, condemned_at FROM objects
  WHERE kind = $1 AND digest = $2 AND state = 1 ORDER BY id DESC LIMIT 1)sql"};

constexpr db::Statement revive_object{"lfs.object.revive", R"sql(
  UPDATE objects SET state = 0, condemned_at = NULL WHERE id = $1)sql"};

constexpr db::Statement insert_object{"lfs.object.insert", R"sql(
  INSERT INTO objects (kind, digest, key, size_bytes, state, created_at)
  VALUES ($1, $2, $3, $4, 0, $5) RETURNING id)sql"};

constexpr db::Statement object_is_linked{"lfs.object.linked", R"sql(
  SELECT 1 FROM lfs_links WHERE object_id = $1 LIMIT 1)sql"};

constexpr db::Statement condemn_object{"lfs.object.condemn", R"sql(
  UPDATE objects SET state = 1, condemned_at = $1 WHERE id = $2 AND state = 0)sql"};

constexpr db::Statement list_due_objects{"lfs.object.due", R"sql(
  SELECT id, digest, key, size_bytes, state, condemned_at FROM objects
  WHERE state = 1 AND condemned_at <= $1 AND kind = $2 ORDER BY condemned_at LIMIT $3)sql"};

constexpr db::Statement delete_object{"lfs.object.delete", R"sql(
  DELETE FROM objects WHERE id = $1 AND state = 1 AND condemned_at = $2)sql"};

constexpr db::Statement find_key{"lfs.object.key", R"sql(
  SELECT 1 FROM objects WHERE key = $1)sql"};

constexpr db::Statement list_objects{"lfs.object.list", R"sql(
  SELECT id, digest, key, size_bytes, state, condemned_at,
         EXISTS (SELECT 1 FROM lfs_links WHERE object_id = objects.id)
  FROM objects WHERE id > $1 AND kind = 'lfs' ORDER BY id LIMIT $2)sql",
                                     R"sql(
  SELECT id, digest, key, size_bytes, state, condemned_at,
         CAST(EXISTS (SELECT 1 FROM lfs_links WHERE object_id = objects.id) AS INTEGER)
  FROM objects WHERE id > $1 AND kind = 'lfs' ORDER BY id LIMIT $2)sql"};

// ---- links ----

constexpr db::Statement find_link{"lfs.link.find", R"sql(
  SELECT l.sha256, l.size_bytes, l.object_id, o.key
  FROM lfs_links l JOIN objects o ON o.id = l.object_id
  WHERE l.repo_id = $1 AND l.sha256 = $2)sql"};

constexpr db::Statement find_links{"lfs.link.among", R"sql(
  SELECT l.sha256, l.size_bytes, l.object_id, o.key
  FROM lfs_links l JOIN objects o ON o.id = l.object_id
  WHERE l.repo_id = $1 AND l.sha256 IN (SELECT value FROM json_each($2)))sql",
                                   R"sql(
  SELECT l.sha256, l.size_bytes, l.object_id, o.key
  FROM lfs_links l JOIN objects o ON o.id = l.object_id
  WHERE l.repo_id = $1
    AND l.sha256 = ANY (ARRAY(SELECT value FROM json_array_elements_text(CAST($2 AS json)))))sql"};

constexpr db::Statement insert_link{"lfs.link.insert", R"sql(
  INSERT INTO lfs_links (repo_id, sha256, object_id, size_bytes, pusher_id, created_at)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (repo_id, sha256) DO NOTHING)sql"};

// Whoever condemns an object locks its row, so sharing the rows keeps them live until the new
// links are visible. SQLite has one writer.
constexpr db::Statement share_objects{"lfs.link.share", R"sql(
  SELECT 1)sql",
                                      R"sql(
  SELECT o.id FROM objects o WHERE o.id IN (SELECT object_id FROM lfs_links WHERE repo_id = $1)
  ORDER BY o.id FOR SHARE)sql"};

constexpr db::Statement copy_links{"lfs.link.copy", R"sql(
  INSERT INTO lfs_links (repo_id, sha256, object_id, size_bytes, pusher_id, path, ref, created_at)
  SELECT CAST($1 AS BIGINT), sha256, object_id, size_bytes, pusher_id, path, ref,
         CAST($2 AS BIGINT)
  FROM lfs_links WHERE repo_id = $3 ON CONFLICT (repo_id, sha256) DO NOTHING)sql"};

constexpr db::Statement share_these{"lfs.link.share_these", R"sql(
  SELECT 1)sql",
                                    R"sql(
  SELECT o.id FROM objects o WHERE o.id IN (SELECT object_id FROM lfs_links WHERE repo_id = $1
    AND sha256 IN (SELECT value COLLATE "C" FROM json_array_elements_text(CAST($2 AS JSON)) AS value))
  ORDER BY o.id FOR SHARE)sql"};

constexpr db::Statement copy_these{"lfs.link.copy_these", R"sql(
  INSERT INTO lfs_links (repo_id, sha256, object_id, size_bytes, pusher_id, path, ref, created_at)
  SELECT $1, sha256, object_id, size_bytes, pusher_id, path, ref, $2
  FROM lfs_links WHERE repo_id = $3 AND sha256 IN (SELECT value FROM json_each($4))
  ON CONFLICT (repo_id, sha256) DO NOTHING)sql",
                                   R"sql(
  INSERT INTO lfs_links (repo_id, sha256, object_id, size_bytes, pusher_id, path, ref, created_at)
  SELECT CAST($1 AS BIGINT), sha256, object_id, size_bytes, pusher_id, path, ref,
         CAST($2 AS BIGINT)
  FROM lfs_links WHERE repo_id = $3
    AND sha256 IN (SELECT value COLLATE "C" FROM json_array_elements_text(CAST($4 AS JSON)) AS value)
  ON CONFLICT (repo_id, sha256) DO NOTHING)sql"};

constexpr db::Statement list_before{"lfs.link.before", R"sql(
  SELECT sha256 FROM lfs_links
  WHERE repo_id = $1 AND sha256 > $2 AND created_at < $3 ORDER BY sha256 LIMIT $4)sql"};

constexpr db::Statement delete_link{"lfs.link.delete", R"sql(
  DELETE FROM lfs_links WHERE repo_id = $1 AND sha256 = $2)sql"};

constexpr db::Statement list_links{"lfs.link.list", R"sql(
  SELECT sha256, object_id FROM lfs_links WHERE repo_id = $1 ORDER BY sha256 LIMIT $2)sql"};

constexpr db::Statement move_link{"lfs.link.move", R"sql(
  UPDATE lfs_links SET object_id = $1 WHERE repo_id = $2 AND sha256 = $3)sql"};

constexpr db::Statement name_link{"lfs.link.name", R"sql(
  UPDATE lfs_links SET path = $1, ref = $2
  WHERE repo_id = $3 AND sha256 = $4 AND (path IS NULL OR path = ''))sql"};

constexpr db::Statement list_unnamed{"lfs.link.unnamed", R"sql(
  SELECT sha256 FROM lfs_links
  WHERE repo_id = $1 AND sha256 > $2 AND path IS NULL ORDER BY sha256 LIMIT $3)sql"};

constexpr db::Statement repos_of_unnamed{"lfs.link.unnamed_repos", R"sql(
  SELECT DISTINCT repo_id FROM (
    SELECT repo_id FROM lfs_links WHERE path IS NULL AND created_at < $1
    ORDER BY created_at LIMIT $2) AS oldest)sql"};

constexpr db::Statement first_files{"lfs.files.first", R"sql(
  SELECT sha256, size_bytes, created_at, pusher_id, NULLIF(path, ''), ref FROM lfs_links
  WHERE repo_id = $1 ORDER BY created_at DESC, sha256 DESC LIMIT $2)sql"};

constexpr db::Statement next_files{"lfs.files.next", R"sql(
  SELECT sha256, size_bytes, created_at, pusher_id, NULLIF(path, ''), ref FROM lfs_links
  WHERE repo_id = $1 AND (created_at, sha256) < ($2, $3)
  ORDER BY created_at DESC, sha256 DESC LIMIT $4)sql"};

constexpr db::Statement sum_links{"lfs.link.sum", R"sql(
  SELECT COALESCE(SUM(size_bytes), 0) FROM lfs_links WHERE repo_id = $1)sql",
                                  R"sql(
  SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM lfs_links WHERE repo_id = $1)sql"};

// ---- uploads ----

constexpr db::Statement find_upload_by_id{"lfs.upload.find", R"sql(
  SELECT public_id, repo_id, owner_id, user_id, sha256, size_bytes, key, multipart_id, part_bytes,
         expires_at
  FROM lfs_uploads WHERE public_id = $1)sql"};

constexpr db::Statement find_upload_of_user{"lfs.upload.of_user", R"sql(
  SELECT public_id, repo_id, owner_id, user_id, sha256, size_bytes, key, multipart_id, part_bytes,
         expires_at
  FROM lfs_uploads WHERE repo_id = $1 AND user_id = $2 AND sha256 = $3)sql"};

constexpr db::Statement insert_upload{"lfs.upload.insert", R"sql(
  INSERT INTO lfs_uploads (public_id, repo_id, owner_id, user_id, sha256, size_bytes, key,
                           multipart_id, part_bytes, created_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))sql"};

constexpr db::Statement prolong_upload{"lfs.upload.prolong", R"sql(
  UPDATE lfs_uploads SET owner_id = $1, size_bytes = $2, key = $3, multipart_id = $4,
                         part_bytes = $5, expires_at = $6
  WHERE public_id = $7)sql"};

constexpr db::Statement delete_upload{"lfs.upload.delete", R"sql(
  DELETE FROM lfs_uploads WHERE public_id = $1)sql"};

constexpr db::Statement count_uploads_of_user{"lfs.upload.count", R"sql(
  SELECT COUNT(*) FROM (SELECT 1 FROM lfs_uploads WHERE repo_id = $1 AND user_id = $2 LIMIT $3)
  AS counted)sql"};

constexpr db::Statement list_due_uploads{"lfs.upload.due", R"sql(
  SELECT public_id, repo_id, owner_id, user_id, sha256, size_bytes, key, multipart_id, part_bytes,
         expires_at
  FROM lfs_uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)sql"};

constexpr db::Statement find_upload_key{"lfs.upload.key", R"sql(
  SELECT 1 FROM lfs_uploads WHERE key = $1)sql"};

constexpr const db::Statement* all_statements[] = {
    &find_live,        &find_condemned,  &revive_object,     &insert_object,
    &object_is_linked, &condemn_object,  &list_due_objects,  &delete_object,
    &find_key,         &list_objects,    &find_link,         &insert_link,
    &share_objects,    &copy_links,      &delete_link,       &list_links,
    &name_link,        &list_unnamed,    &repos_of_unnamed,  &first_files,
    &next_files,       &sum_links,       &find_upload_by_id, &find_upload_of_user,
    &insert_upload,    &prolong_upload,  &delete_upload,     &count_uploads_of_user,
    &list_due_uploads, &find_upload_key, &move_link,         &find_links,
    &share_these,      &copy_these,      &list_before};

// ---- rows to values ----

Sha256Digest digest_of(const std::string& hex) {
  // Only this module writes the column.
  auto digest = Sha256Digest::parse(hex);
  if (!digest) throw std::logic_error("a digest in the database is not 64 hex digits");
  return *digest;
}

Object object_of(const db::Row& row) {
  return {row.id<ObjectId>(0),
          digest_of(row.text(1)),
          storage::Key{row.text(2)},
          static_cast<std::uint64_t>(row.integer(3)),
          row.enumeration<ObjectState>(4),
          row.opt_time(5)};
}

Upload upload_of(const db::Row& row) {
  Upload upload{.public_id = PublicId{row.text(0)},
                .repo = row.id<RepoId>(1),
                .owner = row.id<OwnerId>(2),
                .user = row.id<UserId>(3),
                .sha256 = digest_of(row.text(4)),
                .size_bytes = static_cast<std::uint64_t>(row.integer(5)),
                .in_parts = {},
                .expires_at = row.time(9)};
  if (!row.is_null(6)) {
    auto part_bytes = static_cast<std::uint64_t>(row.integer(8));
    auto count = (upload.size_bytes + part_bytes - 1) / part_bytes;
    upload.in_parts =
        InParts{storage::Key{row.text(6)}, row.text(7), part_bytes, static_cast<int>(count)};
  }
  return upload;
}

File file_of(const db::Row& row) {
  File file{.sha256 = digest_of(row.text(0)),
            .size_bytes = static_cast<std::uint64_t>(row.integer(1)),
            .pushed_at = row.time(2),
            .pusher = {},
            .path = row.opt_text(4),
            .ref = row.opt_text(5)};
  if (auto pusher = row.opt_integer(3)) file.pusher = UserId{*pusher};
  return file;
}

/// The parts as columns: all three or none.
struct PartColumns {
  std::optional<std::string> key, multipart_id;
  std::optional<std::int64_t> part_bytes;
  explicit PartColumns(const std::optional<InParts>& parts) {
    if (!parts) return;
    key = parts->key.text;
    multipart_id = parts->multipart_id;
    part_bytes = static_cast<std::int64_t>(parts->part_bytes);
  }
};

}  // namespace

std::span<const db::Statement* const> statements() {
  return all_statements;
}

// ---- objects.h ----

Object adopt_object(db::Tx& tx, std::string_view kind, const Sha256Digest& digest,
                    std::uint64_t size_bytes, const storage::Key& fresh) {
  if (auto row = tx.one(find_live, kind, digest.hex())) {
    auto object = object_of(*row);
    tx.lock_row(db::Lockable::object, object.id.value);
    return object;
  }
  if (auto row = tx.one(find_condemned, kind, digest.hex())) {
    auto object = object_of(*row);
    tx.lock_row(db::Lockable::object, object.id.value);
    tx.run(revive_object, object.id);
    object.state = ObjectState::live;
    object.condemned_at.reset();
    return object;
  }
  // Two at once: PostgreSQL's unique index makes the second start again and find the first's row.
  auto row = tx.one(insert_object, kind, digest.hex(), fresh.text, size_bytes, tx.now());
  return {row->id<ObjectId>(0), digest, fresh, size_bytes, ObjectState::live, {}};
}

bool condemn_unlinked(db::Tx& tx, ObjectId object, Parting parting) {
  tx.lock_row(db::Lockable::object, object.value);
  if (tx.one(object_is_linked, object)) return false;
  Time when = parting == Parting::at_once ? Time{0} : tx.now();
  return tx.run(condemn_object, when, object) > 0;
}

std::vector<Object> due_objects(db::Tx& tx, std::string_view kind, Duration grace, int limit) {
  Time before = std::max(tx.now() - grace, Time{0});
  return db::map_rows(tx.all(list_due_objects, before, kind, limit), object_of);
}

bool forget_object(db::Tx& tx, const Object& object) {
  tx.lock_row(db::Lockable::object, object.id.value);
  return tx.run(delete_object, object.id, object.condemned_at) > 0;
}

bool key_in_use(db::Tx& tx, const storage::Key& key) {
  return tx.one(find_key, key.text) || tx.one(find_upload_key, key.text);
}

std::vector<ObjectUse> all_objects(db::Tx& tx, ObjectId after, int limit) {
  return db::map_rows(tx.all(list_objects, after, limit),
                      [](const db::Row& row) { return ObjectUse{object_of(row), row.boolean(6)}; });
}

// ---- links.h ----

std::optional<Linked> linked(db::Tx& tx, RepoId repo, const Sha256Digest& sha256) {
  auto row = tx.one(find_link, repo, sha256.hex());
  if (!row) return std::nullopt;
  return Linked{sha256, static_cast<std::uint64_t>(row->integer(1)), row->id<ObjectId>(2),
                storage::Key{row->text(3)}};
}

std::vector<Linked> linked_among(db::Tx& tx, RepoId repo, const std::vector<Sha256Digest>& files) {
  if (files.empty()) return {};
  std::string list = "[";
  for (const auto& file : files) list += (list.size() > 1 ? ",\"" : "\"") + file.hex() + "\"";
  return db::map_rows(tx.all(find_links, repo, list + "]"), [](const db::Row& row) {
    return Linked{digest_of(row.text(0)), static_cast<std::uint64_t>(row.integer(1)),
                  row.id<ObjectId>(2), storage::Key{row.text(3)}};
  });
}

void link(db::Tx& tx, RepoId repo, const Object& object, std::optional<UserId> pusher) {
  link(tx, repo, object, object.digest, pusher);
}

void link(db::Tx& tx, RepoId repo, const Object& object, const Sha256Digest& sha256,
          std::optional<UserId> pusher) {
  tx.run(insert_link, repo, sha256.hex(), object.id, object.size_bytes, pusher, tx.now());
}

void relink(db::Tx& tx, RepoId repo, const Linked& known, const Object& object) {
  tx.lock_row(db::Lockable::object, known.object.value);
  tx.run(move_link, object.id, repo, known.sha256.hex());
  condemn_unlinked(tx, known.object, Parting::after_grace);
}

bool link_from(db::Tx& tx, RepoId from, RepoId to, const Sha256Digest& sha256,
               std::optional<UserId> pusher) {
  auto source = linked(tx, from, sha256);
  if (!source) return false;
  // Linking and condemning take turns at the row; what waited here starts again and looks anew.
  tx.lock_row(db::Lockable::object, source->object.value);
  tx.run(insert_link, to, sha256.hex(), source->object, source->size_bytes, pusher, tx.now());
  return true;
}

std::int64_t link_all_for_duplicate(db::Tx& tx, RepoId from, RepoId to) {
  if (tx.engine() == db::Engine::postgres) (void)tx.all(share_objects, from);
  return tx.run(copy_links, to, tx.now(), from);
}

std::int64_t link_these(db::Tx& tx, RepoId from, RepoId to,
                        const std::vector<Sha256Digest>& files) {
  json::array names;
  for (const auto& file : files) names.emplace_back(file.hex());
  auto list = json::serialize(names);
  if (tx.engine() == db::Engine::postgres) (void)tx.all(share_these, from, list);
  return tx.run(copy_these, to, tx.now(), from, list);
}

std::vector<Sha256Digest> linked_before(db::Tx& tx, RepoId repo, std::string_view after,
                                        Time before, int limit) {
  return db::map_rows(tx.all(list_before, repo, after, before, limit),
                      [](const db::Row& row) { return digest_of(row.text(0)); });
}

namespace {

void drop_link(db::Tx& tx, RepoId repo, const std::string& sha256, ObjectId object,
               Parting parting) {
  // Locked before the link goes: of two that drop the last two links, the later sees both gone.
  tx.lock_row(db::Lockable::object, object.value);
  tx.run(delete_link, repo, sha256);
  condemn_unlinked(tx, object, parting);
}

}  // namespace

bool unlink(db::Tx& tx, RepoId repo, const Sha256Digest& sha256, Parting parting) {
  auto known = linked(tx, repo, sha256);
  if (!known) return false;
  drop_link(tx, repo, sha256.hex(), known->object, parting);
  return true;
}

int unlink_all(db::Tx& tx, RepoId repo, int limit, Parting parting) {
  auto rows = tx.all(list_links, repo, limit);
  // By number, as all who lock several objects do.
  std::ranges::sort(rows, {}, [](const db::Row& row) { return row.integer(1); });
  for (const auto& row : rows) drop_link(tx, repo, row.text(0), row.id<ObjectId>(1), parting);
  return static_cast<int>(rows.size());
}

void note_path(db::Tx& tx, RepoId repo, const Sha256Digest& sha256, std::string_view path,
               std::string_view ref) {
  tx.run(name_link, path, ref, repo, sha256.hex());
}

std::vector<Sha256Digest> unnamed(db::Tx& tx, RepoId repo, std::string_view after, int limit) {
  return db::map_rows(tx.all(list_unnamed, repo, after, limit),
                      [](const db::Row& row) { return digest_of(row.text(0)); });
}

std::vector<RepoId> repos_with_unnamed(db::Tx& tx, Time before, int limit) {
  return db::map_rows(tx.all(repos_of_unnamed, before, limit),
                      [](const db::Row& row) { return row.id<RepoId>(0); });
}

std::vector<File> list_files(db::Tx& tx, RepoId repo, const std::optional<FilePosition>& after,
                             int limit) {
  auto rows = after ? tx.all(next_files, repo, after->pushed_at, after->sha256.hex(), limit)
                    : tx.all(first_files, repo, limit);
  return db::map_rows(rows, file_of);
}

std::uint64_t stored_bytes(db::Tx& tx, RepoId repo) {
  return static_cast<std::uint64_t>(tx.one(sum_links, repo)->integer(0));
}

// ---- store.h ----

std::optional<Upload> find_upload(db::Tx& tx, const PublicId& id) {
  auto row = tx.one(find_upload_by_id, id);
  if (!row) return std::nullopt;
  return upload_of(*row);
}

std::optional<Upload> find_upload(db::Tx& tx, RepoId repo, UserId user,
                                  const Sha256Digest& sha256) {
  auto row = tx.one(find_upload_of_user, repo, user, sha256.hex());
  if (!row) return std::nullopt;
  return upload_of(*row);
}

Upload put_upload(db::Tx& tx, const Upload& wanted) {
  Upload upload = wanted;
  if (auto known = find_upload(tx, wanted.repo, wanted.user, wanted.sha256)) {
    upload.public_id = known->public_id;
    upload.expires_at = std::max(known->expires_at, wanted.expires_at);
    // Parts that arrived count on, if they are parts of the same size of file.
    if (known->in_parts && known->size_bytes == wanted.size_bytes)
      upload.in_parts = known->in_parts;
    PartColumns parts(upload.in_parts);
    tx.run(prolong_upload, upload.owner, upload.size_bytes, parts.key, parts.multipart_id,
           parts.part_bytes, upload.expires_at, upload.public_id);
    return upload;
  }
  PartColumns parts(upload.in_parts);
  tx.run(insert_upload, upload.public_id, upload.repo, upload.owner, upload.user,
         upload.sha256.hex(), upload.size_bytes, parts.key, parts.multipart_id, parts.part_bytes,
         tx.now(), upload.expires_at);
  return upload;
}

void remove_upload(db::Tx& tx, const PublicId& id) {
  tx.run(delete_upload, id);
}

int count_uploads(db::Tx& tx, RepoId repo, UserId user, int max) {
  return static_cast<int>(tx.one(count_uploads_of_user, repo, user, max)->integer(0));
}

std::vector<Upload> due_uploads(db::Tx& tx, int limit) {
  return db::map_rows(tx.all(list_due_uploads, tx.now(), limit), upload_of);
}

}  // namespace cairn::lfs
