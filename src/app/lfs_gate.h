#pragma once
#include "api/lfs/lfs.h"
#include "hub/repo/repos.h"

namespace cairn::app {

/// Lets the LFS protocol find repositories: the wire between api/lfs and hub/repo.
class RepoGateOverRepos final : public api::lfs::RepoGate {
 public:
  explicit RepoGateOverRepos(repo::Repos& repos) : repos_(repos) {}
  Task<Result<Opened>> open(http::Request& request, RepoKind kind, std::string name,
                            access::Action action) override;

 private:
  repo::Repos& repos_;
};

}  // namespace cairn::app
