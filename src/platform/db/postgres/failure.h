#pragma once
#include <string_view>

#include "platform/db/engine.h"

namespace cairn::db::postgres {

/// What a five-character SQLSTATE (PostgreSQL manual, appendix A) means for the caller and for the
/// connection. Empty = no answer came: the connection is lost.
[[nodiscard]] EngineFailure failure_of(std::string_view sqlstate);

/// The server could not tell the type of a parameter, or chose one that does not fit.
[[nodiscard]] bool is_typing_trouble(std::string_view sqlstate);

[[nodiscard]] Error server_unavailable();

}  // namespace cairn::db::postgres
