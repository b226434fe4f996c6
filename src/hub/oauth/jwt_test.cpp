#include "hub/oauth/jwt.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace cairn::oauth {
namespace {

// RFC 7515, appendix A.3: a JWS signed with ES256, and its key.
constexpr std::string_view rfc_key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view rfc_jws =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    "."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

std::string part(const std::string& jwt, int which) {
  std::size_t start = 0;
  for (int i = 0; i < which; ++i) start = jwt.find('.', start) + 1;
  return jwt.substr(start, jwt.find('.', start) - start);
}

TEST(Jwt, TheExampleOfTheRfcVerifies) {
  auto key = Jwk::parse(rfc_key);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->algorithm(), "ES256");
  auto claims = verify_jwt(rfc_jws, {*key});
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_EQ(claims->at("iss").as_string(), "joe");
}

TEST(Jwt, WhatAKeySignsItsPublicPartVerifies) {
  auto key = Jwk::make_rsa("k1");
  auto jwt = key.sign({{"sub", "ada"}, {"exp", 1}});
  auto header = json::parse(*base64url_decode(part(jwt, 0))).as_object();
  EXPECT_EQ(header.at("alg").as_string(), "RS256");
  EXPECT_EQ(header.at("kid").as_string(), "k1");
  auto published = json::serialize(json::object{{"keys", json::array{key.public_json()}}});
  EXPECT_EQ(published.find("\"d\""), std::string::npos) << "the private part was published";
  auto keys = parse_key_set(published);
  ASSERT_TRUE(keys);
  EXPECT_EQ(verify_jwt(jwt, *keys)->at("sub").as_string(), "ada");
  auto again = Jwk::parse(key.private_json());
  ASSERT_TRUE(again);
  EXPECT_TRUE(verify_jwt(again->sign({{"sub", "bob"}}), *keys));
}

TEST(Jwt, AForgedTokenIsRefused) {
  auto key = Jwk::make_rsa("k1"), other = Jwk::make_rsa("k1");
  auto jwt = key.sign({{"sub", "ada"}});
  EXPECT_FALSE(verify_jwt(jwt, {other}));
  EXPECT_FALSE(verify_jwt(jwt, {}));
  // Other claims under the same signature.
  auto forged = part(jwt, 0) + "." + base64url_encode(R"({"sub":"eve"})") + "." + part(jwt, 2);
  EXPECT_FALSE(verify_jwt(forged, {key}));
  // RFC 8725, 2.1: no signature, and a public key taken for a shared secret.
  auto none = base64url_encode(R"({"alg":"none","kid":"k1"})") + "." + part(jwt, 1) + ".";
  EXPECT_FALSE(verify_jwt(none, {key}));
  auto shared =
      base64url_encode(R"({"alg":"HS256","kid":"k1"})") + "." + part(jwt, 1) + "." + part(jwt, 2);
  EXPECT_FALSE(verify_jwt(shared, {key}));
}

TEST(Jwt, NonsenseIsRefused) {
  auto key = Jwk::make_rsa("k1");
  for (std::string text : {"", ".", "..", "a.b.c", "a.b.c.d.e", "eyJ9.eyJ9.", "🜁.🜁.🜁"}) {
    EXPECT_FALSE(verify_jwt(text, {key})) << text;
    EXPECT_FALSE(unverified_claims(text)) << text;
  }
  EXPECT_FALSE(verify_jwt(std::string(jwt_bytes_max + 1, 'a'), {key}));
  EXPECT_FALSE(Jwk::parse("{}"));
  EXPECT_FALSE(parse_key_set("[]"));
  EXPECT_TRUE(parse_key_set(R"({"keys":[{"kty":"OKP"},3]})")->empty());
}

}  // namespace
}  // namespace cairn::oauth
