#include "hub/oauth/scope.h"

#include <algorithm>

namespace cairn::oauth {
namespace {

namespace permission = account::permission;

void add(std::vector<account::Permission>& list, std::string_view permission) {
  if (!account::contains(list, permission)) list.emplace_back(permission);
}

/// On the user's repositories and those of the organizations that were named.
std::vector<account::Permission> on_own(const std::vector<std::string>& scopes) {
  std::vector<account::Permission> out;
  if (has_scope(scopes, "read-repos")) {
    add(out, permission::repo_content_read);
    add(out, permission::repo_access_read);
  }
  if (has_scope(scopes, "write-repos")) {
    add(out, permission::repo_content_read);
    add(out, permission::repo_access_read);
    add(out, permission::repo_content_write);
  }
  if (has_scope(scopes, "manage-repos")) {
    add(out, permission::repo_content_read);
    add(out, permission::repo_access_read);
    add(out, permission::repo_write);
  }
  return out;
}

}  // namespace

const std::vector<ScopeInfo>& known_scopes() {
  static const std::vector<ScopeInfo> all{
      {"openid", "Know who you are"},
      {"profile", "See your name, picture and profile"},
      {"email", "See your e-mail address"},
      {"read-memberships", "See the organizations that you belong to"},
      {"read-repos", "Read your private repositories"},
      {"gated-repos", "Read gated repositories that you have access to"},
      {"write-repos", "Change files in your repositories"},
      {"manage-repos", "Create, change, move and delete your repositories"},
      {"write-discussions", "Open and answer discussions and pull requests in your name"},
  };
  return all;
}

Result<std::vector<std::string>> parse_scopes(std::string_view text) {
  if (text.size() > scope_text_bytes_max)
    return fail(ErrorCode::invalid_argument, "InvalidScope",
                "The scope is longer than " + std::to_string(scope_text_bytes_max) + " bytes.");
  std::vector<std::string_view> asked;
  while (!text.empty()) {
    auto end = std::min(text.find(' '), text.size());
    if (end > 0) asked.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::vector<std::string> out;
  for (const auto& scope : known_scopes())
    if (std::ranges::find(asked, scope.word) != asked.end()) out.emplace_back(scope.word);
  return out;
}

std::string join_scopes(const std::vector<std::string>& scopes) {
  std::string out;
  for (const auto& scope : scopes) out += (out.empty() ? "" : " ") + scope;
  return out;
}

bool has_scope(const std::vector<std::string>& scopes, std::string_view word) {
  return std::ranges::find(scopes, word) != scopes.end();
}

bool covers(const std::vector<std::string>& granted, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& word) { return has_scope(granted, word); });
}

account::Scopes permissions_of(const std::vector<std::string>& scopes, const account::Entity& user,
                               const std::vector<account::Entity>& organizations) {
  account::Scopes out;
  // Gated repositories belong to others as a rule, so these two hold everywhere.
  if (has_scope(scopes, "gated-repos")) add(out.global, permission::repo_access_read);
  if (has_scope(scopes, "write-discussions")) add(out.global, permission::discussion_write);
  auto own = on_own(scopes);
  if (own.empty()) return out;
  out.scoped.push_back({user, own});
  for (const auto& organization : organizations) out.scoped.push_back({organization, own});
  return out;
}

}  // namespace cairn::oauth
