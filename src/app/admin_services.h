#pragma once
#include "api/admin/admin.h"
#include "app/hub.h"

namespace cairn::app {

/// What the operator's routes work with; of a server, and of a command that opens the hub itself.
/// The hub outlives it.
[[nodiscard]] api::admin::Services admin_services(Hub& hub);

}  // namespace cairn::app
