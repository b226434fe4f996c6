#include "api/git/handler.h"

namespace cairn::api::git {
namespace {

namespace wire = cairn::git;

constexpr const char* result_type = "application/x-git-upload-pack-result";

http::Response response_of(fetch::Answer answer) {
  http::Response out;
  out.headers.set("Content-Type", result_type);
  forbid_caching(out);
  if (auto* text = std::get_if<std::string>(&answer)) {
    out.body = std::move(*text);
  } else if (auto* file = std::get_if<fetch::FileBody>(&answer)) {
    out.body = http::FileSlice{file->descriptor, 0, file->size_bytes, std::move(file->owner)};
  } else {
    auto body = std::get<std::shared_ptr<fetch::StreamBody>>(std::move(answer));
    out.body = http::Stream{.next = [body] { return body->next(); }};
  }
  return out;
}

Task<Result<http::Response>> upload_pack(Services& services, http::Request& request,
                                         RepoKind kind) {
  RepoHandler answer = [&services](http::Request& asked, account::Actor actor,
                                   repo::RepoRef repo) -> Task<Result<http::Response>> {
    CAIRN_CO_TRY(body, BodyReader::open(asked, wire::upload_request_bytes_max));
    CAIRN_CO_TRY(text, co_await body->read_all());
    auto protocol = wire::parse_protocol(asked.header("Git-Protocol"));
    CAIRN_CO_TRY(made, co_await services.fetches.answer(std::move(actor), std::move(repo), protocol,
                                                        std::move(text)));
    co_return response_of(std::move(made));
  };
  co_return co_await with_repo(services, request, kind, access::Action::read_content,
                               std::move(answer));
}

}  // namespace

void add_fetch(http::Router& router, Services& services) {
  add_repo_routes(router, "/git-upload-pack", [&services](RepoKind kind) {
    return http::Route{.method = http::Method::post,
                       .operation = "git.fetch",
                       .summary = "Objects for git's clients: one request of git-upload-pack.",
                       .scope = "read",
                       .body_bytes_max = wire::upload_request_bytes_max,
                       .handler = [&services, kind](http::Request& request) {
                         return upload_pack(services, request, kind);
                       }};
  });
}

}  // namespace cairn::api::git
