#include "api/oauth/wire.h"
#include "hub/repo/administered.h"

// Trusted publishers: programs of a CI that get tokens here without a secret.
namespace cairn::api::oauth {
namespace {

using publishers::Publisher;

struct PublisherIn {
  std::string issuer;
  std::map<std::string, std::string> claims;
};
BOOST_DESCRIBE_STRUCT(PublisherIn, (), (issuer, claims))

struct PublisherOut {
  std::string id, issuer, addedBy, createdAt;
  std::map<std::string, std::string> claims;
  std::optional<std::string> lastUsedAt;
};
BOOST_DESCRIBE_STRUCT(PublisherOut, (), (id, issuer, addedBy, createdAt, claims, lastUsedAt))

PublisherOut encode(const Publisher& publisher) {
  PublisherOut out{publisher.public_id.hex,          publisher.issuer, publisher.user_name,
                   to_rfc3339(publisher.created_at), publisher.claims, {}};
  if (publisher.last_used_at) out.lastUsedAt = to_rfc3339(*publisher.last_used_at);
  return out;
}

http::Response encode(const std::vector<Publisher>& list) {
  std::vector<PublisherOut> out;
  for (const auto& publisher : list) out.push_back(encode(publisher));
  return http::json(200, to_json(out));
}

publishers::NewPublisher decode(PublisherIn in) {
  return {std::move(in.issuer), std::move(in.claims)};
}

/// Where a set of publishers is: of a repository or of an owner.
struct Place {
  std::string path, word, access;
  std::function<Task<Result<std::vector<Publisher>>>(http::Request&)> list;
  std::function<Task<Result<Publisher>>(http::Request&, publishers::NewPublisher)> add;
  std::function<Task<Result<>>(http::Request&, PublicId)> remove;
};

void add_place(http::Router& router, Place place) {
  auto list = [ask = place.list](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(found, co_await ask(request));
    co_return encode(found);
  };
  router.add({.method = http::Method::get,
              .pattern = place.path,
              .operation = "publisher.list" + place.word,
              .summary = "Programs of a CI that get tokens here without a secret.",
              .scope = "write",
              .access = place.access,
              .handler = list,
              .response_schema = json_schema<std::vector<PublisherOut>>()});
  auto add = [ask = place.add](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<PublisherIn>());
    CAIRN_CO_TRY(made, co_await ask(request, decode(std::move(in))));
    co_return http::json(201, to_json(encode(made)));
  };
  router.add({.method = http::Method::post,
              .pattern = place.path,
              .operation = "publisher.add" + place.word,
              .summary = "Trusts the programs whose tokens have these claims.",
              .scope = "write",
              .access = place.access,
              .handler = add,
              .request_schema = json_schema<PublisherIn>(),
              .response_schema = json_schema<PublisherOut>(),
              .asks_password = true});
  auto remove = [ask = place.remove](http::Request& request) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
    CAIRN_CO_CHECK(co_await ask(request, id));
    co_return http::empty(204);
  };
  router.add({.method = http::Method::delete_,
              .pattern = place.path + "/{id}",
              .operation = "publisher.remove" + place.word,
              .summary = "Trusts them no more; their tokens end at once.",
              .scope = "write",
              .access = place.access,
              .handler = remove});
}

Task<Result<repo::RepoRef>> repo_of(Services& services, http::Request& request, RepoKind kind) {
  std::string name = std::string(request.param("ns")) + "/" + std::string(request.param("name"));
  co_return co_await repo::administered(services.repos, actor_of(request), kind, std::move(name));
}

Place of_repo(Services& services, RepoKind kind) {
  Place out;
  out.path = "/api/-/v1/" + std::string(repo::plural(kind)) + "/{ns}/{name}/trusted-publishers";
  out.access = "repo.administer";
  out.list = [&services, kind](http::Request& request) -> Task<Result<std::vector<Publisher>>> {
    CAIRN_CO_TRY(repo, co_await repo_of(services, request, kind));
    co_return co_await services.publishers.list(repo);
  };
  out.add = [&services, kind](http::Request& request,
                              publishers::NewPublisher in) -> Task<Result<Publisher>> {
    CAIRN_CO_TRY(repo, co_await repo_of(services, request, kind));
    co_return co_await services.publishers.add(actor_of(request), repo, std::move(in));
  };
  out.remove = [&services, kind](http::Request& request, PublicId id) -> Task<Result<>> {
    CAIRN_CO_TRY(repo, co_await repo_of(services, request, kind));
    co_return co_await services.publishers.remove(actor_of(request), repo, id);
  };
  return out;
}

/// One's own, or an organization's.
Place of_owner(Services& services, bool own) {
  auto owner = [own](http::Request& request) {
    return own ? actor_of(request).user_name : std::string(request.param("name"));
  };
  auto signed_in = [own](http::Request& request) -> Result<> {
    if (own) return access::check_own_change(actor_of(request));
    return {};
  };
  Place out;
  out.path =
      own ? "/api/-/v1/me/trusted-publishers" : "/api/-/v1/organizations/{name}/trusted-publishers";
  out.word = own ? ".own" : ".organization";
  out.access = own ? "account" : "owner.manage";
  out.list = [&services, owner,
              signed_in](http::Request& request) -> Task<Result<std::vector<Publisher>>> {
    CAIRN_CO_CHECK(signed_in(request));
    co_return co_await services.publishers.list(actor_of(request), owner(request));
  };
  out.add = [&services, owner, signed_in](http::Request& request,
                                          publishers::NewPublisher in) -> Task<Result<Publisher>> {
    CAIRN_CO_CHECK(signed_in(request));
    co_return co_await services.publishers.add(actor_of(request), owner(request), std::move(in));
  };
  out.remove = [&services, owner, signed_in](http::Request& request,
                                             PublicId id) -> Task<Result<>> {
    CAIRN_CO_CHECK(signed_in(request));
    co_return co_await services.publishers.remove(actor_of(request), owner(request), id);
  };
  return out;
}

}  // namespace

void add_publisher_routes(http::Router& router, Services& services) {
  for (RepoKind kind : {RepoKind::model, RepoKind::dataset, RepoKind::space, RepoKind::kernel})
    add_place(router, of_repo(services, kind));
  for (bool own : {true, false}) add_place(router, of_owner(services, own));
}

Task<Result<http::Response>> exchange_ci_token(Services& services, const Form& form) {
  auto missing = [](std::string_view name) {
    return fail(ErrorCode::invalid_argument, "InvalidRequest",
                "The field \"" + std::string(name) + "\" is missing.");
  };
  std::string token(field(form, "subject_token")), resource(field(form, "resource"));
  if (token.empty()) co_return missing("subject_token");
  if (resource.empty() || resource.size() > resource_bytes_max) co_return missing("resource");
  if (field(form, "subject_token_type") != "urn:ietf:params:oauth:token-type:id_token")
    co_return fail(ErrorCode::invalid_argument, "InvalidRequest",
                   "The subject_token_type must be urn:ietf:params:oauth:token-type:id_token.");
  CAIRN_CO_TRY(made, co_await services.publishers.exchange(std::move(token), std::move(resource)));
  // RFC 8693, 2.2.1.
  co_return private_json(200,
                         {{"access_token", made.access_token},
                          {"issued_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                          {"token_type", "bearer"},
                          {"expires_in", made.expires_in_s},
                          {"scope", made.scope}});
}

}  // namespace cairn::api::oauth
