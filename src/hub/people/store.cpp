#include "hub/people/store.h"

// One list for every statement that reads an invite, in the order of `read_invite`.
#define CAIRN_INVITE_COLUMNS                                                               \
  "i.id, i.public_id, i.email, i.user_id, i.org_id, i.role, i.uses_max, i.uses, "          \
  "i.created_by, i.created_at, i.expires_at, coalesce(o.name, ''), coalesce(u.name, ''), " \
  "coalesce(c.name, ''), i.admits FROM invites i LEFT JOIN owners o ON o.id = i.org_id "   \
  "LEFT JOIN owners u ON u.id = i.user_id LEFT JOIN owners c ON c.id = i.created_by "
#define CAIRN_INVITE_OPEN " AND i.revoked_at IS NULL AND i.uses < i.uses_max AND i.expires_at > "

namespace cairn::people::store {
namespace {

using db::Statement;

constexpr Statement insert_code_sql{"people.insert_code", R"sql(
  INSERT INTO one_time_codes (purpose, hash, user_id, email, created_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6))sql"};
constexpr Statement find_code_sql{"people.find_code", R"sql(
  SELECT id, user_id, email FROM one_time_codes
  WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3)sql"};
constexpr Statement drop_codes_sql{"people.drop_codes", R"sql(
  UPDATE one_time_codes SET used_at = $1
  WHERE user_id = $2 AND purpose = $3 AND used_at IS NULL)sql"};
constexpr Statement forget_codes_sql{"people.forget_codes", R"sql(
  DELETE FROM one_time_codes WHERE id IN (
    SELECT id FROM one_time_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2))sql"};

constexpr Statement insert_invite_sql{"people.insert_invite", R"sql(
  INSERT INTO invites (public_id, hash, email, user_id, org_id, role, uses_max, created_by,
    created_at, expires_at, admits)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id)sql"};
constexpr Statement invite_by_hash_sql{"people.invite_by_hash",
                                       "SELECT " CAIRN_INVITE_COLUMNS
                                       "WHERE i.hash = $1" CAIRN_INVITE_OPEN "$2"};
constexpr Statement invite_by_public_id_sql{"people.invite_by_public_id",
                                            "SELECT " CAIRN_INVITE_COLUMNS
                                            "WHERE i.public_id = $1" CAIRN_INVITE_OPEN "$2"};
constexpr Statement invites_of_org_sql{
    "people.invites_of_org", "SELECT " CAIRN_INVITE_COLUMNS "WHERE i.org_id = $1" CAIRN_INVITE_OPEN
                             "$2 ORDER BY i.id DESC LIMIT $3"};
constexpr Statement invites_to_user_sql{"people.invites_to_user",
                                        "SELECT " CAIRN_INVITE_COLUMNS
                                        "WHERE i.user_id = $1" CAIRN_INVITE_OPEN
                                        "$2 ORDER BY i.id DESC LIMIT $3"};
constexpr Statement invites_sql{"people.invites",
                                "SELECT " CAIRN_INVITE_COLUMNS "WHERE i.id > 0" CAIRN_INVITE_OPEN
                                "$1 ORDER BY i.id DESC LIMIT $2"};
constexpr Statement use_invite_sql{"people.use_invite", R"sql(
  UPDATE invites SET uses = uses + 1
  WHERE id = $1 AND uses < uses_max AND revoked_at IS NULL AND expires_at > $2)sql"};
constexpr Statement revoke_invite_sql{"people.revoke_invite",
                                      "UPDATE invites SET revoked_at = $1 WHERE id = $2"};
constexpr Statement forget_invites_sql{"people.forget_invites", R"sql(
  DELETE FROM invites WHERE id IN (
    SELECT id FROM invites WHERE expires_at < $1 ORDER BY expires_at LIMIT $2))sql"};

constexpr Statement profile_sql{
    "people.profile", "SELECT details, homepage, socials FROM profiles WHERE owner_id = $1"};
constexpr Statement set_profile_sql{"people.set_profile", R"sql(
  INSERT INTO profiles (owner_id, details, homepage, socials, updated_at)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (owner_id) DO UPDATE SET details = excluded.details, homepage = excluded.homepage,
    socials = excluded.socials, updated_at = excluded.updated_at)sql"};
constexpr Statement avatar_sql{"people.avatar",
                               "SELECT digest, png FROM avatars WHERE owner_id = $1"};
constexpr Statement set_avatar_sql{"people.set_avatar", R"sql(
  INSERT INTO avatars (owner_id, digest, png, updated_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (owner_id) DO UPDATE SET digest = excluded.digest, png = excluded.png,
    updated_at = excluded.updated_at)sql"};
constexpr Statement drop_avatar_sql{"people.drop_avatar",
                                    "DELETE FROM avatars WHERE owner_id = $1"};

constexpr Statement unverified_sql{"people.unverified", R"sql(
  SELECT id FROM owners
  WHERE must_verify <> 0 AND created_at < $1 AND deleted_at IS NULL ORDER BY created_at
  LIMIT $2)sql"};
constexpr Statement members_with_sql{"people.members_with", R"sql(
  SELECT m.user_id FROM members m JOIN owners o ON o.id = m.user_id
  WHERE m.org_id = $1 AND m.role = $2 AND o.deleted_at IS NULL LIMIT $3)sql"};
constexpr Statement forget_codes_of_sql{"people.forget_codes_of",
                                        "DELETE FROM one_time_codes WHERE user_id = $1"};
constexpr Statement forget_invites_to_sql{"people.forget_invites_to",
                                          "DELETE FROM invites WHERE user_id = $1"};
constexpr Statement forget_invites_of_sql{"people.forget_invites_of",
                                          "DELETE FROM invites WHERE org_id = $1"};
constexpr Statement forget_profile_sql{"people.forget_profile",
                                       "DELETE FROM profiles WHERE owner_id = $1"};

constexpr const Statement* all_statements[] = {
    &insert_code_sql,     &find_code_sql,         &drop_codes_sql,          &forget_codes_sql,
    &insert_invite_sql,   &invite_by_hash_sql,    &invite_by_public_id_sql, &invites_of_org_sql,
    &invites_to_user_sql, &invites_sql,           &use_invite_sql,          &revoke_invite_sql,
    &forget_invites_sql,  &profile_sql,           &set_profile_sql,         &avatar_sql,
    &set_avatar_sql,      &drop_avatar_sql,       &unverified_sql,          &members_with_sql,
    &forget_codes_of_sql, &forget_invites_to_sql, &forget_invites_of_sql,   &forget_profile_sql};

Invite read_invite(const db::Row& row) {
  Invite out;
  out.id = row.integer(0);
  out.public_id = PublicId{row.text(1)};
  out.email = row.opt_text(2);
  if (auto user = row.opt_integer(3)) out.user = UserId{*user};
  if (auto org = row.opt_integer(4)) out.organization = OrgId{*org};
  out.role = row.enumeration<account::Role>(5);
  out.uses_max = static_cast<int>(row.integer(6));
  out.uses = static_cast<int>(row.integer(7));
  if (auto by = row.opt_integer(8)) out.created_by = UserId{*by};
  out.created_at = row.time(9);
  out.expires_at = row.time(10);
  out.organization_name = row.text(11);
  out.user_name = row.text(12);
  out.created_by_name = row.text(13);
  out.admits = row.boolean(14);
  return out;
}

std::optional<Invite> read_invite(const std::optional<db::Row>& row) {
  if (!row) return std::nullopt;
  return read_invite(*row);
}

std::vector<Invite> read_invites(const std::vector<db::Row>& rows) {
  std::vector<Invite> out;
  for (const auto& row : rows) out.push_back(read_invite(row));
  return out;
}

db::Blob blob(const Sha256Digest& hash) {
  return {std::string(hash.view())};
}

}  // namespace

std::span<const Statement* const> statements() {
  return all_statements;
}

void insert_code(db::Tx& tx, Purpose purpose, const Sha256Digest& hash, UserId user,
                 const std::optional<std::string>& email, Time expires_at) {
  tx.run(insert_code_sql, purpose, blob(hash), user, email, tx.now(), expires_at);
}
std::optional<Code> find_code(db::Tx& tx, Purpose purpose, const Sha256Digest& hash) {
  auto row = tx.one(find_code_sql, blob(hash), purpose, tx.now());
  if (!row) return std::nullopt;
  return Code{row->integer(0), row->id<UserId>(1), row->opt_text(2)};
}
void drop_codes(db::Tx& tx, UserId user, Purpose purpose) {
  tx.run(drop_codes_sql, tx.now(), user, purpose);
}
std::int64_t forget_codes(db::Tx& tx, Time ended_before, int limit) {
  return tx.run(forget_codes_sql, ended_before, limit);
}

std::int64_t insert_invite(db::Tx& tx, const Invite& i, const std::optional<Sha256Digest>& hash) {
  std::optional<db::Blob> bytes;
  if (hash) bytes = blob(*hash);
  return tx
      .one(insert_invite_sql, i.public_id, bytes, i.email, i.user, i.organization, i.role,
           i.uses_max, i.created_by, tx.now(), i.expires_at, i.admits)
      ->integer(0);
}
std::optional<Invite> invite_by_hash(db::Tx& tx, const Sha256Digest& hash) {
  return read_invite(tx.one(invite_by_hash_sql, blob(hash), tx.now()));
}
std::optional<Invite> invite_by_public_id(db::Tx& tx, const PublicId& id) {
  return read_invite(tx.one(invite_by_public_id_sql, id, tx.now()));
}
std::vector<Invite> invites_of_org(db::Tx& tx, OrgId org, int limit) {
  return read_invites(tx.all(invites_of_org_sql, org, tx.now(), limit));
}
std::vector<Invite> invites_to_user(db::Tx& tx, UserId user, int limit) {
  return read_invites(tx.all(invites_to_user_sql, user, tx.now(), limit));
}
std::vector<Invite> invites(db::Tx& tx, int limit) {
  return read_invites(tx.all(invites_sql, tx.now(), limit));
}
bool use_invite(db::Tx& tx, std::int64_t id) {
  return tx.run(use_invite_sql, id, tx.now()) > 0;
}
void revoke_invite(db::Tx& tx, std::int64_t id) {
  tx.run(revoke_invite_sql, tx.now(), id);
}
std::int64_t forget_invites(db::Tx& tx, Time ended_before, int limit) {
  return tx.run(forget_invites_sql, ended_before, limit);
}

std::optional<ProfileRow> profile(db::Tx& tx, OwnerId owner) {
  auto row = tx.one(profile_sql, owner);
  if (!row) return std::nullopt;
  return ProfileRow{row->text(0), row->text(1), row->text(2)};
}
void set_profile(db::Tx& tx, OwnerId owner, const ProfileRow& row) {
  tx.run(set_profile_sql, owner, row.details, row.homepage, row.socials, tx.now());
}
std::optional<Avatar> avatar(db::Tx& tx, OwnerId owner) {
  auto row = tx.one(avatar_sql, owner);
  if (!row) return std::nullopt;
  return Avatar{row->blob(1), row->text(0)};
}
void set_avatar(db::Tx& tx, OwnerId owner, const Avatar& avatar) {
  tx.run(set_avatar_sql, owner, avatar.digest, db::Blob{avatar.png}, tx.now());
}
void drop_avatar(db::Tx& tx, OwnerId owner) {
  tx.run(drop_avatar_sql, owner);
}

std::vector<UserId> unverified(db::Tx& tx, Time made_before, int limit) {
  std::vector<UserId> out;
  for (const auto& row : tx.all(unverified_sql, made_before, limit))
    out.push_back(row.id<UserId>(0));
  return out;
}
std::vector<UserId> members_with(db::Tx& tx, OrgId org, account::Role role, int limit) {
  std::vector<UserId> out;
  for (const auto& row : tx.all(members_with_sql, org, role, limit))
    out.push_back(row.id<UserId>(0));
  return out;
}
void forget_owner(db::Tx& tx, OwnerId owner) {
  for (const Statement* statement : {&forget_codes_of_sql, &forget_invites_to_sql,
                                     &forget_invites_of_sql, &forget_profile_sql, &drop_avatar_sql})
    tx.run(*statement, owner);
}

}  // namespace cairn::people::store
