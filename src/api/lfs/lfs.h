#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "hub/access/access.h"
#include "hub/lfs/lfs.h"
#include "platform/http/http.h"

/// The Git LFS protocol, as git-lfs and the Hub's clients speak it (hub-api.md 7.1): batches, and
/// the signed URLs they lead to.
namespace cairn::api::lfs {

/// Finds a repository by its name in a URL and decides what the one who asks may do there. Made by
/// `app` from hub/repo, and by tests from nothing.
class RepoGate {
 public:
  virtual ~RepoGate() = default;

  struct Opened {
    RepoId repo;
    OwnerId owner;
    UserId user;  ///< Who asks; 0 for nobody and for the hub itself.
    /// The name asked for is an old one: "owner/name" as it is now. Answered with 307.
    std::optional<std::string> moved_to;
  };
  /// @param name  "owner/name", decoded; any text.
  /// @return what hub/access says: the same for what is missing and what is hidden.
  virtual Task<Result<Opened>> open(http::Request& request, RepoKind kind, std::string name,
                                    access::Action action) = 0;

  /// Where a client that speaks Xet sends its large files instead: the hub's token route, and the
  /// same token at once as headers (xet.md 8.6).
  struct ChunkedUpload {
    std::string href;
    json::object header;
    std::int64_t expires_in_s = 0;
    Time expires_at;
  };
  /// Empty when the hub takes none. @param name  as for `open`; @param revision  a branch.
  [[nodiscard]] virtual std::optional<ChunkedUpload> chunked_upload(const Opened& repo,
                                                                    RepoKind kind,
                                                                    std::string_view name,
                                                                    std::string_view revision) {
    (void)repo, (void)kind, (void)name, (void)revision;
    return std::nullopt;
  }
};

/// Adds every route of the protocol; both outlive the router. Runs behind the hook that recognizes
/// the actor; signed URLs need none.
void add_routes(http::Router& router, cairn::lfs::Lfs& large_files, RepoGate& gate);

/// {"message": …} as git-lfs reads it, with the headers that the Hub's clients go by. 401 names
/// both `LFS-Authenticate` and `WWW-Authenticate`, so that git-lfs asks its credential helper.
[[nodiscard]] http::Response encode_error(const Error& error, const http::Request& request);

}  // namespace cairn::api::lfs
