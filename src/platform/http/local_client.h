#pragma once
#include <functional>
#include <string>
#include <string_view>

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

/// A request whose body is made while it is sent, and an answer that is taken while it comes.
struct LocalTransfer {
  /// The next bytes of the body, empty at its end; null: there is none. An error ends the request.
  std::function<Result<std::string>()> read_body = {};
  /// Gets the headers of an answer with status 200, before its body; null: nobody wants them.
  std::function<Result<>(const Headers&)> take_headers = {};
  /// Gets the body of an answer with status 200. Of other answers it is in LocalAnswer.
  std::function<Result<>(std::string_view)> take_body;
};
/// As ask_local, without holding either body in memory. Blocks; the functions run on this thread.
/// @return also what the functions returned.
[[nodiscard]] Result<LocalAnswer> transfer_local(const std::string& socket_path, Method method,
                                                 const std::string& target, const Headers& headers,
                                                 LocalTransfer transfer);

}  // namespace cairn::http
