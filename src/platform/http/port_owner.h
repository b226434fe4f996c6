#pragma once
#include <cstdint>
#include <optional>
#include <string>

/// Inside the module: who has a port.
namespace cairn::http {

/// "python3 (pid 4121)": the program that listens on a TCP port of this machine. Empty when there
/// is none, or when it belongs to somebody whose descriptors may not be seen.
[[nodiscard]] std::optional<std::string> port_owner(std::uint16_t port);

}  // namespace cairn::http
