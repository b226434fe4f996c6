#include "api/cas/cas.h"

namespace cairn::api::cas {
namespace {

int http_status(ErrorCode code) {
  // Content that breaks a rule is 400 on every route of this protocol (7.1).
  if (code == ErrorCode::unprocessable) return 400;
  return http::http_status(code);
}

}  // namespace

http::Response encode_error(const Error& error, const http::Request& request) {
  json::object body{{"error", error.message}, {"word", error.word}, {"request_id", request.id()}};
  auto response = http::json(http_status(error.code), json::value(std::move(body)));
  response.headers.set("Cache-Control", "no-store");
  if (error.retry_after_s > 0)
    response.headers.set("Retry-After", std::to_string(error.retry_after_s));
  return response;
}

}  // namespace cairn::api::cas
