#include "hub/history/history.h"

namespace cairn::history {

std::vector<db::Migration> migrations() {
  return {{"20261125T0500_history", db::Migration::Kind::expand, R"sql(
CREATE TABLE refs (
  repo_id    @int NOT NULL,
  name       @text NOT NULL,
  commit_oid @text NOT NULL,
  tag_oid    @text,
  updated_at @int NOT NULL,
  PRIMARY KEY (repo_id, name)
) @strict;

-- Every move of a ref, for ever: restore, audit and activity read it. Its entries keep objects
-- alive until their grace ends but give no right to read.
CREATE TABLE ref_log (
  id         @id,
  repo_id    @int NOT NULL,
  ref        @text NOT NULL,
  old_oid    @text,
  new_oid    @text,
  actor_kind @text NOT NULL,
  user_id    @int,
  token_id   @int,
  request_id @text NOT NULL,
  kind       @text NOT NULL,
  at         @int NOT NULL
) @strict;
CREATE INDEX ref_log_by_repo ON ref_log (repo_id, id);

-- A pack lies in its row (body, idx) or in the object store (object_key, idx).
-- level: 0 = one batch of commits, 1 = merged in the process, 2 = an object.
CREATE TABLE packs (
  id           @id,
  checksum     @text NOT NULL,
  level        @int NOT NULL,
  body         @blob,
  idx          @blob NOT NULL,
  object_key   @text,
  size_bytes   @int NOT NULL,
  object_count @int NOT NULL,
  created_at   @int NOT NULL,
  unlinked_at  @int
) @strict;
CREATE INDEX packs_unlinked ON packs (unlinked_at) WHERE unlinked_at IS NOT NULL;

CREATE TABLE repo_packs (
  repo_id @int NOT NULL,
  pack_id @int NOT NULL,
  level   @int NOT NULL,
  PRIMARY KEY (repo_id, pack_id)
) @strict;
CREATE INDEX repo_packs_by_pack ON repo_packs (pack_id);

CREATE TABLE commits (
  repo_id      @int NOT NULL,
  oid          @text NOT NULL,
  tree_oid     @text NOT NULL,
  parents      @text NOT NULL,
  generation   @int NOT NULL,
  linear       @int NOT NULL,
  sheet        @blob,
  committed_at @int NOT NULL,
  author_name  @text NOT NULL,
  author_email @text NOT NULL,
  title        @text NOT NULL,
  message      @text NOT NULL,
  PRIMARY KEY (repo_id, oid)
) @strict;

CREATE TABLE commit_parents (
  repo_id @int NOT NULL,
  oid     @text NOT NULL,
  parent  @text NOT NULL,
  place   @int NOT NULL,
  PRIMARY KEY (repo_id, oid, place)
) @strict;

-- Pages are named by the SHA-256 of their bytes and shared by every commit that has them.
-- touched_at is renewed when a commit writes the page again, so that a sweep can tell.
CREATE TABLE sheet_pages (
  id         @blob PRIMARY KEY,
  body       @blob NOT NULL,
  touched_at @int NOT NULL
) @strict;
)sql"},
          // Which values refs held a moment ago: fetches ask.
          {"20261126T0930_ref_log_by_time", db::Migration::Kind::expand, R"sql(
CREATE INDEX ref_log_by_time ON ref_log (repo_id, at);
)sql"},
          {"20261126T1100_history_without_sheets", db::Migration::Kind::expand, R"sql(
-- Work that a crash or a duplicate left undone is found again at the start.
CREATE INDEX commits_without_sheet ON commits (repo_id) WHERE sheet IS NULL;
)sql"}};
}

}  // namespace cairn::history
