#pragma once
#include "app/hub.h"

namespace cairn::app {

/// `cairn serve`: runs until SIGTERM or SIGINT. @return the exit code.
[[nodiscard]] int serve(Config config);

}  // namespace cairn::app
