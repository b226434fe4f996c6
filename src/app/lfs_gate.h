#pragma once
#include "api/lfs/lfs.h"
#include "hub/repo/repos.h"
#include "hub/xet/xet.h"

namespace cairn::app {

/// Lets the LFS protocol find repositories: the wire between api/lfs and hub/repo.
class RepoGateOverRepos final : public api::lfs::RepoGate {
 public:
  RepoGateOverRepos(repo::Repos& repos, const xet::Xet& xet) : repos_(repos), xet_(xet) {}
  Task<Result<Opened>> open(http::Request& request, RepoKind kind, std::string name,
                            access::Action action) override;
  [[nodiscard]] std::optional<ChunkedUpload> chunked_upload(const Opened& repo, RepoKind kind,
                                                            std::string_view name,
                                                            std::string_view revision) override;

 private:
  repo::Repos& repos_;
  const xet::Xet& xet_;
};

}  // namespace cairn::app
