#include "hub/xet/xet.h"

namespace cairn::xet {

std::vector<db::Migration> xet_migrations() {
  return {{"20261126T1100_xet", db::Migration::Kind::expand, R"sql(
-- A xorb's incarnation is a row of `objects` of kind "xorb": digest = the xorb hash's bytes as hex.
-- known_until: a client may name the xorb until then without having asked (section 11, rule 1).
-- pending_user_id: whose upload it is, until a file refers to it.
CREATE TABLE xet_xorbs (
  object_id       @int PRIMARY KEY REFERENCES objects (id),
  body_bytes      @int NOT NULL,
  raw_bytes       @int NOT NULL,
  chunks          @int NOT NULL,
  known_until     @int NOT NULL,
  pending_user_id @int
) @strict;
CREATE INDEX xet_xorbs_pending ON xet_xorbs (pending_user_id) WHERE pending_user_id IS NOT NULL;

-- A file is a row of `objects` of kind "xet" (digest = the file hash's bytes as hex) that lfs_links
-- names as it names whole objects. It has no bytes of its own.
CREATE TABLE xet_files (
  object_id  @int PRIMARY KEY REFERENCES objects (id),
  sha256     @text NOT NULL,
  terms      @int NOT NULL,
  created_at @int NOT NULL
) @strict;

-- A file's terms in order, some hundred to a page: see terms.h. first_byte: of the page, in the file.
CREATE TABLE xet_terms (
  file_id    @int NOT NULL REFERENCES xet_files (object_id),
  first_byte @int NOT NULL,
  terms      @blob NOT NULL,
  PRIMARY KEY (file_id, first_byte)
) @strict;

-- Which xorbs a file needs. position: order of first use in the file.
CREATE TABLE xet_file_xorbs (
  xorb_id  @int NOT NULL REFERENCES xet_xorbs (object_id),
  file_id  @int NOT NULL REFERENCES xet_files (object_id),
  position @int NOT NULL,
  PRIMARY KEY (xorb_id, file_id)
) @strict;
CREATE INDEX xet_file_xorbs_by_file ON xet_file_xorbs (file_id, position);

-- Chunks that may be asked for, one in 1024 and the first of each file. chunk: the first 8 bytes of
-- the chunk hash; what they lead to is compared in full.
CREATE TABLE xet_key_chunks (
  chunk   @int NOT NULL,
  xorb_id @int NOT NULL REFERENCES xet_xorbs (object_id),
  PRIMARY KEY (chunk, xorb_id)
) @strict;
CREATE INDEX xet_key_chunks_by_xorb ON xet_key_chunks (xorb_id);
)sql"},
          {"20261126T1830_xet_repack", db::Migration::Kind::expand, R"sql(
-- When upkeep last looked whether the file lies in too many pieces; it does so once.
ALTER TABLE xet_files ADD COLUMN repacked_at @int;
-- Which xorbs another one's chunks were copied from: what is purged goes from them as well.
CREATE TABLE xet_xorb_sources (
  xorb_id   @int NOT NULL REFERENCES xet_xorbs (object_id),
  source_id @int NOT NULL REFERENCES xet_xorbs (object_id),
  PRIMARY KEY (xorb_id, source_id)
) @strict;
CREATE INDEX xet_xorb_sources_by_source ON xet_xorb_sources (source_id);
CREATE INDEX xet_files_unpacked ON xet_files (object_id) WHERE repacked_at IS NULL;
)sql"}};
}

}  // namespace cairn::xet
