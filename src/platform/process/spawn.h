#pragma once
#include <sys/types.h>

#include "platform/process/descriptor.h"
#include "platform/process/process.h"

namespace cairn::process {

/// A started program and our ends of its three streams, which do not block. Whoever holds it must
/// reap `pid` with waitpid(2); until then its number and its group's are not given to another.
struct Child {
  pid_t pid = -1;       ///< Also the number of its process group.
  Descriptor exited;    ///< A pidfd: readable once the program has exited.
  Descriptor input;     ///< We write.
  Descriptor out, err;  ///< We read.
};

/// Starts the program. @return as run(), but for what happens later.
[[nodiscard]] Result<Child> spawn(const Command& command);

}  // namespace cairn::process
