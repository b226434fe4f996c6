#include "app/lfs_gate.h"

namespace cairn::app {

Task<Result<api::lfs::RepoGate::Opened>> RepoGateOverRepos::open(http::Request& request,
                                                                 RepoKind kind, std::string name,
                                                                 access::Action action) {
  auto* known = request.context<account::Actor>();
  account::Actor actor = known ? *known : account::Actor::anonymous();
  CAIRN_CO_TRY(found, co_await repos_.find(actor, kind, std::move(name), action));
  Opened out;
  out.repo = found.repo->id;
  out.owner = found.repo->owner;
  out.user = actor.user;
  if (found.moved) out.moved_to = found.repo->name;
  co_return out;
}

}  // namespace cairn::app
