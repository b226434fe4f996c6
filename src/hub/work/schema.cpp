#include "hub/work/work.h"

namespace cairn::work {

std::vector<db::Migration> work_migrations() {
  return {{"20261125T0410_work", db::Migration::Kind::expand, R"sql(
-- state: 0 pending, 1 running, 2 failed. Done items are deleted.
-- due_at: pending = not before; running = the lease ends; failed = when it did.
-- next_*: enqueued again while running, runs after. lease_number only ever grows.
CREATE TABLE work (
  id            @id,
  kind          @text NOT NULL,
  key           @text NOT NULL,
  payload       @text NOT NULL,
  next_payload  @text,
  next_due_at   @int,
  state         @int NOT NULL,
  due_at        @int NOT NULL,
  attempts      @int NOT NULL DEFAULT 0,
  attempts_max  @int NOT NULL,
  lease_number  @int NOT NULL DEFAULT 0,
  leased_by     @text NOT NULL DEFAULT '',
  error_word    @text NOT NULL DEFAULT '',
  error_message @text NOT NULL DEFAULT '',
  created_at    @int NOT NULL,
  updated_at    @int NOT NULL,
  UNIQUE (kind, key)
) @strict;
CREATE INDEX work_due ON work (due_at, id) WHERE state < 2;
CREATE INDEX work_by_state ON work (state, id);
)sql"}};
}

}  // namespace cairn::work
