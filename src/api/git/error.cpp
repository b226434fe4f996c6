#include "api/git/git.h"
#include "base/text.h"

namespace cairn::api::git {
namespace {

/// Headers carry printable ASCII; what a message quotes of a request may be anything.
std::string header_text(std::string_view text) {
  std::string out;
  for (unsigned char c : text.substr(0, 500))
    out += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  return std::string(trim(out));
}

}  // namespace

http::Response encode_error(const Error& error, const http::Request& request) {
  auto response = http::text(http::http_status(error.code), error.message + "\n", "text/plain");
  if (error.code != ErrorCode::bad_credentials)
    response.headers.set("X-Error-Code", header_text(error.word));
  response.headers.set("X-Error-Message", header_text(error.message));
  response.headers.set("Cache-Control", "no-cache, max-age=0, must-revalidate");
  if (error.retry_after_s > 0)
    response.headers.set("Retry-After", std::to_string(error.retry_after_s));
  if (error.code == ErrorCode::unauthenticated || error.code == ErrorCode::bad_credentials)
    response.headers.set("WWW-Authenticate", "Basic realm=\"Cairn\", charset=\"UTF-8\"");
  return response;
}

}  // namespace cairn::api::git
