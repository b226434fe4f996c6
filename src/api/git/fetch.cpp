#include "api/git/handler.h"

namespace cairn::api::git {
namespace {

namespace wire = cairn::git;

constexpr const char* result_type = "application/x-git-upload-pack-result";

// Of all requests together. A usual one has some kilobytes.
constexpr std::uint64_t request_bytes_max = 256u << 20;

/// A request's share of that room, given back at its end.
class Room {
 public:
  explicit Room(std::atomic<std::uint64_t>& used) : used_(used) {}
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() { used_ -= taken_; }
  [[nodiscard]] Result<> take(std::size_t bytes) {
    taken_ += bytes;
    if ((used_ += bytes) <= request_bytes_max) return {};
    return fail(ErrorCode::unavailable, "HubBusy",
                "The hub serves as many fetches as it can. Try again in a minute.");
  }

 private:
  std::atomic<std::uint64_t>& used_;
  std::uint64_t taken_ = 0;
};

Task<Result<std::string>> read_request(http::Request& request, Room& room) {
  CAIRN_CO_TRY(body, BodyReader::open(request, wire::upload_request_bytes_max));
  std::string out;
  for (;;) {
    CAIRN_CO_TRY(bytes, co_await body->read_some());
    if (bytes.empty()) co_return std::move(out);
    CAIRN_CO_CHECK(room.take(bytes.size()));
    out += bytes;
  }
}

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
    Room room(services.request_bytes);
    CAIRN_CO_TRY(text, co_await read_request(asked, room));
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
                       .access = "repo.read_content",
                       .body_bytes_max = wire::upload_request_bytes_max,
                       .handler = [&services, kind](http::Request& request) {
                         return upload_pack(services, request, kind);
                       }};
  });
}

}  // namespace cairn::api::git
