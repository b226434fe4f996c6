#include "api/git/handler.h"
#include "platform/git/pkt_line.h"

namespace cairn::api::git {
namespace {

namespace wire = cairn::git;

/// Clients from before git 1.6.6 (2010), and programs that take a repository for a folder of files.
Failure dumb_client() {
  return fail(ErrorCode::forbidden, "SmartGitOnly",
              "This hub speaks git's smart HTTP protocol only. Use git 1.6.6 or newer, with the "
              "address of the repository as it is on its page.");
}

Task<Result<http::Response>> info_refs(Services& services, http::Request& request, RepoKind kind) {
  auto service = request.query("service");
  if (service == "git-receive-pack") {
    RepoHandler answer = [&services](http::Request& asked, account::Actor actor,
                                     repo::RepoRef repo) {
      return advertise_push(services, asked, std::move(actor), std::move(repo));
    };
    // Whoever may not write may still push to a pull request of theirs: Pushes asks.
    co_return co_await with_repo(services, request, kind, access::Action::see, std::move(answer));
  }
  if (service != "git-upload-pack") co_return std::unexpected(dumb_client().error());
  RepoHandler answer = [&services](http::Request& asked, account::Actor,
                                   repo::RepoRef repo) -> Task<Result<http::Response>> {
    auto protocol = wire::parse_protocol(asked.header("Git-Protocol"));
    std::string body;
    // git leaves this out in protocol 2, and its clients take both.
    if (protocol != wire::Protocol::v2) {
      wire::append_pkt_line(body, "# service=git-upload-pack");
      wire::append_flush(body);
    }
    CAIRN_CO_TRY(refs, co_await services.fetches.advertise(std::move(repo), protocol));
    auto response = http::text(200, body + refs, "application/x-git-upload-pack-advertisement");
    forbid_caching(response);
    co_return response;
  };
  co_return co_await with_repo(services, request, kind, access::Action::read_content,
                               std::move(answer));
}

}  // namespace

void add_info_refs(http::Router& router, Services& services) {
  add_repo_routes(router, "/info/refs", [&services](RepoKind kind) {
    return http::Route{
        .method = http::Method::get,
        .operation = "git.refs",
        .summary = "What git's clients ask first: refs, or what the hub can do.",
        .scope = "read",
        .access = "repo.read_content",
        .handler = [&services,
                    kind](http::Request& request) { return info_refs(services, request, kind); },
        .query = {{.name = "service", .description = "git-upload-pack or git-receive-pack"}}};
  });
}

}  // namespace cairn::api::git
