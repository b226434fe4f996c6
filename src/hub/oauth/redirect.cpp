#include "hub/oauth/redirect.h"

#include <algorithm>

#include "base/text.h"
#include "hub/oauth/oauth.h"

namespace cairn::oauth {
namespace {

struct Parts {
  std::string scheme, host, port, rest;
  bool has_authority = false, has_user = false;
};

Parts split(std::string_view uri) {
  Parts out;
  auto colon = uri.find(':');
  if (colon == uri.npos) return out;
  out.scheme = to_lower_ascii(uri.substr(0, colon));
  uri.remove_prefix(colon + 1);
  if (!uri.starts_with("//")) {
    out.rest = uri;
    return out;
  }
  out.has_authority = true;
  uri.remove_prefix(2);
  auto end = std::min(uri.find_first_of("/?#"), uri.size());
  auto authority = uri.substr(0, end);
  out.rest = uri.substr(end);
  out.has_user = authority.find('@') != authority.npos;
  auto port = authority.rfind(':');
  // The colons of an IPv6 address stand inside brackets.
  if (port != authority.npos && authority.find(']', port) == authority.npos) {
    out.port = authority.substr(port + 1);
    authority = authority.substr(0, port);
  }
  out.host = to_lower_ascii(authority);
  return out;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

Failure refused(std::string_view why) {
  return fail(ErrorCode::invalid_argument, "InvalidRedirect", std::string(why));
}

}  // namespace

Result<> check_redirect_uri(std::string_view uri) {
  if (uri.empty() || uri.size() > redirect_uri_bytes_max)
    return refused("A redirect URI has 1 to " + std::to_string(redirect_uri_bytes_max) + " bytes.");
  if (!std::ranges::all_of(uri, [](char c) { return c > 0x20 && c < 0x7f; }))
    return refused("A redirect URI has visible ASCII characters only.");
  if (uri.find('#') != uri.npos) return refused("A redirect URI has no fragment (\"#\").");
  auto parts = split(uri);
  if (parts.has_user) return refused("A redirect URI has no user name or password.");
  if (parts.scheme == "https" && !parts.host.empty()) return {};
  if (parts.scheme == "http" && is_loopback(parts.host)) return {};
  // "javascript:", "data:" and their like have no dot.
  if (parts.scheme.find('.') != std::string::npos) return {};
  return refused(
      "A redirect URI begins with https://, with http:// and localhost, 127.0.0.1 or [::1], or "
      "with "
      "a scheme of its own like com.example.app:/.");
}

bool redirect_allowed(std::string_view uri, const std::vector<std::string>& registered) {
  if (std::ranges::find(registered, uri) != registered.end()) return true;
  auto asked = split(uri);
  if (asked.scheme != "http" || !is_loopback(asked.host) || asked.has_user) return false;
  return std::ranges::any_of(registered, [&](const auto& known) {
    auto parts = split(known);
    return parts.scheme == "http" && parts.host == asked.host && parts.rest == asked.rest;
  });
}

std::string redirect_host(std::string_view uri) {
  auto parts = split(uri);
  return parts.has_authority && !parts.host.empty() ? parts.host : parts.scheme;
}

std::string with_parameters(std::string_view uri,
                            const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out(uri);
  char separator = uri.find('?') == uri.npos ? '?' : '&';
  for (const auto& [name, value] : parameters) {
    out += separator + name + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

}  // namespace cairn::oauth
