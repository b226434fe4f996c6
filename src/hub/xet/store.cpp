#include "hub/xet/store.h"

#include <algorithm>
#include <set>

#include "hub/xet/rows.h"
#include "platform/db/rows.h"

namespace cairn::xet {
namespace {

// ---- xorbs ----

constexpr db::Statement find_xorb_by_hash{"xet.xorb.find", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM objects o JOIN xet_xorbs x ON x.object_id = o.id
  WHERE o.kind = 'xorb' AND o.digest = $1 ORDER BY o.state, o.id DESC LIMIT 1)sql"};

constexpr db::Statement find_live{"xet.xorb.live", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM objects o JOIN xet_xorbs x ON x.object_id = o.id
  WHERE o.kind = 'xorb' AND o.digest = $1 AND o.state = 0)sql"};

constexpr db::Statement find_xorb_by_id{"xet.xorb.by_id", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM xet_xorbs x JOIN objects o ON o.id = x.object_id WHERE x.object_id = $1)sql"};

constexpr db::Statement insert_xorb{"xet.xorb.insert", R"sql(
  INSERT INTO xet_xorbs (object_id, body_bytes, raw_bytes, chunks, known_until, pending_user_id)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (object_id) DO NOTHING)sql"};

// A day more or less does not matter here, so most calls change nothing.
constexpr db::Statement prolong_known{"xet.xorb.known", R"sql(
  UPDATE xet_xorbs SET known_until = $1 WHERE object_id = $2 AND known_until < $3)sql"};

// What is purged is not kept for those who may remember it.
constexpr db::Statement forget_known{"xet.xorb.unknow", R"sql(
  UPDATE xet_xorbs SET known_until = 0 WHERE object_id = $1
    AND NOT EXISTS (SELECT 1 FROM xet_file_xorbs f WHERE f.xorb_id = xet_xorbs.object_id))sql"};

constexpr db::Statement xorb_state{"xet.xorb.state", R"sql(
  SELECT o.state FROM xet_xorbs x JOIN objects o ON o.id = x.object_id WHERE x.object_id = $1)sql"};

constexpr db::Statement revive_xorb{"xet.xorb.revive", R"sql(
  UPDATE objects SET state = 0, condemned_at = NULL WHERE id = $1)sql"};

// Many at once: a file of 1 TiB has 16 000 xorbs, and a transaction 250 ms.
constexpr db::Statement lock_xorbs{"xet.xorb.lock_all", R"sql(
  SELECT 1 WHERE $1 IS NOT NULL)sql",
                                   R"sql(
  SELECT o.id FROM objects o
  WHERE o.id = ANY (ARRAY(SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json))))
  ORDER BY o.id FOR UPDATE)sql"};

constexpr db::Statement count_live{"xet.xorb.count_live", R"sql(
  SELECT COUNT(*) FROM xet_xorbs x JOIN objects o ON o.id = x.object_id
  WHERE x.object_id IN (SELECT value FROM json_each($1)) AND o.state = 0)sql",
                                   R"sql(
  SELECT COUNT(*) FROM xet_xorbs x JOIN objects o ON o.id = x.object_id
  WHERE x.object_id IN (SELECT value::bigint FROM json_array_elements_text(CAST($1 AS json)))
    AND o.state = 0)sql"};

constexpr db::Statement hold_all{"xet.xorb.hold_all", R"sql(
  UPDATE xet_xorbs SET known_until = MAX(known_until, $1), pending_user_id = NULL
  WHERE object_id IN (SELECT value FROM json_each($2))
    AND (known_until < $3 OR pending_user_id IS NOT NULL))sql",
                                 R"sql(
  UPDATE xet_xorbs SET known_until = GREATEST(known_until, $1), pending_user_id = NULL
  WHERE object_id IN (SELECT value::bigint FROM json_array_elements_text(CAST($2 AS json)))
    AND (known_until < $3 OR pending_user_id IS NOT NULL))sql"};

constexpr db::Statement sum_pending{"xet.xorb.pending", R"sql(
  SELECT CAST(COALESCE(SUM(body_bytes), 0) AS BIGINT) FROM xet_xorbs
  WHERE pending_user_id = $1)sql"};

// ---- files ----

