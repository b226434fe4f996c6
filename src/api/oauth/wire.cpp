#include "api/oauth/wire.h"

#include "base/bytes.h"
#include "base/text.h"

namespace cairn::api::oauth {
namespace {

Failure invalid_request(std::string message) {
  return fail(ErrorCode::invalid_argument, "InvalidRequest", std::move(message));
}

Result<Form> read_json_form(std::string_view text) {
  CAIRN_TRY(value, parse_json(text));
  auto* object = value.if_object();
  if (!object) return invalid_request("The body must be a JSON object or a form.");
  Form out;
  for (const auto& [name, member] : *object)
    if (auto* string = member.if_string()) out.emplace(std::string(name), std::string(*string));
  return out;
}

/// The router's own query parser reads the form: the same encoding (WHATWG URL, 5.1).
Result<Form> read_encoded_form(std::string_view text) {
  auto parsed = http::Request::make(http::Method::get, "/?" + std::string(text));
  if (!parsed) return invalid_request("The form is not application/x-www-form-urlencoded.");
  Form out;
  for (const auto& [name, value] : parsed->query_pairs())
    if (!out.emplace(name, value).second)
      return invalid_request("A field stands in the form twice (RFC 6749, 3.2).");
  return out;
}

std::string decoded(std::string_view text) {
  return percent_decode(text).value_or(std::string(text));
}

}  // namespace

Task<Result<Form>> read_form(http::Request& request) {
  CAIRN_CO_TRY(text, co_await request.read_all(form_bytes_max));
  if (to_lower_ascii(request.header("Content-Type")).starts_with("application/json"))
    co_return read_json_form(text);
  co_return read_encoded_form(text);
}

std::string_view field(const Form& form, std::string_view name) {
  auto found = form.find(name);
  return found == form.end() ? std::string_view() : std::string_view(found->second);
}

Result<cairn::oauth::ClientProof> client_proof(const http::Request& request, const Form& form) {
  cairn::oauth::ClientProof out;
  out.client_id = field(form, "client_id");
  if (auto secret = field(form, "client_secret"); !secret.empty()) out.secret = secret;
  auto header = request.header("Authorization");
  if (header.empty()) return out;
  auto refused = [] {
    return fail(ErrorCode::bad_credentials, "InvalidClient",
                "Send the client's id and secret by Basic authentication or in the form.");
  };
  auto space = header.find(' ');
  if (space == header.npos || to_lower_ascii(header.substr(0, space)) != "basic") return refused();
  auto pair = base64_decode(trim(header.substr(space + 1)));
  auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return refused();
  out.client_id = decoded(std::string_view(*pair).substr(0, colon));
  out.secret = decoded(std::string_view(*pair).substr(colon + 1));
  if (out.secret->empty()) out.secret.reset();
  return out;
}

cairn::oauth::AuthorizeRequest authorize_request(const http::Request& request) {
  auto text = [&](std::string_view name) { return std::string(request.query(name).value_or("")); };
  return {text("client_id"), text("redirect_uri"),   text("response_type"),         text("scope"),
          text("state"),     text("code_challenge"), text("code_challenge_method"), text("nonce")};
}

account::Actor actor_of(const http::Request& request) {
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : account::Actor::anonymous();
}

json::array scope_json(const std::vector<std::string>& scopes) {
  json::array out;
  for (const auto& scope : cairn::oauth::known_scopes())
    if (cairn::oauth::has_scope(scopes, scope.word))
      out.push_back(json::object{{"scope", json::string_view(scope.word)},
                                 {"text", json::string_view(scope.sentence)}});
  return out;
}

json::object client_json(const cairn::oauth::Client& client) {
  json::array uris;
  for (const auto& uri : client.redirect_uris) uris.emplace_back(uri);
  json::object out{{"clientId", client.client_id},        {"name", client.name},
                   {"redirectUris", std::move(uris)},     {"scopes", scope_json(client.scopes)},
                   {"confidential", client.confidential}, {"builtIn", client.built_in}};
  if (!client.homepage.empty()) out["homepage"] = client.homepage;
  if (!client.built_in) out["createdAt"] = to_rfc3339(client.created_at);
  return out;
}

http::Response private_json(int status, json::object body) {
  auto response = http::json(status, json::value(std::move(body)));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace cairn::api::oauth
