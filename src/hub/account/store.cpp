#include "hub/account/store.h"

#include "base/text.h"

// One list of columns for every statement that reads an owner, in the order of `read_owner`.
#define CAIRN_OWNER_COLUMNS                                                          \
  "o.id, o.public_id, o.kind, o.name, o.full_name, o.email, o.avatar, o.plan, "      \
  "o.default_visibility, o.is_admin, o.password_hash, o.created_at, o.disabled_at, " \
  "o.deleted_at, o.purge_at, o.version, o.deleted_by, o.email_verified_at, o.must_verify"

namespace cairn::account::store {
namespace {

using db::Statement;

constexpr int owner_column_count = 19;

constexpr Statement owner_by_key_sql{
    "account.owner_by_key", "SELECT " CAIRN_OWNER_COLUMNS " FROM owners o WHERE o.name_key = $1"};
constexpr Statement owner_by_id_sql{"account.owner_by_id",
                                    "SELECT " CAIRN_OWNER_COLUMNS " FROM owners o WHERE o.id = $1"};
constexpr Statement owner_by_public_id_sql{"account.owner_by_public_id",
                                           "SELECT " CAIRN_OWNER_COLUMNS
                                           " FROM owners o WHERE o.public_id = $1"};
constexpr Statement owners_of_email_sql{"account.owners_of_email",
                                        "SELECT " CAIRN_OWNER_COLUMNS R"sql( FROM owners o
  WHERE o.email_key = $1 ORDER BY o.id LIMIT 10)sql"};
constexpr Statement owners_of_kind_sql{"account.owners_of_kind",
                                       "SELECT " CAIRN_OWNER_COLUMNS R"sql( FROM owners o
  WHERE o.kind = $1 AND o.name_key > $2 AND o.deleted_at IS NULL
  ORDER BY o.name_key LIMIT $3)sql"};
constexpr Statement insert_owner_sql{"account.insert_owner", R"sql(
  INSERT INTO owners (public_id, kind, name, name_key, full_name, email, avatar, plan,
    default_visibility, is_admin, password_hash, created_at, updated_at, email_key, must_verify)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14) RETURNING id)sql"};
constexpr Statement update_owner_sql{"account.update_owner", R"sql(
  UPDATE owners SET full_name = $1, email = $2, avatar = $3, plan = $4, default_visibility = $5,
    is_admin = $6, password_hash = $7, disabled_at = $8, deleted_at = $9, purge_at = $10,
    deleted_by = $11, updated_at = $12, email_key = $13, email_verified_at = $14,
    must_verify = $15, version = version + 1
  WHERE id = $16)sql"};
constexpr Statement update_name_sql{"account.update_name", R"sql(
  UPDATE owners SET name = $1, name_key = $2, updated_at = $3, version = version + 1
  WHERE id = $4)sql"};
constexpr Statement any_user_sql{"account.any_user",
                                 "SELECT id FROM owners WHERE kind = 0 LIMIT 1"};
constexpr Statement acting_admins_sql{"account.acting_admins", R"sql(
  SELECT id FROM owners
  WHERE is_admin <> 0 AND kind = 0 AND disabled_at IS NULL AND deleted_at IS NULL
  ORDER BY id LIMIT 1000)sql"};
constexpr Statement counts_sql{"account.counts", R"sql(
  SELECT (SELECT count(*) FROM owners WHERE kind = 0 AND deleted_at IS NULL),
         (SELECT count(*) FROM owners WHERE kind = 1 AND deleted_at IS NULL),
         (SELECT count(*) FROM tokens WHERE revoked_at IS NULL))sql"};
constexpr Statement owners_to_purge_sql{"account.owners_to_purge", R"sql(
  SELECT id FROM owners WHERE purge_at IS NOT NULL AND purge_at <= $1
  ORDER BY purge_at, id LIMIT $2)sql"};
constexpr Statement purge_owner_sql{"account.purge_owner", R"sql(
  UPDATE owners SET name = '', name_key = $1, full_name = '', email = NULL,
    email_key = NULL, email_verified_at = NULL, avatar = NULL, password_hash = NULL, is_admin = 0, purge_at = NULL,
    updated_at = $2, version = version + 1
  WHERE id = $3)sql"};
constexpr Statement purge_tokens_sql{"account.purge_tokens",
                                     "DELETE FROM tokens WHERE user_id = $1"};
constexpr Statement purge_sessions_sql{"account.purge_sessions",
                                       "DELETE FROM sessions WHERE user_id = $1"};
constexpr Statement purge_memberships_sql{"account.purge_memberships",
                                          "DELETE FROM members WHERE user_id = $1"};
constexpr Statement purge_members_sql{"account.purge_members",
                                      "DELETE FROM members WHERE org_id = $1"};
constexpr Statement purge_redirects_sql{"account.purge_redirects",
                                        "DELETE FROM owner_redirects WHERE owner_id = $1"};

constexpr Statement redirect_sql{
    "account.redirect", "SELECT owner_id, created_at FROM owner_redirects WHERE name_key = $1"};
constexpr Statement set_redirect_sql{"account.set_redirect", R"sql(
  INSERT INTO owner_redirects (name_key, owner_id, created_at) VALUES ($1, $2, $3)
  ON CONFLICT (name_key) DO UPDATE SET owner_id = excluded.owner_id,
    created_at = excluded.created_at)sql"};
constexpr Statement drop_redirect_sql{"account.drop_redirect",
                                      "DELETE FROM owner_redirects WHERE name_key = $1"};

constexpr Statement role_sql{"account.role",
                             "SELECT role FROM members WHERE org_id = $1 AND user_id = $2"};
constexpr Statement set_role_sql{"account.set_role", R"sql(
  INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role)sql"};
constexpr Statement remove_member_sql{"account.remove_member",
                                      "DELETE FROM members WHERE org_id = $1 AND user_id = $2"};
constexpr Statement member_ids_sql{
    "account.member_ids", "SELECT user_id FROM members WHERE org_id = $1 ORDER BY user_id"};
constexpr Statement members_sql{"account.members", "SELECT " CAIRN_OWNER_COLUMNS R"sql(, m.role
  FROM members m JOIN owners o ON o.id = m.user_id
  WHERE m.org_id = $1 AND o.name_key > $2 AND o.deleted_at IS NULL
  ORDER BY o.name_key LIMIT $3)sql"};
constexpr Statement memberships_sql{"account.memberships",
                                    "SELECT " CAIRN_OWNER_COLUMNS R"sql(, m.role
  FROM members m JOIN owners o ON o.id = m.org_id
  WHERE m.user_id = $1 AND o.deleted_at IS NULL
  ORDER BY o.name_key LIMIT 1000)sql"};
constexpr Statement organization_ids_sql{"account.organization_ids", R"sql(
  SELECT m.org_id FROM members m JOIN owners o ON o.id = m.org_id
  WHERE m.user_id = $1 AND o.deleted_at IS NULL
  ORDER BY m.org_id LIMIT 1000)sql"};

constexpr Statement set_alias_sql{"account.set_alias", R"sql(
  INSERT INTO aliases (type, from_key, from_name, to_name, created_at) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (type, from_key) DO UPDATE SET from_name = excluded.from_name,
    to_name = excluded.to_name)sql"};
constexpr Statement find_alias_sql{"account.find_alias",
                                   "SELECT to_name FROM aliases WHERE type = $1 AND from_key = $2"};

constexpr Statement meta_sql{"account.meta", "SELECT value FROM meta WHERE key = $1"};
constexpr Statement set_meta_sql{"account.set_meta", R"sql(
  INSERT INTO meta (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value)sql"};

constexpr const Statement* all_statements[] = {&owner_by_key_sql,
                                               &owner_by_id_sql,
                                               &owner_by_public_id_sql,
                                               &owners_of_email_sql,
                                               &owners_of_kind_sql,
                                               &insert_owner_sql,
                                               &update_owner_sql,
                                               &update_name_sql,
                                               &any_user_sql,
                                               &acting_admins_sql,
                                               &counts_sql,
                                               &owners_to_purge_sql,
                                               &purge_owner_sql,
                                               &purge_tokens_sql,
                                               &purge_sessions_sql,
                                               &purge_memberships_sql,
                                               &purge_members_sql,
                                               &purge_redirects_sql,
                                               &redirect_sql,
                                               &set_redirect_sql,
                                               &drop_redirect_sql,
                                               &role_sql,
                                               &set_role_sql,
                                               &remove_member_sql,
                                               &member_ids_sql,
                                               &members_sql,
                                               &memberships_sql,
                                               &organization_ids_sql,
                                               &set_alias_sql,
                                               &find_alias_sql,
                                               &meta_sql,
                                               &set_meta_sql};

OwnerRow read_owner(const db::Row& row) {
  OwnerRow out;
  Owner& o = out.owner;
  o.id = row.id<OwnerId>(0);
  o.public_id = PublicId{row.text(1)};
  o.kind = row.enumeration<OwnerKind>(2);
  o.name = row.text(3);
  o.full_name = row.text(4);
  o.email = row.opt_text(5);
  o.avatar = row.opt_text(6);
  o.plan = row.enumeration<Plan>(7);
  o.default_visibility = row.enumeration<Visibility>(8);
  out.is_admin = row.boolean(9);
  out.password_hash = row.opt_text(10);
  o.created_at = row.time(11);
  o.disabled_at = row.opt_time(12);
  out.deleted_at = row.opt_time(13);
  out.purge_at = row.opt_time(14);
  o.version = row.integer(15);
  if (auto by = row.opt_integer(16)) out.deleted_by = UserId{*by};
  o.email_verified_at = row.opt_time(17);
  out.must_verify = row.boolean(18);
  return out;
}

std::optional<OwnerRow> read_owner(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return read_owner(*row);
}

std::vector<std::pair<OwnerRow, Role>> read_roles(const std::vector<db::Row>& rows) {
  std::vector<std::pair<OwnerRow, Role>> out;
  for (const auto& row : rows)
    out.emplace_back(read_owner(row), row.enumeration<Role>(owner_column_count));
  return out;
}

std::optional<std::string> email_key(const Owner& owner) {
  if (!owner.email) return std::nullopt;
  return to_lower_ascii(*owner.email);
}

}  // namespace

std::span<const db::Statement* const> statements() {
  return all_statements;
}

std::optional<OwnerRow> owner_by_key(db::Tx& tx, std::string_view key) {
  return read_owner(tx.one(owner_by_key_sql, key));
}
std::optional<OwnerRow> owner_by_id(db::Tx& tx, OwnerId id) {
  return read_owner(tx.one(owner_by_id_sql, id));
}
std::optional<OwnerRow> owner_by_public_id(db::Tx& tx, const PublicId& id) {
  return read_owner(tx.one(owner_by_public_id_sql, id));
}
std::vector<OwnerRow> owners_of_email(db::Tx& tx, std::string_view email) {
  std::vector<OwnerRow> out;
  for (const auto& row : tx.all(owners_of_email_sql, to_lower_ascii(email)))
    out.push_back(read_owner(row));
  return out;
}
std::vector<OwnerRow> owners_of_kind(db::Tx& tx, OwnerKind kind, const OwnerPage& page) {
  std::vector<OwnerRow> out;
  for (const auto& row : tx.all(owners_of_kind_sql, kind, page.after_key, page.limit))
    out.push_back(read_owner(row));
  return out;
}

OwnerId insert_owner(db::Tx& tx, const OwnerRow& row) {
  const Owner& o = row.owner;
  return tx
      .one(insert_owner_sql, o.public_id, o.kind, o.name, name_key(o.name), o.full_name, o.email,
           o.avatar, o.plan, o.default_visibility, row.is_admin, row.password_hash, tx.now(),
           email_key(o), row.must_verify)
      ->id<OwnerId>(0);
}
void update_owner(db::Tx& tx, const OwnerRow& row) {
  const Owner& o = row.owner;
  tx.run(update_owner_sql, o.full_name, o.email, o.avatar, o.plan, o.default_visibility,
         row.is_admin, row.password_hash, o.disabled_at, row.deleted_at, row.purge_at,
         row.deleted_by, tx.now(), email_key(o), o.email_verified_at, row.must_verify, o.id);
}
void update_name(db::Tx& tx, OwnerId id, std::string_view name) {
  tx.run(update_name_sql, name, name_key(name), tx.now(), id);
}
bool any_user_ever(db::Tx& tx) {
  return tx.one(any_user_sql).has_value();
}
std::vector<UserId> acting_admins(db::Tx& tx) {
  std::vector<UserId> out;
  for (const auto& row : tx.all(acting_admins_sql)) out.push_back(row.id<UserId>(0));
  return out;
}
OwnerCounts counts(db::Tx& tx) {
  auto row = *tx.one(counts_sql);
  return {row.integer(0), row.integer(1), row.integer(2)};
}
std::vector<OwnerId> owners_to_purge(db::Tx& tx, int limit) {
  std::vector<OwnerId> out;
  for (const auto& row : tx.all(owners_to_purge_sql, tx.now(), limit))
    out.push_back(row.id<OwnerId>(0));
  return out;
}
void purge(db::Tx& tx, OwnerId id, const PublicId& public_id) {
  tx.run(purge_tokens_sql, id);
  tx.run(purge_sessions_sql, id);
  tx.run(purge_memberships_sql, id);
  tx.run(purge_members_sql, id);
  tx.run(purge_redirects_sql, id);
  tx.run(purge_owner_sql, "~" + public_id.hex, tx.now(), id);
}

std::optional<Redirect> redirect(db::Tx& tx, std::string_view key) {
  auto row = tx.one(redirect_sql, key);
  if (!row) return std::nullopt;
  return Redirect{row->id<OwnerId>(0), row->time(1)};
}
void set_redirect(db::Tx& tx, std::string_view key, OwnerId owner) {
  tx.run(set_redirect_sql, key, owner, tx.now());
}
void drop_redirect(db::Tx& tx, std::string_view key) {
  tx.run(drop_redirect_sql, key);
}

std::optional<Role> role(db::Tx& tx, OwnerId organization, UserId user) {
  auto row = tx.one(role_sql, organization, user);
  if (!row) return std::nullopt;
  return row->enumeration<Role>(0);
}
void set_role(db::Tx& tx, OrgId organization, UserId user, Role role) {
  tx.run(set_role_sql, organization, user, role, tx.now());
}
bool remove_member(db::Tx& tx, OrgId organization, UserId user) {
  return tx.run(remove_member_sql, organization, user) > 0;
}
std::vector<UserId> member_ids(db::Tx& tx, OrgId organization) {
  std::vector<UserId> out;
  for (const auto& row : tx.all(member_ids_sql, organization)) out.push_back(row.id<UserId>(0));
  return out;
}
std::vector<std::pair<OwnerRow, Role>> members(db::Tx& tx, OrgId organization,
                                               const OwnerPage& page) {
  return read_roles(tx.all(members_sql, organization, page.after_key, page.limit));
}
std::vector<std::pair<OwnerRow, Role>> memberships(db::Tx& tx, UserId user) {
  return read_roles(tx.all(memberships_sql, user));
}
std::vector<OrgId> organization_ids(db::Tx& tx, UserId user) {
  std::vector<OrgId> out;
  for (const auto& row : tx.all(organization_ids_sql, user)) out.push_back(row.id<OrgId>(0));
  return out;
}

std::optional<std::string> meta(db::Tx& tx, std::string_view key) {
  auto row = tx.one(meta_sql, key);
  if (!row) return std::nullopt;
  return row->text(0);
}
void set_meta(db::Tx& tx, std::string_view key, std::string_view value) {
  tx.run(set_meta_sql, key, value);
}

}  // namespace cairn::account::store

namespace cairn::account {

void set_alias(db::Tx& tx, RepoKind kind, std::string_view from, std::string_view to) {
  tx.run(store::set_alias_sql, kind, name_key(from), from, to, tx.now());
}

std::optional<std::string> find_alias(db::Tx& tx, RepoKind kind, std::string_view from) {
  auto row = tx.one(store::find_alias_sql, kind, name_key(from));
  if (!row) return std::nullopt;
  return row->text(0);
}

}  // namespace cairn::account
