#pragma once
#include <string>

#include "base/clock.h"
#include "base/result.h"

/// Hands a finished message to a mail server.
namespace cairn::smtp {

enum class Tls {
  required,  ///< smtp:// starts TLS or fails; smtps:// has it from the first byte.
  offered,   ///< smtp:// starts TLS when the server offers it.
  none,
};

struct Server {
  std::string url;  ///< "smtp://user:password@mail.example.org:587" or smtps://….
  Tls tls = Tls::required;
  Duration timeout = seconds(30);  ///< Of the whole conversation.
};

/// @return `invalid_argument`, word "InvalidConfig", unless a URL that `send` understands.
[[nodiscard]] Result<> check(const Server& server);

struct Envelope {
  std::string from, to;  ///< Bare addresses.
};

/// Blocks. @param message  RFC 5322, lines end in CR LF.
/// @return `unavailable`, word "MailServer", when another try may help (no connection, 4xx);
///         `unprocessable`, word "MailRefused", when the server will never take it (5xx).
[[nodiscard]] Result<> send(const Server& server, const Envelope& envelope,
                            const std::string& message);

}  // namespace cairn::smtp
