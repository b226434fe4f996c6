#pragma once
#include "platform/db/engine.h"

namespace cairn::db::sqlite {

/// What a result code of SQLite means for the caller and for the connection.
/// @param code          an extended result code, not SQLITE_OK, ROW or DONE.
/// @param system_errno  the operating system's last error in this connection, or 0.
[[nodiscard]] EngineFailure failure_of(int code, int system_errno);

/// `unavailable`, word "TransactionTooLong".
[[nodiscard]] Error too_long(int limit_ms);

/// `unavailable`, word "DatabaseUnavailable": the file cannot be reached or used now.
[[nodiscard]] Error file_unavailable();

}  // namespace cairn::db::sqlite
