#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/account/account.h"
#include "hub/oauth/scope.h"
#include "platform/db/db.h"

/// The hub as an OAuth 2.0 authorization server and OpenID provider (RFC 6749, 7636, 8628, 7591;
/// OpenID Connect Core 1.0): other programs sign people in here, and act for them within what they
/// consented to. An access token is a row of hub/account like any other, so everything that knows
/// tokens knows it.
namespace cairn::oauth {

[[nodiscard]] std::vector<db::Migration> oauth_migrations();

/// The published Python client's own id, which it sends to every hub (`hf auth login`).
constexpr std::string_view command_line_client = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";

constexpr Duration code_life = minutes(5);  // RFC 6749, 4.1.2: at most ten.
constexpr Duration device_life = minutes(15);
constexpr int device_interval_s = 5;
constexpr Duration access_life = hours(8);
constexpr Duration refresh_life = days(90);
/// Two processes that share a stored login may refresh at once: the second is not an attack.
constexpr Duration refresh_again = minutes(1);

constexpr std::size_t redirect_uris_max = 20;
constexpr std::size_t redirect_uri_bytes_max = 2000;
constexpr std::size_t client_name_bytes_max = 100;
constexpr std::size_t clients_per_user_max = 100;
/// Registered by nobody in particular (RFC 7591 without a token). Those that nobody used within
/// `unused_client_life` are forgotten.
constexpr std::size_t anonymous_clients_max = 5000;
constexpr Duration unused_client_life = days(30);
constexpr std::size_t devices_waiting_max = 10'000;
constexpr std::size_t state_bytes_max = 4000;

using ClientRow = Id<struct OAuthClientTag>;
using GrantId = Id<struct OAuthGrantTag>;

/// A program that people sign in to with this hub.
struct Client {
  ClientRow id;
  std::string client_id;  ///< A UUID; on the wire.
  std::string name;
  std::string homepage;         ///< URL; may be empty.
  std::optional<UserId> owner;  ///< Who registered it.
  std::vector<std::string> redirect_uris;
  std::vector<std::string> scopes;  ///< The most that it may ask for.
  bool confidential = false;        ///< Has a secret; else it must use PKCE.
  bool built_in = false;
  Time created_at;
};

struct NewClient {
  std::string name;
  std::string homepage;
  std::vector<std::string> redirect_uris;
  std::vector<std::string> scopes;
  bool confidential = false;
};
struct RegisteredClient {
  Client client;
  std::string secret;  ///< Shown once; empty for public clients.
};

/// Of an authorization request (RFC 6749, 4.1.1; RFC 7636, 4.3), all as sent.
struct AuthorizeRequest {
  std::string client_id, redirect_uri, response_type, scope, state;
  std::string code_challenge, code_challenge_method, nonce;
};

/// What the consent page shows.
struct Consent {
  Client client;
  std::vector<std::string> scopes;                 ///< Known, and allowed to the client.
  std::string redirect_host;                       ///< Where the browser goes afterwards.
  std::vector<account::Membership> organizations;  ///< That can be included.
  bool approved_before = false;  ///< The same program got at least this much already.
};

struct NewDevice {
  std::string device_code;
  std::string user_code;  ///< "BCDF-GHJK".
};
/// What the device page shows, for comparing before approving.
struct DeviceRequest {
  Client client;
  std::vector<std::string> scopes;  ///< Empty: everything that the user may do.
  std::string user_code, address, user_agent;
  Time created_at, expires_at;
};

/// The client as it names and proves itself at the token endpoint.
struct ClientProof {
  std::string client_id;  ///< May be empty with a code or refresh token, which name it.
  std::optional<std::string> secret;
};

struct Issued {
  std::string access_token;
  std::string refresh_token;
  std::int64_t expires_in_s = 0;
  std::vector<std::string> scopes;
  bool whole_account = false;  ///< The command line's: everything that the user may do.
  /// With scope openid: the claims of the ID token, to be signed by `sign_id_token`.
  std::optional<json::object> id_claims;
};
/// Outer errors roll back; an inner one is answered after what had to be remembered was committed
/// (a code used twice ends its tokens, a poll that came too early counts).
/// Words are RFC 6749's 5.2 and RFC 8628's 3.5: "InvalidGrant", "InvalidClient",
/// "UnauthorizedClient", "AuthorizationPending", "SlowDown", "ExpiredToken", "AccessDenied".
using Outcome = Result<Issued>;

/// One consent: a person, a program, and how much.
struct Grant {
  GrantId id;
  PublicId public_id;
  UserId user;
  Client client;
  std::vector<std::string> scopes;
  bool whole_account = false;
  std::vector<OrgId> organizations;
  Time created_at;
  std::optional<Time> last_used_at;
};

/// Whether the actor's credential may be told its user's address: a program's only with the scope
/// email.
[[nodiscard]] bool tells_email(db::Tx& tx, const account::Actor& actor);

struct ProviderOptions {
  std::string public_url;  ///< Also the issuer. Without '/' at its end.
};

/// Thread-safe; references outlive it. Functions that take a `Tx` run inside the caller's
/// transaction, those for people want an actor who is signed in with a session: a token cannot
/// consent to others (`forbidden`, word "SessionRequired").
class Provider {
 public:
  Provider(db::Database& database, Blocking& blocking, const Keyring& keyring,
           account::Accounts& accounts, ProviderOptions options);
  [[nodiscard]] const ProviderOptions& options() const { return options_; }