constexpr db::Statement find_file_by_hash{"xet.file.find", R"sql(
  SELECT o.id, f.sha256, o.size_bytes FROM objects o JOIN xet_files f ON f.object_id = o.id
  WHERE o.kind = 'xet' AND o.digest = $1 ORDER BY o.state, o.id DESC LIMIT 1)sql"};

constexpr db::Statement find_file_of_repo{"xet.file.linked", R"sql(
  SELECT o.id, f.sha256, o.size_bytes FROM objects o JOIN xet_files f ON f.object_id = o.id
    JOIN lfs_links l ON l.repo_id = $1 AND l.sha256 = f.sha256 AND l.object_id = o.id
  WHERE o.kind = 'xet' AND o.digest = $2 AND o.state = 0)sql"};

constexpr db::Statement insert_file{"xet.file.insert", R"sql(
  INSERT INTO xet_files (object_id, sha256, terms, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (object_id) DO NOTHING)sql"};

constexpr db::Statement insert_terms{"xet.terms.insert", R"sql(
  INSERT INTO xet_terms (file_id, first_byte, terms) VALUES ($1, $2, $3))sql"};

constexpr db::Statement insert_file_xorbs{"xet.file.xorbs.insert", R"sql(
  INSERT INTO xet_file_xorbs (xorb_id, file_id, position)
  SELECT value, $1, key FROM json_each($2))sql",
                                          R"sql(
  INSERT INTO xet_file_xorbs (xorb_id, file_id, position)
  SELECT value::bigint, CAST($1 AS BIGINT), place
  FROM json_array_elements_text(CAST($2 AS json)) WITH ORDINALITY AS listed(value, place))sql"};

constexpr db::Statement find_first_page{"xet.terms.first", R"sql(
  SELECT first_byte FROM xet_terms WHERE file_id = $1 AND first_byte <= $2
  ORDER BY first_byte DESC LIMIT 1)sql"};

constexpr db::Statement list_pages{"xet.terms.list", R"sql(
  SELECT first_byte, terms FROM xet_terms
  WHERE file_id = $1 AND first_byte >= $2 AND first_byte < $3 ORDER BY first_byte)sql"};

constexpr db::Statement list_file_xorbs{"xet.file.xorbs", R"sql(
  SELECT xorb_id FROM xet_file_xorbs WHERE file_id = $1)sql"};

constexpr db::Statement delete_terms{"xet.terms.delete", R"sql(
  DELETE FROM xet_terms WHERE file_id = $1)sql"};

constexpr db::Statement delete_file_xorbs{"xet.file.xorbs.delete", R"sql(
  DELETE FROM xet_file_xorbs WHERE file_id = $1)sql"};

constexpr db::Statement delete_file{"xet.file.delete", R"sql(
  DELETE FROM xet_files WHERE object_id = $1)sql"};

// ---- chunks ----

constexpr db::Statement insert_key_chunk{"xet.chunk.insert", R"sql(
  INSERT INTO xet_key_chunks (chunk, xorb_id) VALUES ($1, $2)
  ON CONFLICT (chunk, xorb_id) DO NOTHING)sql"};

constexpr db::Statement find_key_chunk{"xet.chunk.find", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM xet_key_chunks k JOIN xet_xorbs x ON x.object_id = k.xorb_id
    JOIN objects o ON o.id = k.xorb_id
  WHERE k.chunk = $1 AND o.state = 0 ORDER BY k.xorb_id DESC LIMIT $2)sql"};

constexpr db::Statement list_holders{"xet.xorb.holders", R"sql(
  SELECT f.file_id, l.repo_id FROM xet_file_xorbs f JOIN lfs_links l ON l.object_id = f.file_id
  WHERE f.xorb_id = $1 ORDER BY f.file_id DESC LIMIT $2)sql"};

constexpr db::Statement find_position{"xet.file.position", R"sql(
  SELECT position FROM xet_file_xorbs WHERE xorb_id = $1 AND file_id = $2)sql"};

constexpr db::Statement list_neighbours{"xet.file.neighbours", R"sql(
  SELECT o.id, o.digest, o.key, x.body_bytes, x.raw_bytes, x.chunks,
         x.known_until
  FROM xet_file_xorbs f JOIN xet_xorbs x ON x.object_id = f.xorb_id
    JOIN objects o ON o.id = f.xorb_id
  WHERE f.file_id = $1 AND f.position >= $2 AND o.state = 0 ORDER BY f.position LIMIT $3)sql"};

