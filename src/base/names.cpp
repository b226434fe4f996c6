#include "base/names.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"

namespace cairn {
namespace {

constexpr std::string_view reserved[] = {"-",
                                         "admin",
                                         "api",
                                         "blog",
                                         "buckets",
                                         "collections",
                                         "compute",
                                         "datasets",
                                         "docs",
                                         "endpoints",
                                         "enterprise",
                                         "explore",
                                         "favicon.ico",
                                         "health",
                                         "healthz",
                                         "jobs",
                                         "join",
                                         "kernels",
                                         "learn",
                                         "login",
                                         "logout",
                                         "metrics",
                                         "models",
                                         "new",
                                         "new-dataset",
                                         "new-space",
                                         "notifications",
                                         "oauth",
                                         "organizations",
                                         "papers",
                                         "pricing",
                                         "raw",
                                         "readyz",
                                         "robots.txt",
                                         "search",
                                         "settings",
                                         "setup",
                                         "sitemap.xml",
                                         "spaces",
                                         "static",
                                         "support",
                                         "tasks",
                                         "team",
                                         "trending",
                                         "uploads",
                                         "users",
                                         "xet"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Failure broken(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidName", std::move(message));
}

/// What owner and repository names have in common.
Result<> check_characters(std::string_view name) {
  for (char c : name)
    if (!is_letter_or_digit(c) && c != '-' && c != '_' && c != '.')
      return broken("A name holds letters, digits, \"-\", \"_\" and \".\" only.");
  if (name.find("--") != name.npos || name.find("..") != name.npos)
    return broken("A name must not contain \"--\" or \"..\".");
  std::string key = to_lower_ascii(name);
  if (key.ends_with(".git") || key.ends_with(".lock"))
    return broken("A name must not end in \".git\" or \".lock\".");
  return {};
}

}  // namespace

std::span<const std::string_view> reserved_owner_names() {
  return reserved;
}

Result<std::string> check_owner_name(std::string_view name, OwnerNameRules rules) {
  if (name.size() < 2 || name.size() > 42)
    return broken("The name of a user or organization has 2 to 42 characters.");
  CAIRN_CHECK(check_characters(name));
  bool underscore = rules == OwnerNameRules::apply && name.front() == '_';
  if ((!is_letter_or_digit(name.front()) && !underscore) || !is_letter_or_digit(name.back()))
    return broken("The name of a user or organization begins and ends with a letter or digit.");
  if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return broken("The name of a user or organization must not be a number.");
  std::string key = to_lower_ascii(name);
  if (key.size() == 24 && is_lower_hex(key))
    return broken("A name of 24 hex digits would look like an id. Choose another.");
  if (std::find(std::begin(reserved), std::end(reserved), key) != std::end(reserved))
    return broken("The name \"" + std::string(name) + "\" is reserved. Choose another.");
  return std::string(name);
}

Result<std::string> check_repo_name(std::string_view name) {
  if (name.empty() || name.size() > 96)
    return broken("The name of a repository has 1 to 96 characters.");
  CAIRN_CHECK(check_characters(name));
  auto edge = [](char c) { return c == '-' || c == '.'; };
  if (edge(name.front()) || edge(name.back()))
    return broken("The name of a repository must not begin or end with \"-\" or \".\".");
  return std::string(name);
}

std::string name_key(std::string_view name) {
  return to_lower_ascii(name);
}

}  // namespace cairn
