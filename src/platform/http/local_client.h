#pragma once
#include <string>

#include "base/result.h"
#include "platform/http/headers.h"

namespace cairn::http {

struct LocalAnswer {
  int status = 0;
  Headers headers;
  std::string body;
};

/// Asks a server at the Unix socket `socket_path` of this machine and waits for the whole answer.
/// For commands, not for the server: blocks.
/// @param target  as on the request line: "/healthz".
/// @param timeout_ms  0: however long it takes.
/// @return `unavailable`, word "SocketUnreachable" when nobody listens there, "SocketFailed" when
///         the answer breaks off; `too_large` beyond 256 MiB.
[[nodiscard]] Result<LocalAnswer> ask_local(const std::string& socket_path, Method method,
                                            const std::string& target, const Headers& headers,
                                            std::string body, long timeout_ms = 0);

}  // namespace cairn::http
