#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "platform/db/db.h"

/// The record of what administrators did.
namespace cairn::settings {

/// Something that an administrator did, or the operator at the hub's own machine.
struct Act {
  std::int64_t id = 0;
  Time time = {};
  std::string who;        ///< A user's name then, or "operator".
  std::string operation;  ///< The route's, such as "admin.users.disable".
  std::string target;     ///< What the address named, such as "/users/bob/disable"; no values.
  std::string address;    ///< Where the request came from; empty at the machine itself.
  std::string request_id;
};

/// Keeps the act for good. `id` and `time` are the database's.
void record_act(db::Tx& tx, const Act& act);
/// Newest first. @param before  an id, 0 for the first page.
[[nodiscard]] std::vector<Act> acts(db::Tx& tx, std::int64_t before, int limit);

}  // namespace cairn::settings
