#include "hub/repo/repos.h"

namespace cairn::repo {
namespace {

// Numbers in `kind`, `visibility` and `gating` are those of the enums in hub/account/types.h.
constexpr std::string_view repos_sql = R"sql(
-- full_key: folded "owner/name", kept in step with both names. sha: head of default_branch.
-- git_bytes: regular files ever committed. large_bytes: large files that are linked.
-- Deleted ones keep everything until purge_at; their names are free for their owner.
CREATE TABLE repos (
  id @id,
  public_id @text NOT NULL UNIQUE,
  kind @int NOT NULL,
  owner_id @int NOT NULL REFERENCES owners (id),
  creator_id @int REFERENCES owners (id),
  name @text NOT NULL,
  name_key @text NOT NULL,
  full_key @text NOT NULL,
  visibility @int NOT NULL,
  gating @int NOT NULL DEFAULT 0,
  settings @text NOT NULL DEFAULT '{}',
  default_branch @text NOT NULL,
  sha @text NOT NULL,
  git_bytes @int NOT NULL DEFAULT 0,
  large_bytes @int NOT NULL DEFAULT 0,
  downloads @int NOT NULL DEFAULT 0,
  downloads_all_time @int NOT NULL DEFAULT 0,
  likes @int NOT NULL DEFAULT 0,
  trending_score @int NOT NULL DEFAULT 0,
  created_at @int NOT NULL,
  updated_at @int NOT NULL,
  disabled_at @int,
  deleted_at @int,
  deleted_by @int REFERENCES owners (id),
  purge_at @int,
  version @int NOT NULL DEFAULT 1,
  gc_epoch @int NOT NULL DEFAULT 0
) @strict;
CREATE UNIQUE INDEX repos_living_names ON repos (kind, owner_id, name_key)
  WHERE deleted_at IS NULL;
CREATE INDEX repos_by_key ON repos (kind, full_key) WHERE deleted_at IS NULL;
CREATE INDEX repos_by_created ON repos (kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX repos_by_updated ON repos (kind, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX repos_by_downloads ON repos (kind, downloads, id) WHERE deleted_at IS NULL;
CREATE INDEX repos_by_likes ON repos (kind, likes, id) WHERE deleted_at IS NULL;
CREATE INDEX repos_by_trending ON repos (kind, trending_score, id) WHERE deleted_at IS NULL;
CREATE INDEX repos_by_owner ON repos (owner_id, id);
CREATE INDEX repos_by_creator ON repos (creator_id) WHERE creator_id IS NOT NULL;
CREATE INDEX repos_deleted_by ON repos (deleted_by) WHERE deleted_by IS NOT NULL;
CREATE INDEX repos_to_purge ON repos (purge_at) WHERE purge_at IS NOT NULL;

-- Old names of moved repositories, until somebody takes them.
CREATE TABLE repo_redirects (
  kind @int NOT NULL,
  owner_key @text NOT NULL,
  name_key @text NOT NULL,
  repo_id @int NOT NULL REFERENCES repos (id),
  created_at @int NOT NULL,
  PRIMARY KEY (kind, owner_key, name_key)
) @strict;
CREATE INDEX repo_redirects_by_repo ON repo_redirects (repo_id);

-- The card of the default branch. data: the front matter as JSON, 'null' without one.
CREATE TABLE cards (
  repo_id @int PRIMARY KEY REFERENCES repos (id),
  data @text NOT NULL,
  library_name @text NOT NULL DEFAULT '',
  pipeline_tag @text NOT NULL DEFAULT '',
  license @text NOT NULL DEFAULT '',
  pretty_name @text NOT NULL DEFAULT '',
  sdk @text NOT NULL DEFAULT '',
  updated_at @int NOT NULL
) @strict;

-- What lists filter by; place keeps the card's order, and is negative for tags that nobody is shown.
CREATE TABLE repo_tags (
  repo_id @int NOT NULL REFERENCES repos (id),
  tag @text NOT NULL,
  place @int NOT NULL,
  PRIMARY KEY (repo_id, tag)
) @strict;
CREATE INDEX repo_tags_by_tag ON repo_tags (tag, repo_id);

-- Purged for good: a restored backup repeats it.
CREATE TABLE repo_purges (
  public_id @text PRIMARY KEY,
  kind @int NOT NULL,
  name @text NOT NULL,
  purged_at @int NOT NULL,
  purged_by @int
) @strict;
)sql";

// Counts of an owner's repositories by kind, and which of them ask for requests.
constexpr std::string_view repos_of_owner_sql = R"sql(
CREATE INDEX repos_of_owner_by_kind ON repos (owner_id, kind, visibility) WHERE deleted_at IS NULL;
CREATE INDEX repos_gated ON repos (owner_id, id) WHERE gating <> 0 AND deleted_at IS NULL;
)sql";

constexpr std::string_view lists_sql = R"sql(
-- parameters: of the model's weights, as their headers say; NULL when nobody knows.
ALTER TABLE cards ADD COLUMN parameters @int;
ALTER TABLE repos ADD COLUMN likes_30d @int NOT NULL DEFAULT 0;
-- What was counted before there were days is booked on the day of the last change.
INSERT INTO repo_days (repo_id, day, downloads, likes)
  SELECT id, updated_at / 86400000000, downloads, likes FROM repos WHERE downloads > 0 OR likes > 0;

-- PostgreSQL: the last transaction that changed what lists show of a repository, for the indexes in
-- other nodes' memory. Rows stay when a repository is purged: its end is a change, too.
CREATE TABLE repo_changes (
  repo_id @int PRIMARY KEY,
  xid @xid
) @strict;
CREATE INDEX repo_changes_by_xid ON repo_changes (xid, repo_id);
)sql";

// What the files of the default branch tell besides its card (hub/card, files.h).
constexpr std::string_view card_files_sql = R"sql(
ALTER TABLE cards ADD COLUMN files @text NOT NULL DEFAULT '{}';
)sql";

constexpr std::string_view operations_sql = R"sql(
CREATE INDEX repos_deleted_names ON repos (kind, owner_id, name_key)
  WHERE deleted_at IS NOT NULL;

-- Large files deleted for good: a restored backup repeats it.
CREATE TABLE repo_file_purges (
  repo_id @int NOT NULL,
  sha256 @text NOT NULL,
  purged_at @int NOT NULL,
  purged_by @int,
  PRIMARY KEY (repo_id, sha256)
) @strict;

-- What spaces find in their environment. kind: 0 variable, 1 secret, whose value is sealed.
CREATE TABLE space_values (
  id @id,
  repo_id @int NOT NULL,
  kind @int NOT NULL,
  key @text NOT NULL,
  value @text NOT NULL,
  description @text NOT NULL,
  updated_at @int NOT NULL,
  UNIQUE (repo_id, kind, key)
) @strict;
)sql";

}  // namespace

std::vector<db::Migration> repo_migrations() {
  return {{"20261125T0600_repos", db::Migration::Kind::expand, repos_sql},
          {"20261126T1105_repos_of_owner", db::Migration::Kind::expand, repos_of_owner_sql},
          {"20261126T1110_lists", db::Migration::Kind::expand, lists_sql},

          {"20261126T1250_card_files", db::Migration::Kind::expand, card_files_sql},
          {"20261126T1255_repo_operations", db::Migration::Kind::expand, operations_sql}};
}

}  // namespace cairn::repo
