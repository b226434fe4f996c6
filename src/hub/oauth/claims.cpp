#include "hub/oauth/oauth.h"
#include "hub/oauth/store.h"

// What is told about a person: OpenID Connect Core 5.1, with the Hub's additions (hub-api.md 14).
namespace cairn::oauth {
namespace {

std::string picture_of(const std::string& public_url, const account::Profile& profile) {
  return profile.avatar.value_or(public_url + "/api/-/v1/avatars/" + profile.public_id.hex +
                                 ".svg");
}

json::object organization_claims(const std::string& public_url, const account::Membership& member) {
  const auto& organization = member.organization;
  return {{"sub", organization.public_id.hex},
          {"name", organization.full_name},
          {"preferred_username", organization.name},
          {"picture", picture_of(public_url, organization)},
          {"plan", json::string_view(account::to_string(organization.plan))},
          {"isEnterprise", organization.plan == account::Plan::enterprise},
          {"canPay", false},
          {"roleInOrg", json::string_view(account::to_string(member.role))}};
}

/// Of the program that holds the actor's token; none for a person's own credentials.
std::optional<std::vector<std::string>> scopes_of(db::Tx& tx, const account::Actor& actor) {
  auto grant_id = actor.token ? store::grant_of(tx, *actor.token) : std::nullopt;
  auto grant = grant_id ? store::grant(tx, *grant_id) : std::nullopt;
  if (!grant || grant->whole_account) return std::nullopt;
  return std::move(grant->scopes);
}

}  // namespace

/// @param scopes  null for the person's own credentials: everything.
json::object Provider::claims_about(db::Tx& tx, const account::User& user,
                                    const std::vector<std::string>* scopes) {
  auto may = [&](std::string_view scope) { return !scopes || has_scope(*scopes, scope); };
  json::object out{{"sub", user.public_id.hex}};
  if (may("profile")) {
    out["name"] = user.full_name;
    out["preferred_username"] = user.name;
    out["profile"] = options_.public_url + "/" + user.name;
    out["picture"] = picture_of(options_.public_url, user);
    out["isPro"] = user.plan != account::Plan::free;
  }
  if (may("email") && user.email) {
    out["email"] = *user.email;
    out["email_verified"] = user.email_verified_at.has_value();
  }
  // Clients of the Hub expect the list with the profile.
  if (may("profile") || may("read-memberships")) {
    json::array organizations;
    for (const auto& member : account::memberships(tx, user.id))
      organizations.push_back(organization_claims(options_.public_url, member));
    out["orgs"] = std::move(organizations);
  }
  return out;
}

Result<json::object> Provider::userinfo(db::Tx& tx, const account::Actor& actor) {
  if (!actor.has_user())
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "Nobody is signed in. Send a token: Authorization: Bearer hf_oauth_…");
  CAIRN_TRY(user, account::find_user(tx, actor.user));
  auto scopes = scopes_of(tx, actor);
  return claims_about(tx, user, scopes ? &*scopes : nullptr);
}

bool tells_email(db::Tx& tx, const account::Actor& actor) {
  auto scopes = scopes_of(tx, actor);
  return !scopes || has_scope(*scopes, "email");
}

}  // namespace cairn::oauth
