#include "api/lfs/lfs.h"
#include "api/lfs/wire.h"
#include "base/text.h"

namespace cairn::api::lfs {
namespace {

/// Headers carry printable ASCII; what a message quotes of a request may be anything.
std::string header_text(std::string_view text) {
  std::string out;
  for (unsigned char c : text.substr(0, 500))
    out += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  return std::string(trim(out));
}

}  // namespace

int http_status(ErrorCode code) {
  // Git LFS API: 507 when the server has no room for this repository's files.
  if (code == ErrorCode::quota_exceeded) return 507;
  return http::http_status(code);
}

http::Response json_response(int status, const json::value& value) {
  auto response = http::json(status, value);
  response.headers.set("Content-Type", std::string(media_type));
  return response;
}

http::Response encode_error(const Error& error, const http::Request& request) {
  json::object body{
      {"message", error.message}, {"error", error.message}, {"request_id", request.id()}};
  auto response = json_response(http_status(error.code), json::value(std::move(body)));
  // A bad token has no code: clients would take it for a missing repository.
  if (error.code != ErrorCode::bad_credentials)
    response.headers.set("X-Error-Code", header_text(error.word));
  response.headers.set("X-Error-Message", header_text(error.message));
  if (error.retry_after_s > 0)
    response.headers.set("Retry-After", std::to_string(error.retry_after_s));
  if (error.code == ErrorCode::unauthenticated || error.code == ErrorCode::bad_credentials) {
    response.headers.set("LFS-Authenticate", "Basic realm=\"Cairn\"");
    response.headers.set("WWW-Authenticate", "Basic realm=\"Cairn\"");
  }
  return response;
}

}  // namespace cairn::api::lfs
