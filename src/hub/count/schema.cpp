#include "hub/count/count.h"

namespace cairn::count {

std::vector<db::Migration> count_migrations() {
  return {{"20261126T1100_counts", db::Migration::Kind::expand, R"sql(
-- Kept for good: about 40 bytes for each day on which something was counted. day: since 1970-01-01
-- UTC. likes: given less taken back. No reference to repos, which is a module above.
CREATE TABLE repo_days (
  repo_id @int NOT NULL,
  day @int NOT NULL,
  downloads @int NOT NULL DEFAULT 0,
  likes @int NOT NULL DEFAULT 0,
  PRIMARY KEY (repo_id, day)
) @strict;
)sql"}};
}

}  // namespace cairn::count
