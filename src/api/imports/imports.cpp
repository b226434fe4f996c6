#include "api/imports/imports.h"

namespace cairn::api::imports {
namespace {

account::Actor actor_of(const http::Request& request) {
  auto* actor = request.context<account::Actor>();
  return actor ? *actor : account::Actor::anonymous();
}

json::object pair(std::uint64_t done, std::uint64_t total) {
  return {{"done", done}, {"total", total}};
}

Task<Result<http::Response>> start(Services& services, http::Request& request) {
  CAIRN_CO_TRY(in, co_await request.read_json<ImportIn>());
  CAIRN_CO_TRY(wanted, decode(std::move(in)));
  CAIRN_CO_TRY(made, co_await services.imports.start(actor_of(request), std::move(wanted)));
  co_return http::json(202, json::value(import_json(made)));
}

Task<Result<http::Response>> list(Services& services, http::Request& request) {
  CAIRN_CO_TRY(all, co_await services.imports.list(actor_of(request)));
  json::array items;
  for (const auto& import : all) items.push_back(import_json(import));
  co_return http::json(200, json::value(json::object{{"items", std::move(items)}}));
}

Task<Result<http::Response>> look(Services& services, http::Request& request) {
  CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
  CAIRN_CO_TRY(import, co_await services.imports.find(actor_of(request), id));
  co_return http::json(200, json::value(import_json(import)));
}

Task<Result<http::Response>> remove(Services& services, http::Request& request) {
  CAIRN_CO_TRY(id, parse_public_id(request.param("id")));
  CAIRN_CO_CHECK(co_await services.imports.remove(actor_of(request), id));
  co_return http::empty(204);
}

using Handle = Task<Result<http::Response>> (*)(Services&, http::Request&);
http::Handler bind(Services& services, Handle handle) {
  return [&services, handle](http::Request& request) { return handle(services, request); };
}

}  // namespace

Result<hub::NewImport> decode(ImportIn in) {
  hub::NewImport out;
  out.url = std::move(in.url);
  out.name = std::move(in.name);
  out.token = in.token.value_or("");
  out.username = in.username.value_or("");
  if (in.type) {
    out.kind = parse_repo_kind(*in.type);
    if (!out.kind || out.kind == RepoKind::kernel)
      return fail(ErrorCode::invalid_argument, "InvalidRequest",
                  "\"type\" is model, dataset or space.");
  }
  if (in.visibility) {
    out.visibility = parse_visibility(*in.visibility);
    if (!out.visibility)
      return fail(ErrorCode::invalid_argument, "InvalidRequest",
                  "\"visibility\" is public, private or protected.");
  }
  return out;
}

json::object import_json(const hub::Import& import) {
  const auto& p = import.progress;
  json::object largeFiles = pair(p.files_done, p.files_total);
  largeFiles["bytesDone"] = p.file_bytes_done;
  largeFiles["bytesTotal"] = p.file_bytes_total;
  json::array notes;
  for (const auto& note : import.notes) notes.emplace_back(note);
  json::object out{{"id", import.public_id.hex},
                   {"source", import.source},
                   {"repo", json::object{{"type", json::string_view(to_string(import.kind))},
                                         {"name", import.repo_name}}},
                   {"state", json::string_view(hub::to_string(import.state))},
                   {"phase", json::string_view(hub::to_string(p.phase))},
                   {"objects", pair(p.objects_done, p.objects_total)},
                   {"bytesReceived", p.bytes_received},
                   {"largeFiles", std::move(largeFiles)},
                   {"notes", std::move(notes)},
                   {"createdAt", to_rfc3339(import.created_at)},
                   {"updatedAt", to_rfc3339(import.updated_at)}};
  if (import.finished_at) out["finishedAt"] = to_rfc3339(*import.finished_at);
  if (!import.error_word.empty())
    out["error"] = json::object{{"code", import.error_word}, {"message", import.error_message}};
  return out;
}

void add_routes(http::Router& router, Services& services) {
  router.add({.method = http::Method::post,
              .pattern = "/api/-/v1/imports",
              .operation = "import.start",
              .summary = "Makes a repository from one elsewhere, in the background.",
              .scope = "write",
              .access = "account",
              .handler = bind(services, start),
              .request_schema = json_schema<ImportIn>()});
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/imports",
              .operation = "import.list",
              .summary = "One's own imports, newest first.",
              .scope = "read",
              .access = "account.read",
              .handler = bind(services, list)});
  router.add({.method = http::Method::get,
              .pattern = "/api/-/v1/imports/{id}",
              .operation = "import.look",
              .summary = "How far an import is.",
              .scope = "read",
              .access = "account.read",
              .handler = bind(services, look)});
  router.add({.method = http::Method::delete_,
              .pattern = "/api/-/v1/imports/{id}",
              .operation = "import.remove",
              .summary = "Cancels an import that goes on, or forgets one that is over.",
              .scope = "write",
              .access = "account",
              .handler = bind(services, remove)});
}

}  // namespace cairn::api::imports
