#include "hub/imports/source.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "hub/imports/imports.h"

namespace cairn::imports {
namespace {

constexpr int redirects_max = 5;
// Any name will do beside a token; the large forges of code know this one.
constexpr std::string_view standard_username = "x-access-token";
constexpr std::string_view refs_path = "/info/refs?service=git-upload-pack";

Failure invalid_source() {
  return fail(ErrorCode::invalid_argument, "InvalidSource",
              "The source must look like https://host/owner/name, without a password, \"?\" or "
              "\"#\". A token goes into a field of its own.");
}

}  // namespace

Result<Source> parse_source(std::string_view url) {
  constexpr std::string_view bad = "?#@\\ \"<>";
  auto colon = url.find("://");
  bool sound = colon != url.npos && url.size() <= url_bytes_max && is_valid_utf8(url) &&
               url.find_first_of(bad) == url.npos &&
               std::ranges::none_of(url, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  auto scheme = to_lower_ascii(url.substr(0, sound ? colon : 0));
  if (scheme != "https" && scheme != "http") return invalid_source();
  while (url.ends_with('/')) url.remove_suffix(1);
  auto slash = url.find('/', colon + 3);
  if (slash == url.npos || slash == colon + 3) return invalid_source();
  Source out;
  out.origin = scheme + std::string(url.substr(colon, slash - colon));
  out.url = out.origin + std::string(url.substr(slash));
  auto parts = split(url.substr(slash + 1), '/');
  if (std::ranges::any_of(parts,
                          [](auto part) { return part.empty() || part == "." || part == ".."; }))
    return invalid_source();
  out.name = parts.back();
  if (out.name.ends_with(".git")) out.name.resize(out.name.size() - 4);
  // As the hub's own addresses and those of others with its API begin.
  if (parts.size() == 3 && parts[0] == "datasets") out.kind = RepoKind::dataset;
  if (parts.size() == 3 && parts[0] == "spaces") out.kind = RepoKind::space;
  if (out.name.empty()) return invalid_source();
  return out;
}

std::string authorization_of(const std::string& username, const std::string& token) {
  if (token.empty()) return "";
  std::string who = username.empty() ? std::string(standard_username) : username;
  return "Basic " + base64_encode(who + ":" + token);
}

std::string lfs_url(const Source& source) {
  return source.url + (source.url.ends_with(".git") ? "" : ".git") + "/info/lfs";
}

Result<Source> look_at(const http::Outbound& outbound, const Source& source,
                       const std::string& authorization, const std::atomic<bool>* stop) {
  http::OutboundRequest request;
  request.url = source.url + std::string(refs_path);
  // A server of protocol 2 answers in a few lines; of another the beginning is enough.
  request.headers = {{"Accept", "*/*"}, {"Git-Protocol", "version=2"}};
  if (!authorization.empty()) request.headers.add("Authorization", authorization);
  request.redirects_max = redirects_max;
  request.take = [](int, std::string_view) { return false; };
  request.stop = stop;
  auto answer = outbound.ask(request);
  if (!answer && answer.error().word == "OutboundFailed")
    return fail(ErrorCode::unavailable, "SourceUnavailable",
                "The source does not answer. Check its address, and try again later.");
  if (!answer) return fail(answer.error());
  switch (answer->status) {
    case 200:
      break;
    case 401:
    case 403:
      return fail(ErrorCode::forbidden, "SourceNeedsToken",
                  authorization.empty()
                      ? "The source does not show this repository to strangers. Give a token that "
                        "may read it."
                      : "The source does not accept the token. Give one that may read the "
                        "repository.");
    case 404:
    case 410:
      return fail(ErrorCode::not_found, "SourceNotFound",
                  "The source has no git repository there, or does not show it without a token.");
    default:
      if (answer->status / 100 == 5 || answer->status == 429)
        return fail(ErrorCode::unavailable, "SourceUnavailable",
                    "The source answers " + std::to_string(answer->status) + ". Try again later.");
      return fail(ErrorCode::invalid_argument, "InvalidSource",
                  "The source answers " + std::to_string(answer->status) +
                      ", which no git server does. Check its address.");
  }
  if (!answer->headers.get("Content-Type").starts_with("application/x-git-upload-pack"))
    return fail(ErrorCode::invalid_argument, "InvalidSource",
                "No git repository answers there. Give the address that git clone takes.");
  auto end = answer->url.rfind(refs_path);
  if (end == std::string::npos) return invalid_source();
  CAIRN_TRY(found, parse_source(answer->url.substr(0, end)));
  if (found.origin != source.origin && !authorization.empty())
    return fail(
        ErrorCode::invalid_argument, "InvalidSource",
        "The source moved to " + found.origin + ", which the token is not for. Import from there.");
  // Its name and kind are what was asked for, whatever it is called now.
  found.name = source.name;
  found.kind = source.kind;
  return found;
}

}  // namespace cairn::imports