constexpr db::Statement find_key_chunk_of{"xet.chunk.of_xorb", R"sql(
  SELECT 1 FROM xet_key_chunks WHERE xorb_id = $1 LIMIT 1)sql"};

constexpr db::Statement still_condemned{"xet.object.condemned", R"sql(
  SELECT 1 FROM objects WHERE id = $1 AND state = 1 AND condemned_at = $2)sql"};

constexpr db::Statement list_sources{"xet.repack.sources", R"sql(
  SELECT source_id FROM xet_xorb_sources WHERE xorb_id = $1)sql"};

constexpr db::Statement change_terms{"xet.repack.terms", R"sql(
  UPDATE xet_files SET terms = $1, repacked_at = $2 WHERE object_id = $3)sql"};

constexpr const db::Statement* all_statements[] = {
    &find_xorb_by_hash, &find_live,         &find_xorb_by_id, &insert_xorb,
    &prolong_known,     &forget_known,      &xorb_state,      &revive_xorb,
    &sum_pending,       &lock_xorbs,        &count_live,      &hold_all,
    &find_file_by_hash, &find_file_of_repo, &insert_file,     &insert_terms,
    &insert_file_xorbs, &find_first_page,   &list_pages,      &list_file_xorbs,
    &delete_terms,      &delete_file_xorbs, &delete_file,     &insert_key_chunk,
    &find_key_chunk,    &list_holders,      &find_position,   &list_neighbours,
    &find_key_chunk_of, &still_condemned,   &change_terms,    &list_sources};

/// The first 8 bytes of a chunk hash, as a number of a column.
std::int64_t column_of(const Hash& chunk) {
  std::int64_t out = 0;
  std::memcpy(&out, digest_of(chunk).bytes.data(), sizeof out);
  return out;
}

}  // namespace

Sha256Digest parsed(const std::string& hex) {
  // Only this hub writes the columns.
  auto digest = Sha256Digest::parse(hex);
  if (!digest) throw std::logic_error("a digest in the database is not 64 hex digits");
  return *digest;
}

XorbRow xorb_of(const db::Row& row) {
  return {row.id<XorbId>(0),
          hash_of(parsed(row.text(1))),
          storage::Key{row.text(2)},
          static_cast<std::uint32_t>(row.integer(3)),
          static_cast<std::uint64_t>(row.integer(4)),
          static_cast<std::uint32_t>(row.integer(5)),
          row.time(6)};
}

FileRow file_of(const db::Row& row) {
  return {row.id<lfs::ObjectId>(0), parsed(row.text(1)),
          static_cast<std::uint64_t>(row.integer(2))};
}

std::string json_of(const std::vector<XorbId>& ids) {
  std::string out = "[";
  for (auto id : ids) out += (out.size() > 1 ? "," : "") + std::to_string(id.value);
  return out + "]";
}

bool lock_condemned(db::Tx& tx, const lfs::Object& object) {
  tx.lock_row(db::Lockable::object, object.id.value);
  return tx.one(still_condemned, object.id, object.condemned_at).has_value();
}

std::span<const db::Statement* const> statements() {
  return all_statements;
}

Sha256Digest digest_of(const Hash& hash) {
  return Sha256Digest::from_bytes(hash.view());
}

Hash hash_of(const Sha256Digest& digest) {
  return Hash::from_bytes(digest.view());
}

// ---- Xorbs ----

std::optional<XorbRow> find_xorb(db::Tx& tx, const Hash& hash) {
  auto row = tx.one(find_xorb_by_hash, digest_of(hash).hex());
  if (!row) return std::nullopt;
  return xorb_of(*row);
}

std::optional<XorbRow> find_live_xorb(db::Tx& tx, const Hash& hash) {
  auto row = tx.one(find_live, digest_of(hash).hex());
  if (!row) return std::nullopt;
  return xorb_of(*row);
}

std::optional<XorbRow> find_xorb(db::Tx& tx, XorbId id) {
  auto row = tx.one(find_xorb_by_id, id);
  if (!row) return std::nullopt;
  return xorb_of(*row);
}