  // ---- Clients ----
  /// @param actor  its user becomes the owner; anonymous ones may register public clients.
  /// @return `invalid_argument` ("InvalidRedirect", "InvalidClientName"), `conflict`
  ///         ("TooManyClients"), `unauthenticated`.
  Result<RegisteredClient> register_client(db::Tx& tx, const account::Actor& actor,
                                           const NewClient& client);
  [[nodiscard]] std::vector<Client> clients_of(db::Tx& tx, UserId owner);
  /// Its grants end with it. @return `not_found`, word "ClientNotFound".
  Result<> delete_client(db::Tx& tx, UserId owner, std::string_view client_id);

  // ---- Consent ----
  /// @return before the redirect URI is known to be the client's: `invalid_argument`, words
  ///         "InvalidClient", "InvalidRedirect", for the person; afterwards words of RFC 6749
  ///         4.1.2.1 ("InvalidRequest", "UnsupportedResponseType", "InvalidScope"), which
  ///         `error_redirect` brings to the client.
  Result<Consent> ask(db::Tx& tx, const account::Actor& actor, const AuthorizeRequest& request);
  /// @param organizations  public ids of those that the person includes.
  /// @return the URL to send the browser to, with `code`, `state` and `iss` (RFC 9207).
  Result<std::string> approve(db::Tx& tx, const account::Actor& actor,
                              const AuthorizeRequest& request,
                              const std::vector<std::string>& organizations);
  /// The URL with `error`, when the request's redirect URI may be used at all.
  std::optional<std::string> error_redirect(db::Tx& tx, const AuthorizeRequest& request,
                                            std::string_view error, std::string_view description);

  // ---- Devices ----
  /// @return `invalid_argument` "InvalidClient"; `rate_limited`.
  Result<NewDevice> start_device(db::Tx& tx, std::string_view client_id, std::string_view scope,
                                 std::string_view address, std::string_view user_agent);
  /// @return `not_found`, word "DeviceNotFound": unknown, used or too old.
  Result<DeviceRequest> find_device(db::Tx& tx, const account::Actor& actor,
                                    std::string_view user_code);
  Result<> decide_device(db::Tx& tx, const account::Actor& actor, std::string_view user_code,
                         bool approve);

  // ---- Tokens ----
  Result<Outcome> exchange_code(db::Tx& tx, const ClientProof& proof, std::string_view code,
                                std::string_view redirect_uri, std::string_view verifier);
  Result<Outcome> poll_device(db::Tx& tx, const ClientProof& proof, std::string_view device_code);
  Result<Outcome> refresh(db::Tx& tx, const ClientProof& proof, std::string_view refresh_token);
  /// RFC 7009: an access or refresh token; unknown ones are fine.
  Result<> revoke(db::Tx& tx, std::string_view token);

  [[nodiscard]] std::vector<Grant> grants_of(db::Tx& tx, UserId user);
  /// Ends its tokens at once. @return `not_found`, word "GrantNotFound".
  Result<> revoke_grant(db::Tx& tx, UserId user, const PublicId& grant);

  /// Claims about the actor, as its token's scopes allow; all of them for other credentials.
  /// @return `unauthenticated`.
  Result<json::object> userinfo(db::Tx& tx, const account::Actor& actor);

  // ---- Keys ----
  /// Signs with the current key, made when there is none yet and replaced when it is old.
  Task<Result<std::string>> sign(json::object claims);
  /// {"keys": […]}: the current ones and those whose tokens may still be about.
  Task<Result<json::object>> key_set();

  /// Forgets codes, devices, refresh tokens and unused clients whose time is over. Called every
  /// minute.
  Result<> tidy(db::Tx& tx);

 private:
  Result<Client> client_for(db::Tx& tx, std::string_view client_id);
  Result<Client> checked_client(db::Tx& tx, const AuthorizeRequest& request);
  Result<> prove(db::Tx& tx, const Client& client, const ClientProof& proof, bool pkce);
  Result<Issued> issue(db::Tx& tx, GrantId grant, std::string_view nonce);
  Result<> end_grant(db::Tx& tx, GrantId grant, UserId user);
  Task<Result<std::string>> signing_key();
  json::object claims_about(db::Tx& tx, const account::User& user,
                            const std::vector<std::string>* scopes);

  db::Database& database_;
  Blocking& blocking_;
  const Keyring& keyring_;
  account::Accounts& accounts_;
  ProviderOptions options_;
};

}  // namespace cairn::oauth
