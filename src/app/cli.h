#pragma once
#include <string>
#include <vector>

namespace cairn::app::cli {

/// The program: `cairn COMMAND …`. Answers on standard output, progress and errors on standard
/// error. @param arguments  without the program's name. @return the exit code, see `Exit`.
[[nodiscard]] int run(std::vector<std::string> arguments);

}  // namespace cairn::app::cli
