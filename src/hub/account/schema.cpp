#include "hub/account/account.h"

namespace cairn::account {
namespace {

// Numbers in `kind`, `plan`, `role`, `default_visibility` and `type` are those of the enums.
constexpr std::string_view accounts_sql = R"sql(
-- Users and organizations. Deleted ones keep their name until purge_at; purged ones keep a
-- nameless row, for what refers to it (name_key is then '~' and the public id, which no name is).
CREATE TABLE owners (
  id @id,
  public_id @text NOT NULL UNIQUE,
  kind @int NOT NULL,
  name @text NOT NULL,
  name_key @text NOT NULL UNIQUE,
  full_name @text NOT NULL,
  email @text,
  email_verified_at @int,
  avatar @text,
  plan @int NOT NULL DEFAULT 0,
  default_visibility @int NOT NULL DEFAULT 0,
  is_admin @int NOT NULL DEFAULT 0,
  password_hash @text,
  created_at @int NOT NULL,
  updated_at @int NOT NULL,
  disabled_at @int,
  deleted_at @int,
  deleted_by @int REFERENCES owners (id),
  purge_at @int,
  version @int NOT NULL DEFAULT 1
) @strict;
CREATE INDEX owners_by_kind ON owners (kind, name_key);
CREATE INDEX owners_admins ON owners (id) WHERE is_admin <> 0;
CREATE INDEX owners_to_purge ON owners (purge_at) WHERE purge_at IS NOT NULL;
CREATE INDEX owners_deleted_by ON owners (deleted_by) WHERE deleted_by IS NOT NULL;

-- Old names of renamed owners, until somebody takes them.
CREATE TABLE owner_redirects (
  name_key @text PRIMARY KEY,
  owner_id @int NOT NULL REFERENCES owners (id),
  created_at @int NOT NULL
) @strict;
CREATE INDEX owner_redirects_by_owner ON owner_redirects (owner_id);

CREATE TABLE members (
  org_id @int NOT NULL REFERENCES owners (id),
  user_id @int NOT NULL REFERENCES owners (id),
  role @int NOT NULL,
  created_at @int NOT NULL,
  PRIMARY KEY (org_id, user_id)
) @strict;
CREATE INDEX members_by_user ON members (user_id, org_id);

-- hash: SHA-256 of the value. key_id: the root key of a keyed hash; empty for a plain one, which
-- is enough for random values.
CREATE TABLE tokens (
  id @id,
  public_id @text NOT NULL UNIQUE,
  user_id @int NOT NULL REFERENCES owners (id),
  name @text NOT NULL,
  role @int NOT NULL,
  scopes @text,
  hash @blob NOT NULL UNIQUE,
  key_id @text NOT NULL DEFAULT '',
  hint @text NOT NULL,
  created_at @int NOT NULL,
  expires_at @int,
  last_used_at @int,
  revoked_at @int,
  version @int NOT NULL DEFAULT 1
) @strict;
CREATE INDEX tokens_by_user ON tokens (user_id, id);

-- Browsers that are signed in. hash: SHA-256 of the cookie's value.
CREATE TABLE sessions (
  id @id,
  public_id @text NOT NULL UNIQUE,
  user_id @int NOT NULL REFERENCES owners (id),
  hash @blob NOT NULL UNIQUE,
  key_id @text NOT NULL DEFAULT '',
  address @text NOT NULL DEFAULT '',
  user_agent @text NOT NULL DEFAULT '',
  created_at @int NOT NULL,
  expires_at @int,
  last_used_at @int,
  revoked_at @int,
  version @int NOT NULL DEFAULT 1
) @strict;
CREATE INDEX sessions_by_user ON sessions (user_id, id);

-- Facts about this database as a whole, such as which root key it belongs to.
CREATE TABLE meta (
  key @text PRIMARY KEY,
  value @text NOT NULL
) @strict;

-- Old and single-segment names of repositories; to_name may name what does not exist (yet).
CREATE TABLE aliases (
  type @int NOT NULL,
  from_key @text NOT NULL,
  from_name @text NOT NULL,
  to_name @text NOT NULL,
  created_at @int NOT NULL,
  PRIMARY KEY (type, from_key)
) @strict;
)sql";

// Tokens that hub/oauth makes for programs; their users do not see them among their own.
constexpr std::string_view delegated_sql =
    "ALTER TABLE tokens ADD COLUMN delegated @int NOT NULL DEFAULT 0;";
// Addresses by which people are found; browsers that gave their password; where tokens were used.
constexpr std::string_view people_sql = R"sql(
ALTER TABLE owners ADD COLUMN email_key @text;
ALTER TABLE owners ADD COLUMN must_verify @int NOT NULL DEFAULT 0;
UPDATE owners SET email_key = lower(email) WHERE email IS NOT NULL;
CREATE INDEX owners_by_email ON owners (email_key) WHERE email_key IS NOT NULL;
ALTER TABLE sessions ADD COLUMN confirmed_at @int;
CREATE INDEX sessions_by_expiry ON sessions (expires_at) WHERE expires_at IS NOT NULL;
ALTER TABLE tokens ADD COLUMN last_used_address @text NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN last_used_agent @text NOT NULL DEFAULT '';
)sql";

}  // namespace

std::vector<db::Migration> account_migrations() {
  return {{"20261125T0400_accounts", db::Migration::Kind::expand, accounts_sql},
          {"20261126T1050_delegated_tokens", db::Migration::Kind::expand, delegated_sql},
          {"20261126T1100_people", db::Migration::Kind::expand, people_sql}};
}

}  // namespace cairn::account
