#include "hub/repo/store.h"

#include <boost/describe.hpp>

#include "base/json.h"
#include "base/names.h"
#include "hub/repo/columns.h"
#include "hub/repo/operations_store.h"

namespace cairn::repo {

BOOST_DESCRIBE_STRUCT(Settings, (),
                      (discussionsDisabled, discussionsSorting, orgMembersGated,
                       gatedNotificationsEmail, gatedNotificationsMode))

namespace {

// ---- SQL ---------------------------------------------------------------------------------------

constexpr db::Statement find_by_id{
    "repo.find_by_id",
    CAIRN_REPO_SELECT "WHERE r.id = $1 AND r.deleted_at IS NULL AND o.deleted_at IS NULL"};
constexpr db::Statement find_by_key{
    "repo.find_by_key", CAIRN_REPO_SELECT
    "WHERE r.kind = $1 AND r.full_key = $2 AND r.deleted_at IS NULL AND o.deleted_at IS NULL"};
constexpr db::Statement find_by_public_id{
    "repo.find_by_public_id",
    CAIRN_REPO_SELECT "WHERE r.public_id = $1 AND r.deleted_at IS NULL AND o.deleted_at IS NULL"};
constexpr db::Statement find_redirect{"repo.find_redirect", R"sql(
  SELECT repo_id FROM repo_redirects WHERE kind = $1 AND owner_key = $2 AND name_key = $3)sql"};
constexpr db::Statement find_deleted_by_public_id{
    "repo.find_deleted", CAIRN_REPO_SELECT "WHERE r.public_id = $1 AND r.deleted_at IS NOT NULL"};
constexpr db::Statement list_deleted{
    "repo.list_deleted", CAIRN_REPO_SELECT
    "WHERE r.purge_at > 0 AND r.sha <> '' ORDER BY r.purge_at DESC, r.id DESC LIMIT $1"};
constexpr db::Statement list_deleted_of_owner{
    "repo.list_deleted_of_owner", CAIRN_REPO_SELECT
    "WHERE r.owner_id = $1 AND r.deleted_at IS NOT NULL AND r.sha <> '' "
    "ORDER BY r.deleted_at DESC, r.id DESC LIMIT $2"};
constexpr db::Statement list_due{
    "repo.list_due", CAIRN_REPO_SELECT
    "WHERE r.purge_at IS NOT NULL AND r.purge_at <= $1 ORDER BY r.purge_at LIMIT $2"};
constexpr db::Statement page_living{
    "repo.page_living",
    CAIRN_REPO_SELECT "WHERE r.id > $1 AND r.deleted_at IS NULL ORDER BY r.id LIMIT $2"};
constexpr db::Statement page_deleted{
    "repo.page_deleted",
    CAIRN_REPO_SELECT "WHERE r.id > $1 AND r.deleted_at IS NOT NULL ORDER BY r.id LIMIT $2"};
constexpr db::Statement ids_of_owner{"repo.ids_of_owner", R"sql(
  SELECT id FROM repos WHERE owner_id = $1 ORDER BY id)sql"};

constexpr db::Statement insert_repo{"repo.insert", R"sql(
  INSERT INTO repos (public_id, kind, owner_id, creator_id, name, name_key, full_key, visibility,
                     default_branch, sha, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $10) RETURNING id)sql"};
constexpr db::Statement update_head{"repo.set_head", R"sql(
  UPDATE repos SET sha = $1, updated_at = $2, version = version + 1 WHERE id = $3)sql"};
constexpr db::Statement update_default_branch{"repo.set_default_branch", R"sql(
  UPDATE repos SET default_branch = $1, version = version + 1 WHERE id = $2)sql"};
constexpr db::Statement update_storage{"repo.add_storage", R"sql(
  UPDATE repos SET git_bytes = git_bytes + $1, large_bytes = COALESCE($2, large_bytes)
  WHERE id = $3)sql"};
constexpr db::Statement update_settings{"repo.set_settings", R"sql(
  UPDATE repos SET visibility = $1, gating = $2, settings = $3, updated_at = $4,
                   version = version + 1
  WHERE id = $5)sql"};
constexpr db::Statement update_name{"repo.set_name", R"sql(
  UPDATE repos SET owner_id = $1, name = $2, name_key = $3, full_key = $4, updated_at = $5,
                   version = version + 1
  WHERE id = $6)sql"};
constexpr db::Statement update_full_key{"repo.set_full_key", R"sql(
  UPDATE repos SET full_key = $1, version = version + 1 WHERE id = $2)sql"};
constexpr db::Statement update_deleted{"repo.mark_deleted", R"sql(
  UPDATE repos SET deleted_at = $1, deleted_by = $2, purge_at = $3, version = version + 1
  WHERE id = $4)sql"};
constexpr db::Statement update_owner_purged{"repo.mark_owner_purged", R"sql(
  UPDATE repos SET deleted_at = $1, purge_at = $2, version = version + 1
  WHERE owner_id = $3 AND deleted_at IS NULL)sql"};
constexpr db::Statement update_restored{"repo.mark_restored", R"sql(
  UPDATE repos SET deleted_at = NULL, deleted_by = NULL, purge_at = NULL, name = $1,
                   name_key = $2, full_key = $3, version = version + 1
  WHERE id = $4)sql"};
constexpr db::Statement update_downloads{"repo.add_downloads", R"sql(
  UPDATE repos SET downloads = downloads + $1, downloads_all_time = downloads_all_time + $1
  WHERE id = $2)sql"};
constexpr db::Statement update_gc_epoch{"repo.raise_gc_epoch", R"sql(
  UPDATE repos SET gc_epoch = gc_epoch + 1, version = version + 1 WHERE id = $1)sql"};
constexpr db::Statement put_redirect{"repo.put_redirect", R"sql(
  INSERT INTO repo_redirects (kind, owner_key, name_key, repo_id, created_at)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (kind, owner_key, name_key)
  DO UPDATE SET repo_id = excluded.repo_id, created_at = excluded.created_at)sql"};
constexpr db::Statement delete_redirect{"repo.drop_redirect", R"sql(
  DELETE FROM repo_redirects WHERE kind = $1 AND owner_key = $2 AND name_key = $3)sql"};

constexpr db::Statement delete_redirects_to{"repo.purge_redirects", R"sql(
  DELETE FROM repo_redirects WHERE repo_id = $1)sql"};
constexpr db::Statement delete_card{"repo.purge_card", R"sql(
  DELETE FROM cards WHERE repo_id = $1)sql"};
constexpr db::Statement delete_tags{"repo.drop_tags", R"sql(
  DELETE FROM repo_tags WHERE repo_id = $1)sql"};
constexpr db::Statement delete_repo{"repo.purge", R"sql(
  DELETE FROM repos WHERE id = $1)sql"};
constexpr db::Statement remember_purge{"repo.remember_purge", R"sql(
  INSERT INTO repo_purges (public_id, kind, name, purged_at, purged_by)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (public_id) DO NOTHING)sql"};

constexpr db::Statement put_card{"repo.put_card", R"sql(
  INSERT INTO cards (repo_id, data, library_name, pipeline_tag, license, pretty_name, sdk,
                     updated_at, files, parameters)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (repo_id) DO UPDATE SET
    files = excluded.files, parameters = excluded.parameters,
    data = excluded.data, library_name = excluded.library_name,
    pipeline_tag = excluded.pipeline_tag, license = excluded.license,
    pretty_name = excluded.pretty_name, sdk = excluded.sdk, updated_at = excluded.updated_at)sql"};
constexpr db::Statement put_tag{"repo.put_tag", R"sql(
  INSERT INTO repo_tags (repo_id, tag, place) VALUES ($1, $2, $3)
  ON CONFLICT (repo_id, tag) DO NOTHING)sql"};
constexpr db::Statement find_card{"repo.find_card", R"sql(
  SELECT data, files FROM cards WHERE repo_id = $1)sql"};
constexpr db::Statement find_tags{"repo.find_tags", R"sql(
  SELECT tag FROM repo_tags WHERE repo_id = $1 AND place >= 0 ORDER BY place)sql"};

constexpr const db::Statement* all_statements[] = {&find_by_id,
                                                   &find_by_key,
                                                   &find_by_public_id,
                                                   &find_redirect,
                                                   &find_deleted_by_public_id,
                                                   &list_deleted,
                                                   &list_deleted_of_owner,
                                                   &list_due,
                                                   &page_living,
                                                   &page_deleted,
                                                   &ids_of_owner,
                                                   &update_owner_purged,
                                                   &insert_repo,
                                                   &update_head,
                                                   &update_default_branch,
                                                   &update_storage,
                                                   &update_settings,
                                                   &update_name,
                                                   &update_full_key,
                                                   &update_deleted,
                                                   &update_restored,
                                                   &update_downloads,
                                                   &update_gc_epoch,
                                                   &put_redirect,
                                                   &delete_redirect,
                                                   &delete_redirects_to,
                                                   &delete_card,
                                                   &delete_tags,
                                                   &delete_repo,
                                                   &remember_purge,
                                                   &put_card,
                                                   &put_tag,
                                                   &find_card,
                                                   &find_tags};

// ------------------------------------------------------------------------------------------------

/// Members that a stored text lacks keep their default: newer programs add some.
Settings read_settings(const std::string& text) {
  if (text == "{}") return {};  // Nobody changed any: most rows of every list.
  auto all = to_json(Settings{});
  auto stored = parse_json(text);
  if (stored && stored->is_object())
    for (const auto& [key, value] : stored->get_object()) all.get_object()[key] = value;
  return read_json<Settings>(all).value_or(Settings{});
}

std::optional<Repo> read_one(std::optional<db::Row> row) {
  if (!row) return std::nullopt;
  return read_repo(*row);
}

std::vector<Repo> read_all(const std::vector<db::Row>& rows) {
  std::vector<Repo> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(read_repo(row));
  return out;
}

}  // namespace

Repo read_repo(const db::Row& row) {
  Repo repo;
  int c = 0;
  repo.id = row.id<RepoId>(c++);
  repo.public_id = PublicId{row.text(c++)};
  repo.kind = row.enumeration<RepoKind>(c++);
  repo.owner = row.id<OwnerId>(c++);
  repo.owner_name = row.text(c++);
  repo.owner_kind = row.enumeration<OwnerKind>(c++);
  if (auto creator = row.opt_integer(c++)) repo.creator = UserId{*creator};
  repo.short_name = row.text(c++);
  repo.name = repo.owner_name + "/" + repo.short_name;
  repo.visibility = row.enumeration<Visibility>(c++);
  repo.gating = row.enumeration<Gating>(c++);
  repo.settings = read_settings(row.text(c++));
  repo.members_gated = repo.settings.orgMembersGated;
  repo.default_branch = row.text(c++);
  repo.sha = row.text(c++);
  repo.storage_bytes = row.integer(c++);
  repo.downloads = row.integer(c++);
  repo.downloads_all_time = row.integer(c++);
  repo.likes = row.integer(c++);
  repo.trending_score = row.integer(c++);
  repo.created_at = row.time(c++);
  repo.updated_at = row.time(c++);
  repo.disabled = row.opt_time(c++).has_value();
  repo.deleted_at = row.opt_time(c++);
  repo.purge_at = row.opt_time(c++);
  repo.version = row.integer(c++);
  repo.gc_epoch = row.integer(c++);
  return repo;
}

std::optional<Repo> find_repo(db::Tx& tx, RepoId id) {
  return store::find(tx, id);
}

std::vector<Repo> all_repos(db::Tx& tx, RepoId after, int limit) {
  return read_all(tx.all(page_living, after, limit));
}
std::vector<Repo> all_deleted_repos(db::Tx& tx, RepoId after, int limit) {
  return read_all(tx.all(page_deleted, after, limit));
}

namespace store {

std::span<const db::Statement* const> statements() {
  return all_statements;
}

std::optional<Repo> find(db::Tx& tx, RepoId id) {
  return read_one(tx.one(find_by_id, id));
}
std::optional<Repo> find(db::Tx& tx, RepoKind kind, std::string_view full_key) {
  return read_one(tx.one(find_by_key, kind, full_key));
}
std::optional<Repo> find(db::Tx& tx, const PublicId& id) {
  return read_one(tx.one(find_by_public_id, id));
}
std::optional<RepoId> redirected(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                                 std::string_view name_key) {
  auto row = tx.one(find_redirect, kind, owner_key, name_key);
  if (!row) return std::nullopt;
  return row->id<RepoId>(0);
}
std::optional<Repo> find_deleted(db::Tx& tx, const PublicId& id) {
  return read_one(tx.one(find_deleted_by_public_id, id));
}
std::vector<Repo> deleted(db::Tx& tx, std::optional<OwnerId> owner, int limit) {
  if (owner) return read_all(tx.all(list_deleted_of_owner, *owner, limit));
  return read_all(tx.all(list_deleted, limit));
}
std::vector<Repo> due(db::Tx& tx, Time now, int limit) {
  return read_all(tx.all(list_due, now, limit));
}
std::vector<RepoId> of_owner(db::Tx& tx, OwnerId owner) {
  std::vector<RepoId> out;
  for (const auto& row : tx.all(ids_of_owner, owner)) out.push_back(row.id<RepoId>(0));
  return out;
}

RepoId insert(db::Tx& tx, const Insert& row) {
  auto inserted =
      tx.one(insert_repo, row.public_id, row.kind, row.owner, row.creator, row.name.name,
             name_key(row.name.name), row.name.key(), row.visibility, row.default_branch, tx.now());
  return inserted->id<RepoId>(0);
}
void set_default_branch(db::Tx& tx, RepoId id, std::string_view name) {
  tx.run(update_default_branch, name, id);
}
void set_head(db::Tx& tx, RepoId id, std::string_view sha) {
  tx.run(update_head, sha, tx.now(), id);
}
void add_storage(db::Tx& tx, RepoId id, std::int64_t git_bytes_more,
                 std::optional<std::int64_t> large_bytes) {
  tx.run(update_storage, git_bytes_more, large_bytes, id);
}
void set_settings(db::Tx& tx, RepoId id, Visibility visibility, Gating gating,
                  const Settings& settings) {
  tx.run(update_settings, visibility, gating, to_json_text(settings), tx.now(), id);
}
void set_name(db::Tx& tx, RepoId id, OwnerId owner, const RepoName& name) {
  tx.run(update_name, owner, name.name, name_key(name.name), name.key(), tx.now(), id);
}
void set_full_key(db::Tx& tx, RepoId id, std::string_view full_key) {
  tx.run(update_full_key, full_key, id);
}
void mark_owner_purged(db::Tx& tx, OwnerId owner) {
  tx.run(update_owner_purged, tx.now(), tx.now(), owner);
}
void mark_deleted(db::Tx& tx, RepoId id, std::optional<UserId> by, Time purge_at) {
  tx.run(update_deleted, tx.now(), by, purge_at, id);
}
void mark_restored(db::Tx& tx, RepoId id, const RepoName& name) {
  tx.run(update_restored, name.name, name_key(name.name), name.key(), id);
}
void add_downloads(db::Tx& tx, RepoId id, std::int64_t count) {
  tx.run(update_downloads, count, id);
}
void raise_gc_epoch(db::Tx& tx, RepoId id) {
  tx.run(update_gc_epoch, id);
}
void insert_redirect(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                     std::string_view name_key, RepoId id) {
  tx.run(put_redirect, kind, owner_key, name_key, id, tx.now());
}
void drop_redirect(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                   std::string_view name_key) {
  tx.run(delete_redirect, kind, owner_key, name_key);
}

void purge(db::Tx& tx, const Repo& repo, std::optional<UserId> by) {
  tx.run(remember_purge, repo.public_id, repo.kind, repo.name, tx.now(), by);
  delete_space_values(tx, repo.id);
  tx.run(delete_redirects_to, repo.id);
  tx.run(delete_tags, repo.id);
  tx.run(delete_card, repo.id);
  tx.run(delete_repo, repo.id);
}

void set_card(db::Tx& tx, RepoId id, const CardInfo& card) {
  const auto& fields = card.fields;
  tx.run(put_card, id, json::serialize(card.data), fields.library_name, fields.pipeline_tag,
         fields.license, fields.pretty_name, fields.sdk, tx.now(),
         json::serialize(card::to_json(card.files)), card.files.parameters);
  tx.run(delete_tags, id);
  int place = 0;
  for (const auto& tag : fields.tags) tx.run(put_tag, id, tag, place++);
  constexpr int hidden = -1;  // Lists filter by these; nobody is shown them.
  for (const auto& tag : fields.uses) tx.run(put_tag, id, tag, hidden);
}

card::FileFacts card_files(db::Tx& tx, RepoId id) {
  auto row = tx.one(find_card, id);
  auto stored = row ? parse_json(row->text(1)) : Result<json::value>(json::value());
  return stored ? card::read_file_facts(*stored) : card::FileFacts{};
}

CardInfo card(db::Tx& tx, RepoId id, RepoKind kind) {
  CardInfo out;
  if (auto row = tx.one(find_card, id)) {
    if (auto data = parse_json(row->text(0))) out.data = std::move(*data);
    if (auto stored = parse_json(row->text(1))) out.files = card::read_file_facts(*stored);
  }
  out.fields = card::card_fields(card_kind(kind), out.data, "", &out.files);
  // The stored tags also know the papers that the text after the front matter names.
  out.fields.tags.clear();
  for (const auto& row : tx.all(find_tags, id)) out.fields.tags.push_back(row.text(0));
  return out;
}

}  // namespace store
}  // namespace cairn::repo
