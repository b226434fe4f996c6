#include <algorithm>
#include <set>

#include "base/names.h"
#include "base/text.h"
#include "hub/account/account.h"
#include "hub/account/apply.h"
#include "hub/account/rules.h"

// What can be said about a file without the database: shape, words, and that it does not
// contradict itself.
namespace cairn::account {
namespace {

Failure wrong(const std::string& where, std::string_view rule) {
  return fail(ErrorCode::invalid_argument, "InvalidApplyFile",
              where + ": " + std::string(rule) + " Nothing was changed.")
      .with("where", where);
}

/// Rules found elsewhere, with the place in this file.
Failure wrong(const std::string& where, const Error& error) {
  return wrong(where, error.message);
}

std::string at(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

/// A key that nobody reads is a typing mistake, and would otherwise be a silent one.
template <class T>
Result<> check_keys(const json::value& value, const std::string& where) {
  auto* object = value.if_object();
  if (!object) return {};  // read_json says what it should be.
  std::vector<std::string> known;
  boost::mp11::mp_for_each<detail::members<T>>(
      [&](auto d) { known.emplace_back(detail::wire_name(d.name)); });
  for (const auto& [key, member] : *object) {
    std::string name(key);
    if (std::ranges::find(known, name) != known.end()) continue;
    auto meant = nearest(name, known);
    return wrong(
        where.empty() ? name : where + "." + name,
        "this key is not known." + (meant ? " Did you mean \"" + *meant + "\"?" : std::string()));
  }
  return {};
}

template <class T, class Inner>
Result<> check_list_keys(const json::value& value, std::string_view key, const std::string& where,
                         Inner inner) {
  auto* object = value.if_object();
  auto* list = object ? object->if_contains(key) : nullptr;
  auto* array = list ? list->if_array() : nullptr;
  if (!array) return {};
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto place = (where.empty() ? "" : where + ".") + at(key, i);
    CAIRN_CHECK(check_keys<T>((*array)[i], place));
    CAIRN_CHECK(inner((*array)[i], place));
  }
  return {};
}

Result<> check_all_keys(const json::value& root) {
  auto nothing = [](const json::value&, const std::string&) -> Result<> { return {}; };
  auto tokens = [&](const json::value& user, const std::string& where) {
    return check_list_keys<ApplyToken>(user, "tokens", where, nothing);
  };
  CAIRN_CHECK(check_keys<ApplyFile>(root, ""));
  CAIRN_CHECK(check_list_keys<ApplyUser>(root, "users", "", tokens));
  CAIRN_CHECK(check_list_keys<ApplyOrganization>(root, "orgs", "", nothing));
  return check_list_keys<ApplyAlias>(root, "aliases", "", nothing);
}

/// What may appear once in a file, over all its users.
struct Given {
  std::set<std::string> names, ids, values, cookies;
  std::set<std::pair<std::string, std::string>> aliases;
};

/// Values that users and organizations share.
Result<> check_owner(const std::string& name, const std::optional<std::string>& full_name,
                     const std::optional<std::string>& email, const std::optional<std::string>& id,
                     const std::string& where, Given& seen) {
  if (auto ok = check_owner_name(name, OwnerNameRules::apply); !ok)
    return wrong(where + ".name", ok.error());
  if (!seen.names.insert(name_key(name)).second)
    return wrong(where + ".name", "\"" + name + "\" appears twice in the file.");
  if (full_name)
    if (auto ok = check_full_name(*full_name, name); !ok)
      return wrong(where + ".fullname", ok.error());
  if (email)
    if (auto ok = check_email(*email); !ok) return wrong(where + ".email", ok.error());
  if (!id) return {};
  if (!parse_public_id(*id)) return wrong(where + ".id", "an id is 24 lower-case hex digits.");
  if (!seen.ids.insert(*id).second)
    return wrong(where + ".id", "the id " + *id + " appears twice in the file.");
  return {};
}

Result<> check_token(const ApplyToken& token, const std::string& where, Given& seen) {
  if (!is_token_name(token.name))
    return wrong(where + ".name",
                 "a name has 1 to " + std::to_string(token_name_bytes_max) + " bytes on one line.");
  // Messages never repeat the value.
  if (!is_token_value(token.value))
    return wrong(where + ".value", "a value has 4 to " + std::to_string(token_bytes_max) +
                                       " visible ASCII characters.");
  if (!seen.values.insert(token.value).second)
    return wrong(where + ".value", "the same value appears twice in the file.");
  auto role = parse_token_role(token.role);
  if (!role) return wrong(where + ".role", "must be read, write or fineGrained.");
  if (token.scopes) {
    if (*role != TokenRole::fine_grained)
      return wrong(where + ".scopes", "only a token with role fineGrained has scopes.");
    if (auto ok = read_scopes(*token.scopes, where + ".scopes"); !ok)
      return wrong(where + ".scopes", ok.error());
  }
  if (token.expires_at)
    if (auto ok = parse_rfc3339(*token.expires_at); !ok)
      return wrong(where + ".expires_at", "must be a time such as 2027-01-31T00:00:00Z.");
  return {};
}

Result<> check_user(const ApplyUser& user, const std::string& where, Given& seen) {
  CAIRN_CHECK(check_owner(user.name, user.fullname, user.email, user.id, where, seen));
  // An operator's file may hold shorter passwords than people may choose.
  if (user.password && (user.password->empty() || user.password->size() > password_bytes_max))
    return wrong(where + ".password",
                 "a password has 1 to " + std::to_string(password_bytes_max) + " bytes.");
  if (user.plan && *user.plan != "free" && *user.plan != "pro")
    return wrong(where + ".plan", "must be free or pro.");
  if (user.tokens.size() > tokens_per_user_max)
    return wrong(where + ".tokens",
                 "a user has at most " + std::to_string(tokens_per_user_max) + " tokens.");
  for (std::size_t i = 0; i < user.tokens.size(); ++i)
    CAIRN_CHECK(check_token(user.tokens[i], where + "." + at("tokens", i), seen));
  for (std::size_t i = 0; i < user.session_cookies.size(); ++i) {
    const auto& cookie = user.session_cookies[i];
    auto place = where + "." + at("session_cookies", i);
    if (!is_token_value(cookie))
      return wrong(place, "a cookie has 4 to " + std::to_string(token_bytes_max) +
                              " visible ASCII characters.");
    if (!seen.cookies.insert(cookie).second)
      return wrong(place, "the same cookie appears twice in the file.");
  }
  return {};
}

Result<> check_organization(const ApplyOrganization& org, const std::string& where, Given& seen) {
  CAIRN_CHECK(check_owner(org.name, org.fullname, org.email, org.id, where, seen));
  if (org.plan && *org.plan != "free" && *org.plan != "team" && *org.plan != "enterprise")
    return wrong(where + ".plan", "must be free, team or enterprise.");
  if (org.default_visibility) {
    auto visibility = parse_visibility(*org.default_visibility);
    if (!visibility || *visibility == Visibility::protected_)
      return wrong(where + ".default_visibility", "must be public or private.");
  }
  if (!org.members) return {};
  std::set<std::string> keys;
  for (const auto& [name, role] : *org.members) {
    auto place = where + ".members." + name;
    if (!parse_role(role)) return wrong(place, "must be admin, write, contributor or read.");
    if (!keys.insert(name_key(name)).second) return wrong(place, "this member appears twice.");
  }
  return {};
}

bool is_full_repo_name(std::string_view text) {
  auto parts = split(text, '/');
  return parts.size() == 2 && check_owner_name(parts[0], OwnerNameRules::apply) &&
         check_repo_name(parts[1]);
}

Result<> check_alias(const ApplyAlias& alias, const std::string& where, Given& seen) {
  if (!parse_repo_kind(alias.type))
    return wrong(where + ".type", "must be model, dataset, space or kernel.");
  if (!check_repo_name(alias.from) && !is_full_repo_name(alias.from))
    return wrong(where + ".from", "must be a name such as \"gpt2\" or \"owner/name\".");
  if (!is_full_repo_name(alias.to)) return wrong(where + ".to", "must be \"owner/name\".");
  if (name_key(alias.from) == name_key(alias.to))
    return wrong(where + ".to", "an alias must not lead to itself.");
  if (!seen.aliases.insert({alias.type, name_key(alias.from)}).second)
    return wrong(where + ".from", "this alias appears twice in the file.");
  return {};
}

std::size_t entries(const ApplyFile& file) {
  std::size_t count = file.users.size() + file.orgs.size() + file.aliases.size();
  for (const auto& user : file.users) count += user.tokens.size() + user.session_cookies.size();
  for (const auto& org : file.orgs) count += org.members ? org.members->size() : 0;
  return count;
}

}  // namespace

Result<ApplyFile> read_apply_file(std::string_view text) {
  if (text.size() > apply_bytes_max)
    return fail(ErrorCode::too_large, "InvalidApplyFile",
                "The file has more than " + human_bytes(apply_bytes_max) +
                    ". Split it; nothing was changed.");
  auto value = parse_json(text);
  if (!value) return wrong("file", value.error());
  CAIRN_CHECK(check_all_keys(*value));
  auto file = read_json<ApplyFile>(*value);
  if (!file)
    return fail(ErrorCode::invalid_argument, "InvalidApplyFile",
                file.error().message + " Nothing was changed.");
  if (entries(*file) > apply_entries_max)
    return fail(ErrorCode::too_large, "InvalidApplyFile",
                "The file has more than " + std::to_string(apply_entries_max) +
                    " entries. Split it; nothing was changed.");
  Given seen;
  for (std::size_t i = 0; i < file->users.size(); ++i)
    CAIRN_CHECK(check_user(file->users[i], at("users", i), seen));
  for (std::size_t i = 0; i < file->orgs.size(); ++i)
    CAIRN_CHECK(check_organization(file->orgs[i], at("orgs", i), seen));
  for (std::size_t i = 0; i < file->aliases.size(); ++i)
    CAIRN_CHECK(check_alias(file->aliases[i], at("aliases", i), seen));
  return file;
}

}  // namespace cairn::account
