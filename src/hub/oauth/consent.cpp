#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "hub/oauth/oauth.h"
#include "hub/oauth/redirect.h"
#include "hub/oauth/store.h"

// Consent: what a person lets a program do.
namespace cairn::oauth {
namespace {

Result<> check_session(const account::Actor& actor) {
  if (!actor.has_user())
    return fail(ErrorCode::unauthenticated, "Unauthenticated",
                "Nobody is signed in. Sign in, and the question is asked again.");
  if (actor.kind != account::ActorKind::user)
    return fail(ErrorCode::forbidden, "SessionRequired",
                "Only a person who is signed in can answer this, not a token.");
  return {};
}

/// RFC 7636, 4.2: the base64url of a SHA-256.
bool is_challenge(std::string_view text) {
  auto bytes = base64url_decode(text);
  return text.size() == 43 && bytes && bytes->size() == 32;
}

Result<> check_request(const Client& client, const AuthorizeRequest& in) {
  auto refused = [](std::string word, std::string why) {
    return fail(ErrorCode::unprocessable, std::move(word), std::move(why));
  };
  if (in.response_type != "code")
    return refused("UnsupportedResponseType", "The response_type must be \"code\".");
  if (in.state.size() > state_bytes_max || in.nonce.size() > state_bytes_max)
    return refused("InvalidRequest", "state and nonce have at most " +
                                         std::to_string(state_bytes_max) + " bytes each.");
  // RFC 9700, 2.1.1: public clients must use PKCE, and "plain" protects nothing.
  if (in.code_challenge.empty() && !client.confidential)
    return refused("InvalidRequest", "Send a code_challenge with code_challenge_method=S256.");
  if (!in.code_challenge.empty() && in.code_challenge_method != "S256")
    return refused("InvalidRequest", "The code_challenge_method must be \"S256\".");
  if (!in.code_challenge.empty() && !is_challenge(in.code_challenge))
    return refused("InvalidRequest", "The code_challenge is not the base64url of a SHA-256.");
  return {};
}

Result<std::vector<std::string>> scopes_for(const Client& client, const AuthorizeRequest& in) {
  CAIRN_TRY(asked, parse_scopes(in.scope));
  std::erase_if(asked, [&](const auto& scope) { return !has_scope(client.scopes, scope); });
  return std::move(asked);
}

}  // namespace

/// A wrong client or redirect URI is for the person's eyes: sending the browser anywhere would make
/// the hub an open redirector (RFC 6749, 4.1.2.1).
Result<Client> Provider::checked_client(db::Tx& tx, const AuthorizeRequest& in) {
  CAIRN_TRY(client, client_for(tx, in.client_id));
  if (in.redirect_uri.size() > redirect_uri_bytes_max ||
      !redirect_allowed(in.redirect_uri, client.redirect_uris))
    return fail(ErrorCode::invalid_argument, "InvalidRedirect",
                "The redirect_uri is none of those that the application registered.");
  return std::move(client);
}

Result<Consent> Provider::ask(db::Tx& tx, const account::Actor& actor, const AuthorizeRequest& in) {
  CAIRN_TRY(client, checked_client(tx, in));
  CAIRN_CHECK(check_request(client, in));
  CAIRN_CHECK(check_session(actor));
  Consent out;
  CAIRN_TRY(scopes, scopes_for(client, in));
  out.scopes = scopes;
  out.redirect_host = oauth::redirect_host(in.redirect_uri);
  out.organizations = account::memberships(tx, actor.user);
  out.approved_before =
      std::ranges::any_of(store::grants_of(tx, actor.user), [&](const store::GrantRow& grant) {
        return grant.client == client.id && covers(grant.scopes, scopes);
      });
  out.client = std::move(client);
  return out;
}

Result<std::string> Provider::approve(db::Tx& tx, const account::Actor& actor,
                                      const AuthorizeRequest& in,
                                      const std::vector<std::string>& organizations) {
  CAIRN_TRY(client, checked_client(tx, in));
  CAIRN_CHECK(check_request(client, in));
  CAIRN_CHECK(check_session(actor));
  store::CodeRow row;
  for (const auto& member : account::memberships(tx, actor.user))
    if (std::ranges::find(organizations, member.organization.public_id.hex) != organizations.end())
      row.organizations.push_back(member.organization.id);
  if (row.organizations.size() != organizations.size())
    return fail(ErrorCode::invalid_argument, "OrganizationNotFound",
                "One of the organizations is not among yours. Ask for the consent data again.");
  std::string code = random_alphanumeric(43);
  row.hash = sha256(code);
  row.client = client.id;
  row.user = actor.user;
  row.redirect_uri = in.redirect_uri;
  CAIRN_TRY(scopes, scopes_for(client, in));
  row.scopes = scopes;
  row.challenge = in.code_challenge;
  row.nonce = in.nonce;
  row.expires_at = tx.now() + code_life;
  store::insert_code(tx, row);
  std::vector<std::pair<std::string, std::string>> parameters{{"code", code}};
  if (!in.state.empty()) parameters.emplace_back("state", in.state);
  parameters.emplace_back("iss", options_.public_url);
  return with_parameters(in.redirect_uri, parameters);
}

std::optional<std::string> Provider::error_redirect(db::Tx& tx, const AuthorizeRequest& in,
                                                    std::string_view error,
                                                    std::string_view description) {
  if (!checked_client(tx, in)) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> parameters{
      {"error", std::string(error)}, {"error_description", std::string(description)}};
  if (!in.state.empty() && in.state.size() <= state_bytes_max)
    parameters.emplace_back("state", in.state);
  parameters.emplace_back("iss", options_.public_url);
  return with_parameters(in.redirect_uri, parameters);
}

// ---- Devices -----------------------------------------------------------------------------------

namespace {

/// Consonants only, so that no word comes out (RFC 8628, 6.1): 20^8 codes.
std::string make_user_code() {
  constexpr std::string_view letters = "BCDFGHJKLMNPQRSTVWXZ";
  std::string out;
  while (out.size() < 8)
    for (char c : random_bytes(16)) {
      auto value = static_cast<unsigned char>(c);
      // 240 is the largest multiple of 20 in a byte: each letter equally likely.
      if (value < 240 && out.size() < 8) out += letters[value % letters.size()];
    }
  return out;
}

std::string with_dash(const std::string& code) {
  return code.substr(0, 4) + "-" + code.substr(4);
}

/// As people type it: any case, with or without separators.
std::string plain_user_code(std::string_view typed) {
  std::string out;
  for (char c : typed.substr(0, 40))
    if (c != '-' && c != ' ') out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

Failure device_not_found() {
  return fail(ErrorCode::not_found, "DeviceNotFound",
              "No sign-in waits for this code. Codes live 15 minutes; start again on the device.");
}

Result<store::DeviceRow> waiting_device(db::Tx& tx, std::string_view user_code) {
  auto row = store::device_by_code(tx, plain_user_code(user_code));
  if (!row || row->state != store::DeviceState::waiting || row->expires_at <= tx.now())
    return device_not_found();
  return *std::move(row);
}

}  // namespace

Result<NewDevice> Provider::start_device(db::Tx& tx, std::string_view client_id,
                                         std::string_view scope, std::string_view address,
                                         std::string_view user_agent) {
  CAIRN_TRY(client, client_for(tx, client_id));
  CAIRN_TRY(scopes, parse_scopes(scope));
  if (!client.built_in)
    std::erase_if(scopes, [&](const auto& word) { return !has_scope(client.scopes, word); });
  if (store::count_waiting(tx) >= static_cast<std::int64_t>(devices_waiting_max)) {
    Error full{ErrorCode::rate_limited, "TooManyDevices",
               "Too many sign-ins wait for an answer. Try again in some minutes."};
    full.retry_after_s = 300;
    return std::unexpected(std::move(full));
  }
  NewDevice out{random_alphanumeric(43), make_user_code()};
  store::DeviceRow row;
  row.hash = sha256(out.device_code);
  row.user_code = out.user_code;
  row.client = client.id;
  row.scopes = scopes;
  row.address = address;
  row.user_agent = user_agent.substr(0, 300);
  row.expires_at = tx.now() + device_life;
  store::insert_device(tx, row);
  out.user_code = with_dash(out.user_code);
  return out;
}

Result<DeviceRequest> Provider::find_device(db::Tx& tx, const account::Actor& actor,
                                            std::string_view user_code) {
  CAIRN_CHECK(check_session(actor));
  CAIRN_TRY(row, waiting_device(tx, user_code));
  auto client = store::client(tx, row.client);
  if (!client) return device_not_found();
  return DeviceRequest{*client,       row.scopes,     with_dash(row.user_code),
                       row.address,   row.user_agent, row.created_at,
                       row.expires_at};
}

Result<> Provider::decide_device(db::Tx& tx, const account::Actor& actor,
                                 std::string_view user_code, bool approve) {
  CAIRN_CHECK(check_session(actor));
  CAIRN_TRY(row, waiting_device(tx, user_code));
  store::decide_device(
      tx, row.id, approve ? store::DeviceState::approved : store::DeviceState::denied, actor.user);
  return {};
}

}  // namespace cairn::oauth
