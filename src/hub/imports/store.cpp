#include "hub/imports/store.h"

#include "base/json.h"
#include "platform/db/rows.h"

namespace cairn::imports {

std::vector<db::Migration> imports_migrations() {
  return {{"20261126T2130_imports", db::Migration::Kind::expand, R"sql(
-- user_id: 0 is the operator. state: 0 waiting, 1 running, 2 done, 3 failed, 4 cancelled.
-- token: sealed, and emptied when the import is over. progress, notes: JSON.
CREATE TABLE imports (
  id            @id,
  public_id     @text NOT NULL,
  user_id       @int NOT NULL,
  repo_id       @int NOT NULL,
  kind          @int NOT NULL,
  repo_name     @text NOT NULL,
  source        @text NOT NULL,
  is_local      @int NOT NULL,
  username      @text NOT NULL,
  token         @text NOT NULL,
  initial       @text NOT NULL,
  state         @int NOT NULL,
  progress      @text NOT NULL,
  notes         @text NOT NULL,
  error_word    @text NOT NULL DEFAULT '',
  error_message @text NOT NULL DEFAULT '',
  created_at    @int NOT NULL,
  updated_at    @int NOT NULL,
  finished_at   @int
) @strict;
CREATE UNIQUE INDEX imports_by_public_id ON imports (public_id);
CREATE INDEX imports_by_user ON imports (user_id, id);
CREATE INDEX imports_by_repo ON imports (repo_id, id);
CREATE INDEX imports_open ON imports (user_id) WHERE state < 2;
)sql"}};
}

namespace store {
namespace {

constexpr db::Statement insert_sql{"imports.insert", R"sql(
  INSERT INTO imports (public_id, user_id, repo_id, kind, repo_name, source, is_local, username,
                       token, initial, state, progress, notes, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) RETURNING id)sql"};
constexpr db::Statement find_sql{"imports.find", R"sql(
  SELECT id, public_id, user_id, repo_id, kind, repo_name, source, is_local, username, token,
         initial, state, progress, notes, error_word, error_message, created_at, updated_at,
         finished_at
  FROM imports WHERE id = $1)sql"};
constexpr db::Statement find_public_sql{"imports.find_public", R"sql(
  SELECT id, public_id, user_id, repo_id, kind, repo_name, source, is_local, username, token,
         initial, state, progress, notes, error_word, error_message, created_at, updated_at,
         finished_at
  FROM imports WHERE public_id = $1)sql"};
constexpr db::Statement of_repo_sql{"imports.of_repo", R"sql(
  SELECT id, public_id, user_id, repo_id, kind, repo_name, source, is_local, username, token,
         initial, state, progress, notes, error_word, error_message, created_at, updated_at,
         finished_at
  FROM imports WHERE repo_id = $1 ORDER BY id DESC LIMIT 1)sql"};
constexpr db::Statement of_user_sql{"imports.of_user", R"sql(
  SELECT id, public_id, user_id, repo_id, kind, repo_name, source, is_local, username, token,
         initial, state, progress, notes, error_word, error_message, created_at, updated_at,
         finished_at
  FROM imports WHERE user_id = $1 ORDER BY id DESC LIMIT $2)sql"};
constexpr db::Statement count_open_sql{"imports.count_open", R"sql(
  SELECT count(*) FROM imports WHERE user_id = $1 AND state < 2)sql"};
constexpr db::Statement update_sql{"imports.update", R"sql(
  UPDATE imports SET source = $1, is_local = $2, username = $3, token = $4, state = $5,
                     progress = $6, notes = $7, error_word = $8, error_message = $9,
                     updated_at = $10, finished_at = $11
  WHERE id = $12)sql"};
constexpr db::Statement remove_sql{"imports.remove", "DELETE FROM imports WHERE id = $1"};
constexpr db::Statement some_of_repo_sql{"imports.some_of_repo", R"sql(
  SELECT id FROM imports WHERE repo_id = $1 ORDER BY id LIMIT $2)sql"};
constexpr db::Statement forget_user_sql{"imports.forget_user",
                                        "DELETE FROM imports WHERE user_id = $1"};

std::string text_of(const Progress& p) {
  return json::serialize(
      json::object{{"phase", static_cast<int>(p.phase)},
                   {"objects", json::array{p.objects_done, p.objects_total}},
                   {"received", p.bytes_received},
                   {"files", json::array{p.files_done, p.files_total}},
                   {"bytes", json::array{p.file_bytes_done, p.file_bytes_total}}});
}

struct ProgressRow {
  int phase = 0;
  std::vector<std::uint64_t> objects, files, bytes;
  std::uint64_t received = 0;
};
BOOST_DESCRIBE_STRUCT(ProgressRow, (), (phase, objects, files, bytes, received))

Progress progress_of(const std::string& text) {
  Progress out;
  auto row = parse_json_as<ProgressRow>(text);
  if (!row || row->objects.size() != 2 || row->files.size() != 2 || row->bytes.size() != 2)
    return out;
  out.phase = static_cast<Phase>(row->phase);
  out.objects_done = row->objects[0];
  out.objects_total = row->objects[1];
  out.bytes_received = row->received;
  out.files_done = row->files[0];
  out.files_total = row->files[1];
  out.file_bytes_done = row->bytes[0];
  out.file_bytes_total = row->bytes[1];
  return out;
}

Import import_of(const db::Row& row) {
  Import out;
  out.id = row.id<ImportId>(0);
  out.public_id = PublicId{row.text(1)};
  out.user = row.id<UserId>(2);
  out.repo = row.id<RepoId>(3);
  out.kind = row.enumeration<RepoKind>(4);
  out.repo_name = row.text(5);
  out.source = row.text(6);
  out.local = row.boolean(7);
  out.username = row.text(8);
  out.token = row.text(9);
  out.initial = row.text(10);
  out.state = row.enumeration<State>(11);
  out.progress = progress_of(row.text(12));
  out.notes =
      parse_json_as<std::vector<std::string>>(row.text(13)).value_or(std::vector<std::string>{});
  out.error_word = row.text(14);
  out.error_message = row.text(15);
  out.created_at = row.time(16);
  out.updated_at = row.time(17);
  out.finished_at = row.opt_time(18);
  return out;
}

std::optional<Import> maybe(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return import_of(*row);
}

}  // namespace

Import insert(db::Tx& tx, Import import) {
  import.created_at = import.updated_at = tx.now();
  auto row =
      tx.one(insert_sql, import.public_id, import.user, import.repo, import.kind, import.repo_name,
             import.source, import.local, import.username, import.token, import.initial,
             import.state, text_of(import.progress), to_json_text(import.notes), import.created_at);
  import.id = row->id<ImportId>(0);
  return import;
}

std::optional<Import> find(db::Tx& tx, ImportId id) {
  return maybe(tx.one(find_sql, id));
}

std::optional<Import> find(db::Tx& tx, const PublicId& id) {
  return maybe(tx.one(find_public_sql, id));
}

std::optional<Import> of_repo(db::Tx& tx, RepoId repo) {
  return maybe(tx.one(of_repo_sql, repo));
}

std::vector<Import> of_user(db::Tx& tx, UserId user, int limit) {
  return db::map_rows(tx.all(of_user_sql, user, limit), import_of);
}

std::size_t count_open(db::Tx& tx, UserId user) {
  return static_cast<std::size_t>(tx.one(count_open_sql, user)->integer(0));
}

bool update(db::Tx& tx, const Import& import) {
  return tx.run(update_sql, import.source, import.local, import.username, import.token,
                import.state, text_of(import.progress), to_json_text(import.notes),
                import.error_word, import.error_message, tx.now(), import.finished_at,
                import.id) == 1;
}

void remove(db::Tx& tx, ImportId id) {
  tx.run(remove_sql, id);
}

int forget_repo(db::Tx& tx, RepoId repo, int limit) {
  auto rows = tx.all(some_of_repo_sql, repo, limit);
  for (const auto& row : rows) remove(tx, row.id<ImportId>(0));
  return static_cast<int>(rows.size());
}

void forget_user(db::Tx& tx, UserId user) {
  tx.run(forget_user_sql, user);
}

std::vector<const db::Statement*> statements() {
  return {&insert_sql,     &find_sql,   &find_public_sql, &of_repo_sql,      &of_user_sql,
          &count_open_sql, &update_sql, &remove_sql,      &some_of_repo_sql, &forget_user_sql};
}

}  // namespace store
}  // namespace cairn::imports