std::optional<XorbRow> adopt_xorb(db::Tx& tx, const XorbRow& row, std::uint64_t object_bytes,
                                  Time known_until, UserId pending, bool written) {
  auto object = lfs::adopt_object(tx, "xorb", digest_of(row.hash), object_bytes, row.key);
  if (!written) {
    auto known = find_xorb(tx, object.id);
    // The incarnation that was there when the upload began is gone: the transaction is dropped.
    if (!known || known->key != row.key) return std::nullopt;
  }
  tx.run(insert_xorb, object.id, row.body_bytes, row.raw_bytes, row.chunks, known_until, pending);
  tx.run(prolong_known, known_until, object.id, known_until);
  return find_xorb(tx, object.id);
}

bool hold_xorbs(db::Tx& tx, const std::vector<XorbId>& xorbs, Time known_until) {
  if (xorbs.empty()) return true;
  auto list = json_of(xorbs);
  (void)tx.all(lock_xorbs, list);
  if (tx.one(count_live, list)->integer(0) != static_cast<std::int64_t>(xorbs.size())) {
    for (auto xorb : xorbs) {
      auto state = tx.one(xorb_state, xorb);
      if (!state) return false;
      if (state->enumeration<lfs::ObjectState>(0) == lfs::ObjectState::condemned)
        tx.run(revive_xorb, xorb);
    }
  }
  tx.run(hold_all, known_until, list, known_until - days(1));
  return true;
}

bool prolong_xorb(db::Tx& tx, XorbId xorb, Time known_until) {
  tx.lock_row(db::Lockable::object, xorb.value);
  auto state = tx.one(xorb_state, xorb);
  if (!state || state->enumeration<lfs::ObjectState>(0) != lfs::ObjectState::live) return false;
  tx.run(prolong_known, known_until, xorb, known_until - days(1));
  return true;
}

std::uint64_t pending_bytes(db::Tx& tx, UserId user) {
  return static_cast<std::uint64_t>(tx.one(sum_pending, user)->integer(0));
}

// ---- Files ----

std::optional<FileRow> find_file(db::Tx& tx, const Hash& hash) {
  auto row = tx.one(find_file_by_hash, digest_of(hash).hex());
  if (!row) return std::nullopt;
  return file_of(*row);
}

std::optional<FileRow> find_linked_file(db::Tx& tx, RepoId repo, const Hash& hash) {
  auto row = tx.one(find_file_of_repo, repo, digest_of(hash).hex());
  if (!row) return std::nullopt;
  return file_of(*row);
}

namespace {

/// The rows that say what a file is made of.
void insert_terms_of(db::Tx& tx, lfs::ObjectId file, std::span<const StoredTerm> terms) {
  for (const auto& page : pages_of(terms))
    tx.run(insert_terms, file, page.first_byte, db::Blob{page.terms});
  std::set<XorbId> seen;
  std::vector<XorbId> used;
  for (const auto& term : terms)
    if (seen.insert(term.xorb).second) used.push_back(term.xorb);
  if (!used.empty()) tx.run(insert_file_xorbs, file, json_of(used));
}

}  // namespace

bool put_file(db::Tx& tx, RepoId repo, const NewFile& file, std::optional<UserId> pusher) {
  auto digest = digest_of(file.hash);
  auto fresh = storage::make_key("xet", digest.hex());
  auto object = lfs::adopt_object(tx, "xet", digest, file.size_bytes, fresh);
  if (object.key == fresh) {
    tx.run(insert_file, object.id, file.sha256.hex(), file.terms.size(), tx.now());
    insert_terms_of(tx, object.id, file.terms);
  }
  auto known = lfs::linked(tx, repo, file.sha256);
  if (!known) {
    lfs::link(tx, repo, object, file.sha256, pusher);
    return true;
  }
  if (known->object != object.id && known->key.text.starts_with("lfs/"))
    lfs::relink(tx, repo, *known, object);
  else if (known->object != object.id)
    lfs::condemn_unlinked(tx, object.id, lfs::Parting::after_grace);
  return false;
}

