#include "hub/access/access.h"

#include <algorithm>

#include "base/log.h"
#include "hub/access/store.h"

namespace cairn::access {
namespace {

using account::Entity;
using account::TokenRole;
namespace permission = account::permission;

/// Where every decision passes: the one place that a trail of them hangs on.
void report(const Actor& actor, Action action, const RepoFacts& repo, const Decision& decision) {
  if (decision.allowed()) return;
  log::debug("access.refused", {{"actor", account::to_string(actor.kind)},
                                {"user", actor.user_name},
                                {"action", to_string(action)},
                                {"repo", repo.name},
                                {"reason", to_string(decision.reason)},
                                {"request", actor.request_id}});
}

bool reads(Action action) {
  return action == Action::see || action == Action::list_files || action == Action::read_content;
}

/// True when the rows could not change the answer: most requests there are.
bool open_to_all(Action action, const RepoFacts& repo) {
  if (!reads(action) || repo.visibility != Visibility::public_) return false;
  return action != Action::read_content || repo.gating == Gating::none;
}

Standing standing_of(db::Tx& tx, const Actor& actor, Action action, const RepoFacts& repo) {
  Standing out;
  if (!actor.has_user() || open_to_all(action, repo)) return out;
  if (repo.owner_kind == OwnerKind::organization)
    out.role = account::role_in(tx, repo.owner, actor.user);
  else if (repo.owner == owner_of(actor.user))
    out.role = Role::admin;
  bool asks_content = action == Action::read_content || action == Action::create_pr;
  bool by_role = out.role && !repo.members_gated;
  if (asks_content && repo.gating != Gating::none && !by_role)
    out.granted = store::has_accepted_grant(tx, repo.id, actor.user);
  return out;
}

Failure forbidden(std::string message) {
  return fail(ErrorCode::forbidden, "Forbidden", std::move(message));
}
Failure signed_out() {
  return fail(ErrorCode::unauthenticated, "Unauthenticated",
              "Nobody is signed in. Send an access token in the Authorization header.");
}

std::optional<Role> role_at(db::Tx& tx, const Actor& actor, const account::Owner& owner) {
  if (owner.kind == OwnerKind::organization) return account::role_in(tx, owner.id, actor.user);
  if (owner.id == owner_of(actor.user)) return Role::admin;
  return std::nullopt;
}

/// Whether a fine-grained token has a permission on an owner as a whole.
bool scope_on_owner(const account::Scopes& scopes, OwnerId owner, std::string_view wanted) {
  if (account::contains(scopes.global, wanted)) return true;
  return std::ranges::any_of(scopes.scoped, [&](const account::Scope& scope) {
    return scope.entity.owner == owner && account::contains(scope.permissions, wanted);
  });
}

Result<> credential_changes(const Actor& actor, OwnerId owner, std::string_view wanted) {
  if (actor.kind != ActorKind::token) return {};
  if (actor.token_role == TokenRole::read)
    return forbidden("This token may only read. Use a token with role write.");
  if (actor.token_role == TokenRole::fine_grained &&
      !scope_on_owner(*actor.token_scopes, owner, wanted))
    return forbidden("The scopes of this token do not include \"" + std::string(wanted) +
                     "\" here. Add it to the token, or use another.");
  return {};
}

}  // namespace

Decision decide(db::Tx& tx, const Actor& actor, Action action, const RepoFacts& repo) {
  auto decision = decide(actor, action, repo, standing_of(tx, actor, action, repo));
  report(actor, action, repo, decision);
  return decision;
}

Result<> check(db::Tx& tx, const Actor& actor, Action action, const RepoFacts& repo) {
  auto decision = decide(tx, actor, action, repo);
  if (decision.error) return fail(*std::move(decision.error));
  return {};
}

Result<> check_create(db::Tx& tx, const Actor& actor, const account::Owner& owner) {
  if (actor.is_system()) return {};
  if (!actor.has_user()) return signed_out();
  auto role = role_at(tx, actor, owner);
  if (!role || *role == Role::read)
    return forbidden("You do not have the right to create a repository under \"" + owner.name +
                     "\". Use your own name, or ask an admin of the organization.");
  return credential_changes(actor, owner.id, permission::repo_write);
}

Result<> check_manage(db::Tx& tx, const Actor& actor, const account::Owner& owner) {
  if (actor.is_system()) return {};
  if (!actor.has_user()) return signed_out();
  if (role_at(tx, actor, owner) != Role::admin)
    return forbidden("You do not have the right to manage \"" + owner.name +
                     "\". Ask one of its admins.");
  return credential_changes(
      actor, owner.id,
      owner.kind == OwnerKind::user ? permission::user_write : permission::org_write);
}

Result<> check_own(const Actor& actor) {
  if (!actor.has_user()) return signed_out();
  if (actor.kind != ActorKind::token || actor.token_role != TokenRole::fine_grained) return {};
  auto owner = owner_of(actor.user);
  for (auto wanted : {permission::user_read, permission::user_write})
    if (scope_on_owner(*actor.token_scopes, owner, wanted)) return {};
  return forbidden(
      "The scopes of this token do not include \"user.read\". Add it to the token, or use "
      "another.");
}

Result<> check_own_change(const Actor& actor) {
  if (!actor.has_user()) return signed_out();
  return credential_changes(actor, owner_of(actor.user), permission::user_write);
}

Result<> check_overview(db::Tx& tx, const Actor& actor, const account::Owner& owner) {
  if (actor.is_system()) return {};
  if (!actor.has_user()) return signed_out();
  auto role = role_at(tx, actor, owner);
  if (!role || *role == Role::read)
    return forbidden("You do not have the right to look over the repositories of \"" + owner.name +
                     "\". Ask one of its admins.");
  if (actor.kind != ActorKind::token || actor.token_role != TokenRole::fine_grained) return {};
  for (auto wanted : {permission::repo_content_read, permission::repo_write})
    if (scope_on_owner(*actor.token_scopes, owner.id, wanted)) return {};
  return forbidden("The scopes of this token do not include \"repo.content.read\" on \"" +
                   owner.name + "\". Add it to the token, or use another.");
}

Result<> check_admin(const Actor& actor) {
  if (actor.is_system()) return {};
  if (!actor.has_user()) return signed_out();
  if (!actor.is_admin) return forbidden("This is for administrators of the hub.");
  if (actor.kind == ActorKind::token && actor.token_role != TokenRole::write)
    return forbidden("This token may not administer the hub. Use a token with role write.");
  return {};
}

// ---- Lists ----

std::string ListFilter::owners_json() const {
  std::string out = "[";
  for (OwnerId id : owners) {
    if (out.size() > 1) out += ',';
    out += std::to_string(id.value);
  }
  return out + "]";
}

ListFilter list_filter(db::Tx& tx, const Actor& actor) {
  ListFilter out;
  out.everything = actor.is_system();
  if (!actor.has_user()) return out;
  out.owners.push_back(owner_of(actor.user));
  for (OrgId id : account::organization_ids(tx, actor.user)) out.owners.push_back(owner_of(id));
  if (actor.kind != ActorKind::token || actor.token_role != TokenRole::fine_grained) return out;

  const account::Scopes& scopes = *actor.token_scopes;
  auto closed = [&](OwnerId owner) {
    return !scope_on_owner(scopes, owner, permission::repo_content_read) &&
           !scope_on_owner(scopes, owner, permission::repo_write);
  };
  std::erase_if(out.owners, closed);
  for (const auto& scope : scopes.scoped)
    if (scope.entity.kind == Entity::Kind::repo &&
        (account::contains(scope.permissions, permission::repo_content_read) ||
         account::contains(scope.permissions, permission::repo_write)))
      out.repos.push_back(scope.entity);
  return out;
}

// ---- Access requests ----

std::string_view to_string(GrantState state) {
  switch (state) {
    case GrantState::pending:
      return "pending";
    case GrantState::accepted:
      return "accepted";
    case GrantState::rejected:
      return "rejected";
  }
  return "pending";
}

std::optional<GrantState> parse_grant_state(std::string_view text) {
  for (auto state : {GrantState::pending, GrantState::accepted, GrantState::rejected})
    if (to_string(state) == text) return state;
  return std::nullopt;
}

std::optional<Request> find_request(db::Tx& tx, RepoId repo, UserId user) {
  return store::find_request(tx, repo, user);
}
std::optional<Request> find_request(db::Tx& tx, RepoId repo, const PublicId& id) {
  return store::find_request(tx, repo, id);
}
void put_request(db::Tx& tx, RepoId repo, UserId user, std::string_view fields, GrantState state) {
  store::put_request(tx, repo, user, fields, state);
}
void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by,
               const std::optional<std::string>& reason) {
  store::set_grant(tx, repo, user, state, by, reason);
}
void remove_request(db::Tx& tx, RepoId repo, UserId user) {
  store::remove_request(tx, repo, user);
}
std::vector<Request> list_requests(db::Tx& tx, RepoId repo, std::optional<GrantState> state,
                                   const std::optional<RequestPlace>& after, int limit) {
  return store::list_requests(tx, repo, state, after, limit);
}

void forget_repo(db::Tx& tx, RepoId repo) {
  store::delete_grants(tx, repo);
}

}  // namespace cairn::access
