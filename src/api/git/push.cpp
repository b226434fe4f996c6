#include "hub/push/push.h"

#include <boost/asio/this_coro.hpp>

#include "api/git/handler.h"
#include "platform/git/pkt_line.h"

namespace cairn::api::git {
namespace {

namespace wire = cairn::git;

constexpr const char* result_type = "application/x-git-receive-pack-result";
// What may precede the pack: every command at its longest, as packets.
constexpr std::uint64_t request_bytes_max = 16u << 20;

http::Response result(std::string body) {
  auto response = http::text(200, std::move(body), result_type);
  forbid_caching(response);
  return response;
}

/// A client reads no answer before it has sent everything, so what was refused is read past.
/// @return `error` as it understands it; as it is when the line itself is broken.
Task<Result<http::Response>> refuse(BodyReader& body, const push::Request& request, Error error) {
  for (;;) {
    auto bytes = co_await body.read_some();
    if (!bytes) co_return std::unexpected(std::move(bytes).error());
    if (bytes->empty()) break;
  }
  // Before the first command nothing tells how it wants to be answered.
  if (request.commands.empty()) co_return std::unexpected(std::move(error));
  co_return result(push::encode_fatal(error.message, request));
}

/// Reads up to the pack. @return what is wrong with the request; nothing when it is complete.
Task<Result<std::optional<Error>>> read_request(BodyReader& body, wire::PktReader& packets,
                                                push::RequestReader& reader) {
  for (;;) {
    auto packet = packets.next();
    if (!packet) co_return std::move(packet).error();
    if (!*packet) {
      CAIRN_CO_TRY(bytes, co_await body.read_some());
      if (bytes.empty())
        co_return fail(ErrorCode::invalid_argument, "InvalidPush",
                       "The push ended before its request did. Push again.");
      packets.feed(bytes);
      continue;
    }
    auto complete = reader.add(**packet);
    if (!complete) co_return std::move(complete).error();
    if (*complete) co_return std::optional<Error>{};
  }
}

Task<Result<http::Response>> receive(Services& services, http::Request& asked, account::Actor actor,
                                     repo::RepoRef repo) {
  auto& pushes = services.pushes;
  CAIRN_CO_TRY(body, BodyReader::open(asked, pushes.options().pack_bytes_max + request_bytes_max));
  wire::PktReader packets;
  push::RequestReader reader;
  CAIRN_CO_TRY(wrong, co_await read_request(*body, packets, reader));
  if (wrong) co_return co_await refuse(*body, reader.request(), std::move(*wrong));
  auto request = reader.take();
  // Before a large push git asks with an empty one whether it may.
  if (request.commands.empty()) co_return result("");

  auto executor = co_await boost::asio::this_coro::executor;
  auto begun = co_await pushes.begin(std::move(actor), std::move(repo), request, executor);
  if (!begun) co_return co_await refuse(*body, request, std::move(begun).error());
  auto& push = **begun;
  auto bytes = packets.take_rest();
  for (;;) {
    if (!bytes.empty())
      if (auto written = co_await push.write(std::move(bytes)); !written)
        co_return co_await refuse(*body, request, std::move(written).error());
    CAIRN_CO_TRY(more, co_await body->read_some());
    if (more.empty()) break;
    bytes = std::move(more);
  }
  auto report = co_await push.finish();
  co_return result(push::encode_report(report, request));
}

}  // namespace

Task<Result<http::Response>> advertise_push(Services& services, http::Request& request,
                                            account::Actor actor, repo::RepoRef repo) {
  CAIRN_CO_TRY(refs, co_await services.pushes.refs(std::move(actor), std::move(repo)));
  std::string body;
  wire::append_pkt_line(body, "# service=git-receive-pack");
  wire::append_flush(body);
  bool version_1 = request.header("Git-Protocol").contains("version=1");
  body += push::encode_advertisement(refs, services.agent, version_1);
  auto response = http::text(200, std::move(body), "application/x-git-receive-pack-advertisement");
  forbid_caching(response);
  co_return response;
}

void add_push(http::Router& router, Services& services) {
  add_repo_routes(router, "/git-receive-pack", [&services](RepoKind kind) {
    auto handler = [&services, kind](http::Request& request) {
      RepoHandler answer = [&services](http::Request& asked, account::Actor actor,
                                       repo::RepoRef repo) -> Task<Result<http::Response>> {
        // Before a byte is read.
        CAIRN_CO_CHECK(co_await services.pushes.check(actor, repo));
        co_return co_await receive(services, asked, std::move(actor), std::move(repo));
      };
      return with_repo(services, request, kind, access::Action::see, std::move(answer));
    };
    return http::Route{.method = http::Method::post,
                       .operation = "git.push",
                       .summary = "Takes what git's clients push: one request of git-receive-pack.",
                       .scope = "write",
                       .access = "repo.write",
                       .body_bytes_max = http::body_unlimited,
                       .handler = handler};
  });
}

}  // namespace cairn::api::git
