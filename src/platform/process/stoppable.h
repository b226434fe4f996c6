#pragma once
#include <atomic>

#include "platform/process/process.h"

namespace cairn::process {

/// run(), for work of a thread that may be told to end: soon after `stop` is set the whole group is
/// killed. @return as run(); `unavailable`, word "Stopped", when it was.
[[nodiscard]] Result<Output> run_unless_stopped(const Command& command,
                                                const std::atomic<bool>& stop);

}  // namespace cairn::process
