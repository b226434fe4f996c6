#include "hub/oauth/jwt.h"

#include <cstdlib>
#include <stdexcept>

#include <cjose/cjose.h>

#include "base/bytes.h"

namespace cairn::oauth {
namespace {

Failure invalid_token(std::string why) {
  return fail(ErrorCode::bad_credentials, "InvalidToken", std::move(why));
}

void must(bool done, const cjose_err& error) {
  if (!done) throw std::runtime_error(std::string("libcjose: ") + error.message);
}

std::string take(char* text) {
  std::string out = text ? text : "";
  std::free(text);
  return out;
}

struct FreeHeader {
  void operator()(cjose_header_t* header) const { cjose_header_release(header); }
};
struct FreeJws {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
using Header = std::unique_ptr<cjose_header_t, FreeHeader>;
using Jws = std::unique_ptr<cjose_jws_t, FreeJws>;

std::string header_text(cjose_header_t* header, const char* name) {
  cjose_err error{};
  const char* value = cjose_header_get(header, name, &error);
  return value ? value : "";
}

}  // namespace

struct Jwk::Handle {
  cjose_jwk_t* key = nullptr;
  explicit Handle(cjose_jwk_t* k) : key(k) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { cjose_jwk_release(key); }
};

Jwk Jwk::make_rsa(const std::string& key_id) {
  cjose_err error{};
  auto* key = cjose_jwk_create_RSA_random(2048, nullptr, 0, &error);
  must(key != nullptr, error);
  auto handle = std::make_shared<Handle>(key);
  must(cjose_jwk_set_kid(key, key_id.data(), key_id.size(), &error), error);
  return Jwk(std::move(handle));
}

Result<Jwk> Jwk::parse(std::string_view json_text) {
  cjose_err error{};
  auto* key = cjose_jwk_import(json_text.data(), json_text.size(), &error);
  if (!key)
    return fail(ErrorCode::invalid_argument, "InvalidKey",
                "This is not a JSON Web Key (RFC 7517).");
  return Jwk(std::make_shared<Handle>(key));
}

std::string Jwk::private_json() const {
  cjose_err error{};
  auto text = take(cjose_jwk_to_json(handle_->key, true, &error));
  must(!text.empty(), error);
  return text;
}

json::object Jwk::public_json() const {
  cjose_err error{};
  auto text = take(cjose_jwk_to_json(handle_->key, false, &error));
  must(!text.empty(), error);
  auto out = json::parse(text).as_object();
  out["use"] = "sig";
  out["alg"] = algorithm();
  return out;
}

std::string Jwk::key_id() const {
  cjose_err error{};
  const char* id = cjose_jwk_get_kid(handle_->key, &error);
  return id ? id : "";
}

std::string Jwk::algorithm() const {
  cjose_err error{};
  switch (cjose_jwk_get_kty(handle_->key, &error)) {
    case CJOSE_JWK_KTY_RSA:
      return "RS256";
    case CJOSE_JWK_KTY_EC:
      return cjose_jwk_EC_get_curve(handle_->key, &error) == CJOSE_JWK_EC_P_256 ? "ES256" : "";
    default:
      return "";
  }
}

std::string Jwk::sign(const json::object& claims, std::string_view type) const {
  cjose_err error{};
  Header header(cjose_header_new(&error));
  must(header != nullptr, error);
  std::string algorithm_text = algorithm(), id = key_id(), type_text(type);
  must(cjose_header_set(header.get(), CJOSE_HDR_ALG, algorithm_text.c_str(), &error), error);
  must(cjose_header_set(header.get(), CJOSE_HDR_KID, id.c_str(), &error), error);
  must(cjose_header_set(header.get(), "typ", type_text.c_str(), &error), error);
  std::string text = json::serialize(claims);
  Jws jws(cjose_jws_sign(handle_->key, header.get(),
                         reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), &error));
  must(jws != nullptr, error);
  const char* compact = nullptr;
  must(cjose_jws_export(jws.get(), &compact, &error), error);
  return compact;
}

Result<std::vector<Jwk>> parse_key_set(std::string_view json_text) {
  auto invalid = [](std::string why) {
    return fail(ErrorCode::invalid_argument, "InvalidKeySet", std::move(why));
  };
  if (json_text.size() > jwks_bytes_max)
    return invalid("The key set is longer than " + std::to_string(jwks_bytes_max) + " bytes.");
  auto parsed = parse_json(json_text);
  const json::value* keys = nullptr;
  if (parsed)
    if (auto* object = parsed->if_object()) keys = object->if_contains("keys");
  if (!keys || !keys->is_array()) return invalid("A key set is an object with a list \"keys\".");
  std::vector<Jwk> out;
  for (const auto& item : keys->as_array()) {
    if (out.size() == jwks_keys_max) break;
    if (auto key = Jwk::parse(json::serialize(item)); key && !key->algorithm().empty())
      out.push_back(*std::move(key));
  }
  return out;
}

Result<json::object> verify_jwt(std::string_view text, const std::vector<Jwk>& keys) {
  if (text.size() > jwt_bytes_max) return invalid_token("The token is too long.");
  cjose_err error{};
  for (const auto& key : keys) {
    // Imported anew for each try: libcjose marks a JWS that failed once.
    Jws jws(cjose_jws_import(text.data(), text.size(), &error));
    if (!jws) return invalid_token("This is not a signed JSON Web Token (RFC 7515).");
    auto* header = cjose_jws_get_protected(jws.get());
    if (auto id = header_text(header, CJOSE_HDR_KID); !id.empty() && id != key.key_id()) continue;
    if (header_text(header, CJOSE_HDR_ALG) != key.algorithm()) continue;
    if (!cjose_jws_verify(jws.get(), key.handle_->key, &error)) continue;
    std::uint8_t* plain = nullptr;
    std::size_t size = 0;
    if (!cjose_jws_get_plaintext(jws.get(), &plain, &size, &error)) continue;
    auto claims = parse_json({reinterpret_cast<const char*>(plain), size});
    if (!claims || !claims->is_object()) return invalid_token("The claims are not a JSON object.");
    return std::move(claims->as_object());
  }
  return invalid_token("No key of the issuer verifies the token's signature.");
}

Result<json::object> unverified_claims(std::string_view text) {
  auto first = text.find('.');
  auto second = first == text.npos ? first : text.find('.', first + 1);
  if (text.size() > jwt_bytes_max || second == text.npos)
    return invalid_token("This is not a signed JSON Web Token (RFC 7515).");
  auto bytes = base64url_decode(text.substr(first + 1, second - first - 1));
  if (!bytes) return invalid_token("The token's claims are not base64url.");
  auto claims = parse_json(*bytes);
  if (!claims || !claims->is_object()) return invalid_token("The claims are not a JSON object.");
  return std::move(claims->as_object());
}

}  // namespace cairn::oauth
