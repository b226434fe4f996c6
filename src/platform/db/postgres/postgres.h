#pragma once
#include <memory>

#include "platform/db/db.h"

namespace cairn::db::postgres {

/// Connects to the server of `options.url` (a libpq URI).
Result<std::unique_ptr<Database>> open(Options options);

}  // namespace cairn::db::postgres
