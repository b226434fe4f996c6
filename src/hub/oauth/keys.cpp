#include "base/random.h"
#include "hub/oauth/jwt.h"
#include "hub/oauth/oauth.h"
#include "hub/oauth/store.h"

// The keys that sign ID tokens: rows, sealed with the hub's root key.
namespace cairn::oauth {
namespace {

constexpr std::string_view seal_purpose = "oauth.signing_key";
constexpr Duration key_life = days(90);
/// Tokens of the key before live `access_life`, and others keep our key set for a while.
constexpr Duration key_published = days(97);

}  // namespace

Provider::Provider(db::Database& database, Blocking& blocking, const Keyring& keyring,
                   account::Accounts& accounts, ProviderOptions options)
    : database_(database),
      blocking_(blocking),
      keyring_(keyring),
      accounts_(accounts),
      options_(std::move(options)) {}

/// The newest key, made when there is none that is young enough.
Task<Result<std::string>> Provider::signing_key() {
  auto newest = [](db::Tx& tx) -> Result<std::vector<store::KeyRow>> {
    return store::keys(tx, tx.now() - key_life);
  };
  CAIRN_CO_TRY(rows, co_await database_.read(newest));
  if (rows.empty()) {
    // Made outside of the transaction: it takes longer than one may.
    auto make = [] { return Jwk::make_rsa(random_alphanumeric(16)).private_json(); };
    auto text = co_await blocking_.run(make);
    CAIRN_CO_TRY(key, Jwk::parse(text));
    auto insert = [this, id = key.key_id(),
                   text](db::Tx& tx) -> Result<std::vector<store::KeyRow>> {
      // Another node may have been faster; two keys are no harm, the newest signs.
      if (store::keys(tx, tx.now() - key_life).empty())
        store::insert_key(tx, id, keyring_.seal(seal_purpose, text));
      return store::keys(tx, tx.now() - key_life);
    };
    CAIRN_CO_TRY(made, co_await database_.write(insert));
    rows = std::move(made);
  }
  co_return keyring_.open(seal_purpose, rows.front().sealed);
}

Task<Result<std::string>> Provider::sign(json::object claims) {
  CAIRN_CO_TRY(opened, co_await signing_key());
  auto sign = [text = opened, claims = std::move(claims)]() -> Result<std::string> {
    CAIRN_TRY(key, Jwk::parse(text));
    return key.sign(claims);
  };
  co_return co_await blocking_.run(sign);
}

Task<Result<json::object>> Provider::key_set() {
  // Never an empty set: others keep it for an hour.
  CAIRN_CO_CHECK(co_await signing_key());
  auto published = [](db::Tx& tx) -> Result<std::vector<store::KeyRow>> {
    return store::keys(tx, tx.now() - key_published);
  };
  CAIRN_CO_TRY(rows, co_await database_.read(published));
  json::array keys;
  for (const auto& row : rows) {
    CAIRN_CO_TRY(opened, keyring_.open(seal_purpose, row.sealed));
    CAIRN_CO_TRY(key, Jwk::parse(opened));
    keys.push_back(key.public_json());
  }
  co_return json::object{{"keys", std::move(keys)}};
}

}  // namespace cairn::oauth
