#pragma once
#include <string>
#include <vector>

#include "platform/process/descriptor.h"
#include "platform/process/process.h"

namespace cairn::process {

/// What a confined child needs, made before the fork: between fork and exec nothing may allocate.
class Confined {
 public:
  /// @param program  may be read and executed, wherever it lies.
  /// @return `unavailable`, word "ProgramUnavailable", when this machine's kernel cannot do it.
  [[nodiscard]] static Result<Confined> prepare(const Confinement& limits,
                                                const std::string& program);

  /// In the child: takes its rights away. Only async-signal-safe calls. @return false on failure.
  [[nodiscard]] bool enter() const;

 private:
  explicit Confined(const Confinement& limits) : limits_(limits) {}
  Confinement limits_;
  Descriptor files_;  ///< A Landlock ruleset; closed where the kernel has no Landlock.
};

}  // namespace cairn::process
