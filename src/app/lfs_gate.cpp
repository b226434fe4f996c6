#include "app/lfs_gate.h"

#include "base/text.h"

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

std::optional<RepoGateOverRepos::ChunkedUpload> RepoGateOverRepos::chunked_upload(
    const Opened& repo, RepoKind kind, std::string_view name, std::string_view revision) {
  auto token = xet_.issue_token(repo.repo, repo.user, xet::Right::write);
  ChunkedUpload out;
  out.href = repos_.options().public_url + "/api/" + std::string(repo::plural(kind)) + "/" +
             std::string(name) + "/xet-write-token/" + percent_encode(revision);
  out.header = {{"X-Xet-Cas-Url", token.cas_url},
                {"X-Xet-Access-Token", token.text},
                {"X-Xet-Token-Expiration", std::to_string(token.expires_at.seconds())},
                {"X-Xet-Session-Id", make_public_id().hex}};
  out.expires_at = token.expires_at;
  out.expires_in_s = xet_.options().token_life.us / 1'000'000;
  return out;
}

}  // namespace cairn::app
