#pragma once
#include <memory>

#include "platform/db/db.h"

namespace cairn::db::sqlite {

/// Opens or creates the file of `options.url` ("sqlite:/path"), readable by this user only.
Result<std::unique_ptr<Database>> open(Options options);

}  // namespace cairn::db::sqlite
