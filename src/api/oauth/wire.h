#pragma once
// Inside the module: forms, credentials of clients, JSON of clients and consent.
#include <map>
#include <string>

#include "api/oauth/oauth.h"
#include "base/json.h"

namespace cairn::api::oauth {

constexpr std::uint64_t form_bytes_max = 32 * 1024;
/// "datasets/owner/name": two names of at most 96 bytes and a prefix.
constexpr std::size_t resource_bytes_max = 250;

/// A form, or the members of a JSON object that are texts: clients send both.
using Form = std::map<std::string, std::string, std::less<>>;
/// @return `invalid_argument`, word "InvalidRequest".
Task<Result<Form>> read_form(http::Request& request);
[[nodiscard]] std::string_view field(const Form& form, std::string_view name);

/// `client_id` and secret, of Basic authentication (RFC 6749, 2.3.1) or the form.
/// @return `bad_credentials`, word "InvalidClient", for a malformed header.
[[nodiscard]] Result<cairn::oauth::ClientProof> client_proof(const http::Request& request,
                                                             const Form& form);

[[nodiscard]] cairn::oauth::AuthorizeRequest authorize_request(const http::Request& request);

[[nodiscard]] account::Actor actor_of(const http::Request& request);
[[nodiscard]] json::array scope_json(const std::vector<std::string>& scopes);
[[nodiscard]] json::object client_json(const cairn::oauth::Client& client);
/// JSON that no cache may keep (RFC 6749, 5.1).
[[nodiscard]] http::Response private_json(int status, json::object body);

void add_authorize_routes(http::Router& router, Services& services);
void add_token_routes(http::Router& router, Services& services);
void add_discovery_routes(http::Router& router, Services& services);
void add_connected_routes(http::Router& router, Services& services);
void add_publisher_routes(http::Router& router, Services& services);

/// The token of a CI platform for one of ours (RFC 8693).
Task<Result<http::Response>> exchange_ci_token(Services& services, const Form& form);

}  // namespace cairn::api::oauth
