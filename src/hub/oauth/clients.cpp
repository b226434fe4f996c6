#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "hub/oauth/oauth.h"
#include "hub/oauth/redirect.h"
#include "hub/oauth/store.h"

// Clients: who they are, and how they prove it.
namespace cairn::oauth {
namespace {

/// Version 4 (RFC 9562, 5.4): the form that the reference's ids have.
std::string make_uuid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string hex = hex_encode(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

Result<> check_new(const NewClient& in) {
  auto plain = [](std::string_view text) {
    return is_valid_utf8(text) && std::ranges::none_of(text, [](char c) {
             return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
  };
  if (trim(in.name).empty() || in.name.size() > client_name_bytes_max || !plain(in.name))
    return fail(ErrorCode::invalid_argument, "InvalidClientName",
                "The name of an application has 1 to " + std::to_string(client_name_bytes_max) +
                    " bytes on one line.");
  if (in.redirect_uris.empty() || in.redirect_uris.size() > redirect_uris_max)
    return fail(ErrorCode::invalid_argument, "InvalidRedirect",
                "An application has 1 to " + std::to_string(redirect_uris_max) + " redirect URIs.");
  for (const auto& uri : in.redirect_uris) CAIRN_CHECK(check_redirect_uri(uri));
  if (!in.homepage.empty() &&
      (in.homepage.size() > redirect_uri_bytes_max || !plain(in.homepage) ||
       !(in.homepage.starts_with("https://") || in.homepage.starts_with("http://"))))
    return fail(ErrorCode::invalid_argument, "InvalidHomepage",
                "The homepage of an application begins with https:// or http://.");
  return {};
}

Result<> check_room(db::Tx& tx, const account::Actor& actor, const NewClient& in) {
  if (!actor.has_user()) {
    if (in.confidential)
      return fail(ErrorCode::unauthenticated, "Unauthenticated",
                  "Sign in to register an application with a secret; one without needs nobody.");
    if (store::count_anonymous_clients(tx) >= static_cast<std::int64_t>(anonymous_clients_max))
      return fail(ErrorCode::rate_limited, "TooManyClients",
                  "Too many applications wait for their first use. Try again tomorrow.");
    return {};
  }
  tx.lock_row(db::Lockable::owner, actor.user.value);
  if (store::count_clients(tx, actor.user) >= static_cast<std::int64_t>(clients_per_user_max))
    return fail(ErrorCode::conflict, "TooManyClients",
                "A user has at most " + std::to_string(clients_per_user_max) +
                    " applications. Delete one that is not needed.");
  return {};
}

}  // namespace

Result<RegisteredClient> Provider::register_client(db::Tx& tx, const account::Actor& actor,
                                                   const NewClient& in) {
  CAIRN_CHECK(check_new(in));
  // Who registers becomes the owner and reads the secret: not for a token that may only read.
  if (actor.kind == account::ActorKind::token && actor.token_role != account::TokenRole::write)
    return fail(ErrorCode::forbidden, "Forbidden",
                "Registering an application takes a session or a token with role write.");
  CAIRN_CHECK(check_room(tx, actor, in));
  RegisteredClient out;
  Client& client = out.client;
  client.client_id = make_uuid();
  client.name = std::string(trim(in.name));
  client.homepage = in.homepage;
  client.redirect_uris = in.redirect_uris;
  client.scopes = in.scopes;
  client.confidential = in.confidential;
  client.created_at = tx.now();
  if (actor.has_user()) client.owner = actor.user;
  std::optional<Sha256Digest> hash;
  if (in.confidential) {
    out.secret = "oauth_app_secret_" + random_alphanumeric(43);  // 256 bits.
    hash = sha256(out.secret);
  }
  client.id = store::insert_client(tx, client, hash);
  return out;
}

std::vector<Client> Provider::clients_of(db::Tx& tx, UserId owner) {
  return store::clients_of(tx, owner);
}

Result<> Provider::delete_client(db::Tx& tx, UserId owner, std::string_view client_id) {
  auto client = store::client(tx, client_id);
  if (!client || client->owner != owner)
    return fail(ErrorCode::not_found, "ClientNotFound", "You have no such application.");
  for (const auto& grant : store::grants_of(tx, client->id))
    CAIRN_CHECK(end_grant(tx, grant.id, grant.user));
  store::end_client(tx, client->id);
  return {};
}

Result<Client> Provider::client_for(db::Tx& tx, std::string_view client_id) {
  auto client = store::client(tx, client_id);
  if (!client)
    return fail(ErrorCode::invalid_argument, "InvalidClient",
                "There is no application with this client_id on this hub.");
  return *std::move(client);
}

/// At the token endpoint: a confidential client shows its secret, a public one its PKCE verifier,
/// or a code or token that only it can have.
Result<> Provider::prove(db::Tx& tx, const Client& client, const ClientProof& proof, bool pkce) {
  auto refused = [](std::string why) {
    return fail(ErrorCode::bad_credentials, "InvalidClient", std::move(why));
  };
  if (!proof.client_id.empty() && proof.client_id != client.client_id)
    return refused("The client_id is another application's.");
  if (!client.confidential) return {};
  // A confidential client may go without its secret where PKCE ties the code to it: what browsers
  // of applications with a secret do.
  if (!proof.secret && pkce) return {};
  if (!proof.secret)
    return refused("The application has a secret. Send it by Basic authentication.");
  auto stored = store::secret_of(tx, client.id);
  if (!stored || !equal_constant_time(sha256(*proof.secret).view(), *stored))
    return refused("The secret of the application is wrong.");
  return {};
}

}  // namespace cairn::oauth
