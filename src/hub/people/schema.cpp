#include "hub/people/people.h"

namespace cairn::people {
namespace {

// Numbers in `purpose` are store::Purpose's, in `role` account::Role's. Hashes are keyed with the
// root key, so that a copy of the database does not tell short codes.
constexpr std::string_view people_sql = R"sql(
-- Links that do one thing once: set up, verify an address, set a new password.
CREATE TABLE one_time_codes (
  id @id,
  purpose @int NOT NULL,
  hash @blob NOT NULL UNIQUE,
  user_id @int NOT NULL REFERENCES owners (id),
  email @text,
  created_at @int NOT NULL,
  expires_at @int NOT NULL,
  used_at @int
) @strict;
CREATE INDEX one_time_codes_by_user ON one_time_codes (user_id, purpose);
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);

-- hash is empty for invites that are addressed to a user of the hub. admits: made by an
-- administrator, so it makes accounts also where registration is closed.
CREATE TABLE invites (
  id @id,
  public_id @text NOT NULL UNIQUE,
  hash @blob UNIQUE,
  email @text,
  user_id @int REFERENCES owners (id),
  org_id @int REFERENCES owners (id),
  role @int NOT NULL,
  admits @int NOT NULL DEFAULT 0,
  uses_max @int NOT NULL,
  uses @int NOT NULL DEFAULT 0,
  created_by @int REFERENCES owners (id),
  created_at @int NOT NULL,
  expires_at @int NOT NULL,
  revoked_at @int
) @strict;
CREATE INDEX invites_by_org ON invites (org_id, id);
CREATE INDEX invites_by_user ON invites (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX invites_by_creator ON invites (created_by) WHERE created_by IS NOT NULL;
CREATE INDEX invites_by_expiry ON invites (expires_at);

-- Beside the row in owners: what is told about an owner.
CREATE TABLE profiles (
  owner_id @int PRIMARY KEY REFERENCES owners (id),
  details @text NOT NULL DEFAULT '',
  homepage @text NOT NULL DEFAULT '',
  socials @text NOT NULL DEFAULT '{}',
  updated_at @int NOT NULL
) @strict;

CREATE TABLE avatars (
  owner_id @int PRIMARY KEY REFERENCES owners (id),
  digest @text NOT NULL,
  png @blob NOT NULL,
  updated_at @int NOT NULL
) @strict;

CREATE INDEX owners_unverified ON owners (created_at) WHERE must_verify <> 0;
)sql";

}  // namespace

std::vector<db::Migration> people_migrations() {
  return {{"20261126T1120_people", db::Migration::Kind::expand, people_sql}};
}

}  // namespace cairn::people
