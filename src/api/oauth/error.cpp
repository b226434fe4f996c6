#include "api/oauth/wire.h"

namespace cairn::api::oauth {
namespace {

/// The protocol's word: RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, RFC 7591 3.2.2.
std::string_view protocol_word(const Error& error) {
  constexpr std::pair<std::string_view, std::string_view> words[] = {
      {"InvalidClient", "invalid_client"},
      {"InvalidGrant", "invalid_grant"},
      {"UnauthorizedClient", "unauthorized_client"},
      {"UnsupportedGrantType", "unsupported_grant_type"},
      {"UnsupportedResponseType", "unsupported_response_type"},
      {"InvalidScope", "invalid_scope"},
      {"AuthorizationPending", "authorization_pending"},
      {"SlowDown", "slow_down"},
      {"ExpiredToken", "expired_token"},
      {"AccessDenied", "access_denied"},
      {"InvalidRedirect", "invalid_redirect_uri"},
      {"InvalidClientName", "invalid_client_metadata"},
      {"InvalidHomepage", "invalid_client_metadata"},
  };
  for (const auto& [word, wire] : words)
    if (error.word == word) return wire;
  switch (error.code) {
    case ErrorCode::unauthenticated:
    case ErrorCode::bad_credentials:
      return "invalid_token";  // RFC 6750, 3.1.
    case ErrorCode::forbidden:
      return "access_denied";
    case ErrorCode::rate_limited:
    case ErrorCode::unavailable:
    case ErrorCode::storage_full:
      return "temporarily_unavailable";
    case ErrorCode::internal:
    case ErrorCode::corrupt:
      return "server_error";
    default:
      return "invalid_request";
  }
}

int status_of(const Error& error) {
  // A client that failed to prove itself: 401 (RFC 6749, 5.2); one that is not known: 400, which
  // asks no browser for a password.
  if (error.code == ErrorCode::unprocessable) return 400;
  return http::http_status(error.code);
}

}  // namespace

http::Response encode_error(const Error& error, const http::Request&) {
  auto response = private_json(
      status_of(error),
      {{"error", json::string_view(protocol_word(error))}, {"error_description", error.message}});
  // As on every route of the hub, for its own clients. Messages of this protocol quote nothing of
  // the request, so they are ASCII.
  response.headers.set("X-Error-Message", error.message);
  if (error.retry_after_s > 0)
    response.headers.set("Retry-After", std::to_string(error.retry_after_s));
  if (error.word == "InvalidClient" && error.code == ErrorCode::bad_credentials)
    response.headers.set("WWW-Authenticate", "Basic realm=\"Cairn\"");
  else if (error.code == ErrorCode::unauthenticated || error.code == ErrorCode::bad_credentials)
    response.headers.set("WWW-Authenticate", "Bearer realm=\"Cairn\"");
  return response;
}

}  // namespace cairn::api::oauth