Result<std::vector<StoredTerm>> read_terms(db::Tx& tx, lfs::ObjectId file, std::uint64_t first,
                                           std::uint64_t end, std::uint64_t& first_byte) {
  std::vector<StoredTerm> out;
  auto from = tx.one(find_first_page, file, first);
  if (!from) return out;
  first_byte = static_cast<std::uint64_t>(from->integer(0));
  for (const auto& row : tx.all(list_pages, file, first_byte, std::max(end, first + 1))) {
    CAIRN_TRY(terms, decode_terms(row.blob(1)));
    out.insert(out.end(), terms.begin(), terms.end());
  }
  return out;
}

// ---- Deduplication ----

void add_key_chunk(db::Tx& tx, const Hash& chunk, XorbId xorb) {
  tx.run(insert_key_chunk, column_of(chunk), xorb);
}

std::vector<XorbRow> key_xorbs(db::Tx& tx, const Hash& chunk, int limit) {
  return db::map_rows(tx.all(find_key_chunk, column_of(chunk), limit), xorb_of);
}

std::vector<Holder> holders(db::Tx& tx, XorbId xorb, int limit) {
  return db::map_rows(tx.all(list_holders, xorb, limit), [](const db::Row& row) {
    return Holder{row.id<lfs::ObjectId>(0), row.id<RepoId>(1)};
  });
}

std::vector<XorbRow> neighbours(db::Tx& tx, lfs::ObjectId file, XorbId xorb, int limit) {
  auto row = tx.one(find_position, xorb, file);
  if (!row) return {};
  // Mostly what follows: that is what the client will read next.
  std::int64_t from = std::max<std::int64_t>(row->integer(0) - limit / 4, 0);
  return db::map_rows(tx.all(list_neighbours, file, from, limit), xorb_of);
}

bool has_key_chunk(db::Tx& tx, XorbId xorb) {
  return tx.one(find_key_chunk_of, xorb).has_value();
}

// ---- Letting go and replacing ----

bool forget_file(db::Tx& tx, const lfs::Object& file, Time known_until) {
  auto xorbs = db::map_rows(tx.all(list_file_xorbs, file.id),
                            [](const db::Row& row) { return row.id<XorbId>(0); });
  if (known_until == Time{0})  // Its chunks may lie where they were copied from, too.
    for (std::size_t i = 0, count = xorbs.size(); i < count; ++i)
      for (const auto& row : tx.all(list_sources, xorbs[i])) xorbs.push_back(row.id<XorbId>(0));
  std::ranges::sort(xorbs);
  for (auto xorb : xorbs) tx.lock_row(db::Lockable::object, xorb.value);
  if (!lock_condemned(tx, file)) return false;
  tx.run(delete_terms, file.id);
  tx.run(delete_file_xorbs, file.id);
  for (auto xorb : xorbs) {
    if (known_until == Time{0})
      tx.run(forget_known, xorb);
    else
      tx.run(prolong_known, known_until, xorb, known_until - days(1));
  }
  tx.run(delete_file, file.id);
  return lfs::forget_object(tx, file);
}

bool replace_terms(db::Tx& tx, lfs::ObjectId file, std::span<const StoredTerm> before,
                   std::span<const StoredTerm> after, Time keep_until, Time hold_until) {
  std::set<XorbId> old_ones, new_ones;
  for (const auto& term : before) old_ones.insert(term.xorb);
  for (const auto& term : after) new_ones.insert(term.xorb);
  std::vector<XorbId> arrived;
  std::ranges::set_difference(new_ones, old_ones, std::back_inserter(arrived));
  if (!hold_xorbs(tx, arrived, hold_until)) return false;
  tx.lock_row(db::Lockable::object, file.value);
  std::string there;
  for (const auto& row : tx.all(list_pages, file, 0, INT64_MAX)) there += row.blob(1);
  if (there.empty() || there != encode_terms(before)) return false;
  tx.run(delete_terms, file);
  tx.run(delete_file_xorbs, file);
  insert_terms_of(tx, file, after);
  tx.run(change_terms, after.size(), tx.now(), file);
  for (auto xorb : old_ones)
    if (!new_ones.contains(xorb)) tx.run(prolong_known, keep_until, xorb, keep_until);
  return true;
}

}  // namespace cairn::xet
