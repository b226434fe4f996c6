#include "hub/community/community.h"

namespace cairn::community {
namespace {

// Numbers in `status` and `kind` are those of the enums in discussions.h. Rows go with their
// repository when it is purged (Repos::when_purged), so no reference holds them to it.
constexpr std::string_view discussions_sql = R"sql(
-- The highest number ever given: numbers of deleted discussions do not come back.
CREATE TABLE discussion_numbers (
  repo_id @int PRIMARY KEY,
  last @int NOT NULL
) @strict;

-- Discussions and pull requests. target: of a pull request, the ref it is to be merged into.
-- merge_commit: of a merged one, the commit on target. title_key: folded, for searching.
CREATE TABLE discussions (
  id @id,
  public_id @text NOT NULL UNIQUE,
  repo_id @int NOT NULL,
  number @int NOT NULL,
  author_id @int REFERENCES owners (id),
  title @text NOT NULL,
  title_key @text NOT NULL,
  status @int NOT NULL,
  is_pull_request @int NOT NULL,
  target @text,
  merge_commit @text,
  is_pinned @int NOT NULL DEFAULT 0,
  comments @int NOT NULL DEFAULT 0,
  created_at @int NOT NULL,
  updated_at @int NOT NULL
) @strict;
CREATE UNIQUE INDEX discussions_by_number ON discussions (repo_id, number);
CREATE INDEX discussions_by_status ON discussions (repo_id, status, is_pull_request);
CREATE INDEX discussions_by_author ON discussions (author_id, repo_id, status);

-- What happened in a discussion, in order. body: of a comment, its text now; empty once hidden.
CREATE TABLE discussion_events (
  id @id,
  public_id @text NOT NULL UNIQUE,
  discussion_id @int NOT NULL REFERENCES discussions (id),
  kind @int NOT NULL,
  author_id @int REFERENCES owners (id),
  body @text,
  data @text NOT NULL DEFAULT '{}',
  edits @int NOT NULL DEFAULT 0,
  edited_at @int,
  hidden_at @int,
  hidden_by @int REFERENCES owners (id),
  created_at @int NOT NULL
) @strict;
CREATE INDEX discussion_events_in_order ON discussion_events (discussion_id, id);
CREATE INDEX discussion_events_by_author ON discussion_events (author_id)
  WHERE author_id IS NOT NULL;
CREATE INDEX discussion_events_hidden_by ON discussion_events (hidden_by)
  WHERE hidden_by IS NOT NULL;

-- What a comment said before each edit.
CREATE TABLE comment_edits (
  event_id @int NOT NULL REFERENCES discussion_events (id),
  number @int NOT NULL,
  body @text NOT NULL,
  author_id @int REFERENCES owners (id),
  created_at @int NOT NULL,
  PRIMARY KEY (event_id, number)
) @strict;
CREATE INDEX comment_edits_by_author ON comment_edits (author_id) WHERE author_id IS NOT NULL;
)sql";

constexpr std::string_view likes_sql = R"sql(
CREATE TABLE likes (
  repo_id @int NOT NULL,
  user_id @int NOT NULL REFERENCES owners (id),
  created_at @int NOT NULL,
  PRIMARY KEY (repo_id, user_id)
) @strict;
CREATE INDEX likes_by_user ON likes (user_id, created_at, repo_id);
CREATE INDEX likes_of_repo ON likes (repo_id, created_at, user_id);
)sql";

// Until which event somebody has looked at what happened.
constexpr std::string_view seen_sql = R"sql(
CREATE TABLE activity_seen (
  user_id @int PRIMARY KEY REFERENCES owners (id),
  event_id @int NOT NULL,
  updated_at @int NOT NULL
) @strict;
)sql";

}  // namespace

std::vector<db::Migration> community_migrations() {
  using enum db::Migration::Kind;
  return {{"20261126T1100_discussions", expand, discussions_sql},
          {"20261126T1101_likes", expand, likes_sql},
          {"20261126T1104_activity_seen", expand, seen_sql}};
}

}  // namespace cairn::community
