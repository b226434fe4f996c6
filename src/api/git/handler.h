#pragma once
#include <functional>
#include <memory>
#include <string>

#include "api/git/git.h"

namespace cairn::api::git {

/// Who asks, as the authentication hook found out.
[[nodiscard]] account::Actor actor_of(const http::Request& request);

/// A handler of one repository that the actor may treat so.
using RepoHandler =
    std::function<Task<Result<http::Response>>(http::Request&, account::Actor, repo::RepoRef)>;

/// Finds the repository of `{ns}/{name}` (or of `{name}` alone, an old name), answers 307 for one
/// that has moved, and calls the handler.
[[nodiscard]] Task<Result<http::Response>> with_repo(Services& services, http::Request& request,
                                                     RepoKind kind, access::Action action,
                                                     RepoHandler handler);

/// Adds one route for each kind of repository, with and without ".git", and for single-segment
/// names, which only ever redirect.
/// @param suffix  "/info/refs"
/// @param make    the route without its pattern.
void add_repo_routes(http::Router& router, std::string_view suffix,
                     const std::function<http::Route(RepoKind)>& make);

/// Never cached: what a client is told is true now.
void forbid_caching(http::Response& response);

/// The body as it was before the client compressed it (`Content-Encoding: gzip`), in pieces.
class BodyReader {
 public:
  /// @param bytes_max  of the decoded body.
  /// @return `unsupported`, word "UnsupportedEncoding", for another coding.
  [[nodiscard]] static Result<std::unique_ptr<BodyReader>> open(http::Request& request,
                                                                std::uint64_t bytes_max);
  virtual ~BodyReader() = default;
  /// 1 byte to 256 KiB; empty at the end.
  /// @return as Request::read_some; `invalid_argument`, word "InvalidBody", for what is no gzip;
  ///         `too_large`.
  virtual Task<Result<std::string>> read_some() = 0;
};

void add_info_refs(http::Router& router, Services& services);
void add_fetch(http::Router& router, Services& services);
void add_push(http::Router& router, Services& services);

/// The answer to `info/refs?service=git-receive-pack`.
[[nodiscard]] Task<Result<http::Response>> advertise_push(Services& services,
                                                          http::Request& request,
                                                          account::Actor actor, repo::RepoRef repo);

}  // namespace cairn::api::git
