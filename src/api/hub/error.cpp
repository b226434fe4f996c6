#include "api/hub/hub.h"

namespace cairn::api::hub {
namespace {

/// Headers carry printable ASCII; what a message quotes of a request may be anything.
std::string header_text(std::string_view text) {
  std::string out;
  for (unsigned char c : text.substr(0, 500))
    out += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  return out;
}

}  // namespace

http::Response encode_error(const Error& error, const http::Request& request) {
  json::object body{{"error", error.message}};
  for (const auto& [key, value] : error.fields)
    if (key == "url" || key == "field") body[key] = value;
  auto response = http::json(http::http_status(error.code), json::value(std::move(body)));
  // Unknown routes and bad tokens have no code: clients would take it for a missing repository.
  bool has_code = error.word != "NotFound" && error.code != ErrorCode::bad_credentials;
  if (has_code) response.headers.set("X-Error-Code", header_text(error.word));
  response.headers.set("X-Error-Message", header_text(error.message));
  for (const auto& [key, value] : error.fields)
    if (key == "commit") response.headers.set("X-Repo-Commit", header_text(value));
  if (error.retry_after_s > 0)
    response.headers.set("Retry-After", std::to_string(error.retry_after_s));
  if (error.code == ErrorCode::unauthenticated || error.code == ErrorCode::bad_credentials)
    response.headers.set("WWW-Authenticate", "Bearer realm=\"Cairn\"");
  return response;
}

}  // namespace cairn::api::hub
