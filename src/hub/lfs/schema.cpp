#include "hub/lfs/lfs.h"

namespace cairn::lfs {

std::vector<db::Migration> lfs_migrations() {
  return {{"20261125T0600_lfs", db::Migration::Kind::expand, R"sql(
-- Incarnations of stored bytes. state: 0 live, 1 condemned.
CREATE TABLE objects (
  id           @id,
  kind         @text NOT NULL,
  digest       @text NOT NULL,
  key          @text NOT NULL UNIQUE,
  size_bytes   @int NOT NULL,
  state        @int NOT NULL,
  condemned_at @int,
  created_at   @int NOT NULL
) @strict;
CREATE UNIQUE INDEX objects_live ON objects (kind, digest) WHERE state = 0;
CREATE INDEX objects_by_digest ON objects (kind, digest, state);
CREATE INDEX objects_condemned ON objects (condemned_at) WHERE state = 1;

-- Which large files a repository has. path and ref: where a commit first named it.
CREATE TABLE lfs_links (
  repo_id    @int NOT NULL,
  sha256     @text NOT NULL,
  object_id  @int NOT NULL REFERENCES objects (id),
  size_bytes @int NOT NULL,
  pusher_id  @int,
  path       @text,
  ref        @text,
  created_at @int NOT NULL,
  PRIMARY KEY (repo_id, sha256)
) @strict;
CREATE INDEX lfs_links_by_object ON lfs_links (object_id);
CREATE INDEX lfs_links_by_time ON lfs_links (repo_id, created_at, sha256);

-- Bytes in flight: announced by a batch, gone when they are linked or their time is over. key,
-- multipart_id and part_bytes: only for those that go in parts.
CREATE TABLE lfs_uploads (
  id           @id,
  public_id    @text NOT NULL UNIQUE,
  repo_id      @int NOT NULL,
  owner_id     @int NOT NULL,
  user_id      @int NOT NULL,
  sha256       @text NOT NULL,
  size_bytes   @int NOT NULL,
  key          @text,
  multipart_id @text,
  part_bytes   @int,
  created_at   @int NOT NULL,
  expires_at   @int NOT NULL,
  UNIQUE (repo_id, user_id, sha256)
) @strict;
CREATE INDEX lfs_uploads_by_time ON lfs_uploads (expires_at);
CREATE INDEX lfs_uploads_by_owner ON lfs_uploads (owner_id);
CREATE INDEX lfs_uploads_by_key ON lfs_uploads (key) WHERE key IS NOT NULL;
)sql"},
          {"20261126T1800_lfs_unnamed", db::Migration::Kind::expand, R"sql(
-- Large files that no commit named yet. path = '': named, first by nobody knows which.
CREATE INDEX lfs_links_unnamed ON lfs_links (created_at, repo_id) WHERE path IS NULL;
)sql"}};
}

}  // namespace cairn::lfs
