#include "hub/repo/administered.h"

#include "hub/access/access.h"

namespace cairn::repo {

Task<Result<RepoRef>> administered(Repos& repos, account::Actor actor, RepoKind kind,
                                   std::string name) {
  CAIRN_CO_TRY(found,
               co_await repos.find(actor, kind, std::move(name), access::Action::administer));
  if (found.moved) co_return std::unexpected(access::hidden(actor));
  co_return found.repo;
}

}  // namespace cairn::repo
