#include <algorithm>

#include "hub/publishers/publishers.h"

// What a token says, held against what is asked for: no database, no network.
namespace cairn::publishers {
namespace {

constexpr std::int64_t clocks_differ_s = 60;

Failure refused(std::string why) {
  return fail(ErrorCode::bad_credentials, "InvalidGrant", std::move(why));
}

std::optional<std::int64_t> seconds_of(const json::object& claims, std::string_view name) {
  auto* value = claims.if_contains(name);
  if (!value) return std::nullopt;
  // RFC 7519, 2: seconds, perhaps with a fraction.
  if (value->is_int64()) return value->get_int64();
  if (value->is_double() && value->get_double() > 0 && value->get_double() < 1e15)
    return static_cast<std::int64_t>(value->get_double());
  return std::nullopt;
}

bool is_for(const json::object& claims, std::string_view audience) {
  auto same = [&](const json::value& value) {
    auto* text = value.if_string();
    if (!text) return false;
    std::string_view view(*text);
    if (view.ends_with('/')) view.remove_suffix(1);
    return view == audience;
  };
  auto* value = claims.if_contains("aud");
  if (!value) return false;
  if (auto* list = value->if_array()) return std::ranges::any_of(*list, same);
  return same(*value);
}

/// Numbers and truth values as JSON writes them: GitLab's project ids are texts, others' are not.
std::optional<std::string> text_of(const json::value& value) {
  if (auto* text = value.if_string()) return std::string(*text);
  if (value.is_int64() || value.is_uint64() || value.is_bool()) return json::serialize(value);
  return std::nullopt;
}

}  // namespace

Result<> check_claims(const json::object& claims, std::string_view issuer,
                      std::string_view audience, Time now) {
  auto* iss = claims.if_contains("iss");
  if (!iss || !iss->is_string() || iss->get_string() != issuer)
    return refused("The token is of another issuer.");
  if (!is_for(claims, audience))
    return refused("The token is for another audience. Ask your CI for one with the audience " +
                   std::string(audience) + ".");
  auto ends = seconds_of(claims, "exp"), begins = seconds_of(claims, "nbf"),
       made = seconds_of(claims, "iat");
  if (!ends || *ends + clocks_differ_s <= now.seconds())
    return refused("The token has expired. Ask your CI for a new one.");
  for (auto since : {begins, made})
    if (since && *since - clocks_differ_s > now.seconds())
      return refused("The token is of the future. Compare the clocks.");
  return {};
}

bool match(const Claims& wanted, const json::object& claims) {
  return !wanted.empty() && std::ranges::all_of(wanted, [&](const auto& pair) {
    const auto& [name, value] = pair;
    auto* claim = claims.if_contains(name);
    auto text = claim ? text_of(*claim) : std::nullopt;
    if (!text) return false;
    if (!value.ends_with('*')) return *text == value;
    return text->starts_with(std::string_view(value).substr(0, value.size() - 1));
  });
}

}  // namespace cairn::publishers
