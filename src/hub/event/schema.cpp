#include "hub/event/event.h"

namespace cairn::event {

std::vector<db::Migration> event_migrations() {
  return {{"20261125T0400_events", db::Migration::Kind::expand, R"sql(
-- Ids and names as they were then. No foreign keys: an event outlives what it tells of.
CREATE TABLE events (
  id                 @id,
  xid                @xid,
  type               @text NOT NULL,
  schema_version     @int NOT NULL,
  time               @int NOT NULL,
  actor_kind         @text NOT NULL,
  actor_id           @int,
  actor_name         @text NOT NULL,
  actor_on_behalf_of @int,
  actor_token_id     @int,
  request_id         @text NOT NULL,
  owner_id           @int,
  owner_name         @text NOT NULL,
  repo_id            @int,
  repo_kind          @text NOT NULL,
  repo_name          @text NOT NULL,
  visibility         @text NOT NULL,
  data               @text NOT NULL
) @strict;
CREATE INDEX events_by_position ON events (xid, id);

CREATE TABLE event_consumers (
  name       @text NOT NULL PRIMARY KEY,
  xid        @int NOT NULL,
  event_id   @int NOT NULL,
  updated_at @int NOT NULL
) @strict;
)sql"},
          // For people who look back at one repository, or at what is somebody's.
          {"20261126T1103_event_subjects", db::Migration::Kind::expand, R"sql(
CREATE INDEX events_of_repo ON events (repo_id, id) WHERE repo_id IS NOT NULL;
CREATE INDEX events_of_owner ON events (owner_id, id) WHERE owner_id IS NOT NULL;
)sql"}};
}

}  // namespace cairn::event
