#pragma once
#include <string_view>

namespace cairn::app {
inline constexpr std::string_view version = "0.1.0";
}
