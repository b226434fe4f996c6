#include "api/hub/open.h"

namespace cairn::api::hub {
namespace {

using repo::ValueKind;

struct PutIn {
  std::string key, value;
  std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(PutIn, (), (key, value, description))

struct DeleteIn {
  std::string key;
};
BOOST_DESCRIBE_STRUCT(DeleteIn, (), (key))

/// {"KEY": {"value", "description"?, "updatedAt"}}; of secrets without value.
Task<Result<http::Response>> map_of(Services& services, account::Actor actor, repo::RepoRef space,
                                    ValueKind kind) {
  CAIRN_CO_TRY(values, co_await services.space_values.list(actor, space, kind));
  json::object out;
  for (const auto& value : values) {
    json::object item{{"updatedAt", to_rfc3339(value.updated_at)}};
    // The client knows the key of what it reads from its place in the map, and again from inside.
    item["key"] = value.key;
    if (kind == ValueKind::variable) item["value"] = value.value;
    if (!value.description.empty()) item["description"] = value.description;
    out[value.key] = std::move(item);
  }
  co_return http::json(200, json::value(std::move(out)));
}

RepoHandler list_handler(Services& services, ValueKind kind) {
  return [&services, kind](http::Request&, account::Actor actor,
                           repo::RepoRef space) -> Task<Result<http::Response>> {
    co_return co_await map_of(services, actor, space, kind);
  };
}

RepoHandler put_handler(Services& services, ValueKind kind) {
  return [&services, kind](http::Request& request, account::Actor actor,
                           repo::RepoRef space) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<PutIn>());
    repo::NewSpaceValue value{std::move(in.key), std::move(in.value), std::move(in.description)};
    CAIRN_CO_CHECK(co_await services.space_values.put(actor, space, kind, std::move(value)));
    co_return co_await map_of(services, actor, space, kind);
  };
}

RepoHandler delete_handler(Services& services, ValueKind kind) {
  return [&services, kind](http::Request& request, account::Actor actor,
                           repo::RepoRef space) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(in, co_await request.read_json<DeleteIn>());
    CAIRN_CO_CHECK(co_await services.space_values.remove(actor, space, kind, in.key));
    co_return co_await map_of(services, actor, space, kind);
  };
}

}  // namespace

void add_space_value_routes(http::Router& router, Services& services) {
  using access::Action;
  struct Word {
    ValueKind kind;
    std::string path, operation;
  };
  for (const auto& word : {Word{ValueKind::secret, "/secrets", "space.secrets"},
                           Word{ValueKind::variable, "/variables", "space.variables"}}) {
    auto path = api_path(RepoKind::space, word.path);
    auto on_space = [&](RepoHandler handler) {
      return on_repo(services, RepoKind::space, Action::write, std::move(handler));
    };
    router.add({.method = http::Method::get,
                .pattern = path,
                .operation = word.operation,
                .summary = "What the space finds in its environment; secrets without values.",
                .scope = "write",
                .handler = on_space(list_handler(services, word.kind))});
    router.add({.method = http::Method::post,
                .pattern = path,
                .operation = word.operation + ".put",
                .summary = "Set one value of the space's environment.",
                .scope = "write",
                .handler = on_space(put_handler(services, word.kind)),
                .request_schema = json_schema<PutIn>()});
    router.add({.method = http::Method::delete_,
                .pattern = path,
                .operation = word.operation + ".delete",
                .summary = "Remove one value of the space's environment.",
                .scope = "write",
                .handler = on_space(delete_handler(services, word.kind)),
                .request_schema = json_schema<DeleteIn>()});
  }
}

}  // namespace cairn::api::hub
