#include "base/bytes.h"
#include "base/random.h"
#include "hub/oauth/oauth.h"
#include "hub/oauth/store.h"

// The token endpoint: codes, devices and refresh tokens become access tokens.
namespace cairn::oauth {
namespace {

Error grant_error(std::string message) {
  return {ErrorCode::invalid_argument, "InvalidGrant", std::move(message)};
}

/// An answer that commits what was remembered.
Result<Outcome> answered(Error error) {
  return Outcome(std::unexpected(std::move(error)));
}

/// The entity whose repositories a token may touch.
account::Entity entity_of(const account::Profile& profile, OwnerId id, OwnerKind kind) {
  account::Entity out;
  out.kind =
      kind == OwnerKind::user ? account::Entity::Kind::user : account::Entity::Kind::organization;
  out.name = profile.name;
  out.id = profile.public_id;
  out.owner = id;
  return out;
}

}  // namespace

Result<Issued> Provider::issue(db::Tx& tx, GrantId id, std::string_view nonce) {
  auto grant = store::grant(tx, id);
  if (!grant || grant->revoked_at)
    return fail(grant_error("The consent was withdrawn. Sign in again."));
  auto client = store::client(tx, grant->client);
  CAIRN_TRY(user, account::find_user(tx, grant->user));
  if (!client || user.disabled_at) return fail(grant_error("The account or application is gone."));

  account::NewToken wanted;
  wanted.name = client->name;
  wanted.value = "hf_oauth_" + random_alphanumeric(43);
  wanted.expires_at = tx.now() + access_life;
  wanted.delegated = true;
  if (grant->whole_account) {
    wanted.role = account::TokenRole::write;
  } else {
    wanted.role = account::TokenRole::fine_grained;
    std::vector<account::Entity> organizations;
    for (auto organization : grant->organizations)
      if (auto known = account::find_organization(tx, organization))
        organizations.push_back(entity_of(*known, owner_of(organization), OwnerKind::organization));
    wanted.scopes = permissions_of(
        grant->scopes, entity_of(user, owner_of(user.id), OwnerKind::user), organizations);
  }
  CAIRN_TRY(created, account::create_token(tx, user.id, wanted));
  store::insert_access(tx, created.token.id, id);

  Issued out;
  out.access_token = created.value;
  out.refresh_token = "hf_refresh_" + random_alphanumeric(43);
  store::insert_refresh(tx, sha256(out.refresh_token), id, tx.now() + refresh_life);
  store::touch_grant(tx, id);
  out.expires_in_s = access_life.us / 1'000'000;
  out.scopes = grant->scopes;
  out.whole_account = grant->whole_account;
  if (has_scope(grant->scopes, "openid")) {
    auto claims = claims_about(tx, user, &grant->scopes);
    claims["iss"] = options_.public_url;
    claims["aud"] = client->client_id;
    claims["iat"] = tx.now().seconds();
    claims["exp"] = tx.now().seconds() + out.expires_in_s;
    if (!nonce.empty()) claims["nonce"] = nonce;
    out.id_claims = std::move(claims);
  }
  return out;
}

Result<Outcome> Provider::exchange_code(db::Tx& tx, const ClientProof& proof, std::string_view code,
                                        std::string_view redirect_uri, std::string_view verifier) {
  auto hash = sha256(code);
  auto row = store::code(tx, hash);
  if (!row) return answered(grant_error("The code is unknown or expired. Start again."));
  // The user's row orders two uses of one code.
  tx.lock_row(db::Lockable::owner, row->user.value);
  row = store::code(tx, hash);
  auto client = row ? store::client(tx, row->client) : std::nullopt;
  if (!client) return answered(grant_error("The code is unknown or expired. Start again."));
  if (auto proved = prove(tx, *client, proof, !row->challenge.empty()); !proved)
    return answered(proved.error());
  if (row->grant) {
    // RFC 6749, 4.1.2: a code used twice was stolen; what came of it ends.
    CAIRN_CHECK(end_grant(tx, *row->grant, row->user));
    return answered(grant_error("The code was used before, so its tokens were revoked."));
  }
  if (row->expires_at <= tx.now())
    return answered(grant_error("The code is expired. Start again."));
  if (row->redirect_uri != redirect_uri)
    return answered(
        grant_error("The redirect_uri is not the one that the code was asked for with."));
  if (!row->challenge.empty() &&
      !equal_constant_time(base64url_encode(sha256(verifier).view()), row->challenge))
    return answered(grant_error("The code_verifier does not match the code_challenge."));
  store::GrantRow grant;
  grant.public_id = make_public_id();
  grant.client = row->client;
  grant.user = row->user;
  grant.scopes = row->scopes;
  grant.organizations = row->organizations;
  grant.id = store::insert_grant(tx, grant);
  store::use_code(tx, hash, grant.id);
  CAIRN_TRY(issued, issue(tx, grant.id, row->nonce));
  return Outcome(std::move(issued));
}

Result<Outcome> Provider::poll_device(db::Tx& tx, const ClientProof& proof,
                                      std::string_view device_code) {
  auto error = [](std::string word, std::string message) {
    return answered({ErrorCode::invalid_argument, std::move(word), std::move(message)});
  };
  auto row = store::device(tx, sha256(device_code));
  if (row && row->user) {
    tx.lock_row(db::Lockable::owner, row->user->value);  // Two polls, one token.
    row = store::device(tx, sha256(device_code));
  }
  auto client = row ? store::client(tx, row->client) : std::nullopt;
  if (!client) return error("ExpiredToken", "The code is unknown or expired. Start again.");
  if (auto proved = prove(tx, *client, proof, false); !proved) return answered(proved.error());
  if (row->state == store::DeviceState::used)
    return answered(grant_error("The device has its token already."));
  if (row->state == store::DeviceState::denied)
    return error("AccessDenied", "The person did not let this device sign in.");
  if (row->expires_at <= tx.now())
    return error("ExpiredToken", "Nobody answered within 15 minutes. Start again.");
  if (row->state == store::DeviceState::waiting) {
    // RFC 8628, 3.5: a client that asks too often waits 5 seconds more from then on. A second of
    // tolerance for clocks and networks.
    bool early = row->polled_at && tx.now() < *row->polled_at + seconds(row->interval_s - 1);
    store::poll_device(tx, row->id,
                       early ? std::min<std::int64_t>(row->interval_s + 5, 60) : row->interval_s);
    if (early) return error("SlowDown", "Ask at most every 5 seconds.");
    return error("AuthorizationPending", "The person has not answered yet.");
  }
  store::GrantRow grant;
  grant.public_id = make_public_id();
  grant.client = row->client;
  grant.user = *row->user;
  grant.scopes = row->scopes;
  // The command line asks for no scope and means its user.
  grant.whole_account = client->built_in && row->scopes.empty();
  grant.id = store::insert_grant(tx, grant);
  store::decide_device(tx, row->id, store::DeviceState::used, row->user);
  CAIRN_TRY(issued, issue(tx, grant.id, ""));
  return Outcome(std::move(issued));
}

Result<Outcome> Provider::refresh(db::Tx& tx, const ClientProof& proof,
                                  std::string_view refresh_token) {
  auto hash = sha256(refresh_token);
  auto row = store::refresh(tx, hash);
  auto grant = row ? store::grant(tx, row->grant) : std::nullopt;
  if (!grant || grant->revoked_at)
    return answered(grant_error("The refresh token is unknown or revoked. Sign in again."));
  tx.lock_row(db::Lockable::owner, grant->user.value);
  row = store::refresh(tx, hash);
  auto client = store::client(tx, grant->client);
  if (!row || !client || row->expires_at <= tx.now())
    return answered(grant_error("The refresh token is expired. Sign in again."));
  if (auto proved = prove(tx, *client, proof, false); !proved) return answered(proved.error());
  if (row->used_at && tx.now() > *row->used_at + refresh_again) {
    // RFC 9700, 4.14.2: used again long after, it was stolen by one of the two.
    CAIRN_CHECK(end_grant(tx, grant->id, grant->user));
    return answered(grant_error("The refresh token was used before, so the sign-in has ended."));
  }
  store::use_refresh(tx, hash);
  auto issued = issue(tx, grant->id, "");
  if (!issued && issued.error().word == "InvalidGrant") return answered(issued.error());
  if (!issued) return std::unexpected(issued.error());
  return Outcome(*std::move(issued));
}

Result<> Provider::revoke(db::Tx& tx, std::string_view token) {
  if (auto row = store::refresh(tx, sha256(token))) {
    if (auto grant = store::grant(tx, row->grant)) return end_grant(tx, grant->id, grant->user);
    return {};
  }
  // Only tokens that came from here: an access token of its user's own making is not the client's.
  if (!token.starts_with("hf_oauth_")) return {};
  CAIRN_CHECK(accounts_.revoke_token_value(tx, token));
  return {};
}

Result<> Provider::end_grant(db::Tx& tx, GrantId grant, UserId user) {
  for (auto token : store::tokens_of(tx, grant))
    if (auto ended = accounts_.revoke_token(tx, user, token);
        !ended && ended.error().code != ErrorCode::not_found)
      return ended;
  store::end_grant(tx, grant);
  return {};
}

std::vector<Grant> Provider::grants_of(db::Tx& tx, UserId user) {
  std::vector<Grant> out;
  for (auto& row : store::grants_of(tx, user)) {
    auto client = store::client(tx, row.client);
    if (!client) continue;
    out.push_back({row.id, row.public_id, row.user, *std::move(client), row.scopes,
                   row.whole_account, row.organizations, row.created_at, row.last_used_at});
  }
  return out;
}

Result<> Provider::revoke_grant(db::Tx& tx, UserId user, const PublicId& id) {
  auto grant = store::grant(tx, id);
  if (!grant || grant->user != user || grant->revoked_at)
    return fail(ErrorCode::not_found, "GrantNotFound",
                "No application with this consent is connected to your account.");
  return end_grant(tx, grant->id, user);
}

Result<> Provider::tidy(db::Tx& tx) {
  for (auto token : store::tokens_over(tx, 500))
    if (auto known = account::find_token(tx, token))
      CAIRN_CHECK(accounts_.revoke_token(tx, known->user, token));
  // An hour more: what was used twice is told from what never was.
  store::forget_expired(tx, tx.now() - hours(1));
  store::forget_unused_clients(tx, tx.now() - unused_client_life);
  return {};
}

}  // namespace cairn::oauth
