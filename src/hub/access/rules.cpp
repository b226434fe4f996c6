#include "base/names.h"
#include "hub/access/access.h"

// The rules themselves: no database, so that a table of cases can test them.
namespace cairn::access {
namespace {

using account::Entity;
using account::Permission;
using account::Scopes;
using account::TokenRole;
namespace permission = account::permission;

bool covers(const Entity& entity, const RepoFacts& repo) {
  if (entity.kind != Entity::Kind::repo) return entity.owner == repo.owner;
  if (entity.repo_kind != repo.kind) return false;
  return entity.id ? *entity.id == repo.public_id : name_key(entity.name) == name_key(repo.name);
}

/// Whether a fine-grained token has one of the permissions on this repository.
bool has(const Scopes& scopes, const RepoFacts& repo,
         std::initializer_list<std::string_view> any_of) {
  auto in = [&](const std::vector<Permission>& list) {
    return std::ranges::any_of(any_of, [&](auto p) { return account::contains(list, p); });
  };
  if (in(scopes.global)) return true;
  return std::ranges::any_of(scopes.scoped, [&](const account::Scope& scope) {
    return in(scope.permissions) && covers(scope.entity, repo);
  });
}

bool is_fine_grained(const Actor& actor) {
  return actor.kind == ActorKind::token && actor.token_role == TokenRole::fine_grained;
}

/// Whether the credential lets its user's right to read pass.
bool credential_reads(const Actor& actor, const RepoFacts& repo) {
  if (!is_fine_grained(actor)) return true;
  return has(*actor.token_scopes, repo, {permission::repo_content_read, permission::repo_write});
}

Decision allow(Reason reason) {
  return {reason, std::nullopt};
}

Decision refuse(Reason reason, ErrorCode code, std::string word, std::string message) {
  return {reason, Error{code, std::move(word), std::move(message)}};
}

Decision refuse_hidden(const Actor& actor, Reason reason) {
  return {reason, hidden(actor)};
}

Decision refuse_signed_out() {
  return refuse(Reason::signed_out, ErrorCode::unauthenticated, "Unauthenticated",
                "Nobody is signed in. Send an access token in the Authorization header.");
}

Decision refuse_gated(const Actor& actor, const RepoFacts& repo) {
  std::string start =
      "Access to " + std::string(to_string(repo.kind)) + " " + repo.name + " is restricted";
  if (!actor.has_user())
    return refuse(Reason::gated, ErrorCode::unauthenticated, "GatedRepo",
                  start +
                      ". You must have access to it and be authenticated to access it. Sign "
                      "in, or send an access token.");
  return refuse(Reason::gated, ErrorCode::forbidden, "GatedRepo",
                start + " and you are not in the authorized list. Ask its owner for access.");
}

Decision refuse_protected(const Actor& actor) {
  if (!actor.has_user()) return refuse_signed_out();
  return refuse(Reason::files_protected, ErrorCode::forbidden, "Forbidden",
                "The files of this repository are for its owner only.");
}

Decision refuse_disabled() {
  // Clients know a disabled repository by exactly this text (reference section 1.7).
  return refuse(Reason::disabled, ErrorCode::forbidden, "RepoDisabled",
                "Access to this resource is disabled.");
}

/// The part of a change that depends on the credential: what a token's role and scopes allow.
std::optional<Decision> credential_refuses(const Actor& actor, const RepoFacts& repo,
                                           std::initializer_list<std::string_view> any_of) {
  if (actor.kind != ActorKind::token) return std::nullopt;
  if (actor.token_role == TokenRole::read)
    return refuse(Reason::read_token, ErrorCode::forbidden, "Forbidden",
                  "This token may only read. Use a token with role write.");
  if (actor.token_role == TokenRole::fine_grained && !has(*actor.token_scopes, repo, any_of)) {
    if (!actor.token)  // A deploy key, whose holder never saw a token.
      return refuse(Reason::scope, ErrorCode::forbidden, "Forbidden",
                    "This key may only read " + repo.name +
                        ". Use a deploy key that may write, or the key of an account.");
    return refuse(Reason::scope, ErrorCode::forbidden, "Forbidden",
                  "The scopes of this token do not allow this on " + repo.name +
                      ". Add a permission to the token, or use another.");
  }
  return std::nullopt;
}

bool role_writes(const Actor& actor, const RepoFacts& repo, Role role) {
  if (role == Role::admin || role == Role::write) return true;
  return role == Role::contributor && repo.creator == actor.user;
}

/// Everything that reads, for an actor who may know that the repository exists.
Decision decide_read(const Actor& actor, Action action, const RepoFacts& repo,
                     const Standing& standing, bool member, Reason how) {
  bool content = action == Action::read_content || action == Action::create_pr;
  bool asks_too = member && content && repo.members_gated && repo.gating != Gating::none &&
                  !role_writes(actor, repo, *standing.role);
  if (action == Action::see || (member && !asks_too)) return allow(how);
  if (!member && repo.visibility == Visibility::protected_) return refuse_protected(actor);
  if (action == Action::list_files || repo.gating == Gating::none) return allow(how);
  if (!standing.granted || !actor.has_user()) return refuse_gated(actor, repo);
  if (is_fine_grained(actor) && !has(*actor.token_scopes, repo,
                                     {permission::repo_access_read, permission::repo_content_read}))
    return {Reason::scope, refuse_gated(actor, repo).error};
  return allow(Reason::granted);
}

Decision decide_change(const Actor& actor, Action action, const RepoFacts& repo,
                       const Standing& standing, Reason how) {
  if (!actor.has_user()) return refuse_signed_out();
  bool enough =
      standing.role && (action == Action::administer ? *standing.role == Role::admin
                                                     : role_writes(actor, repo, *standing.role));
  if (!enough)
    return refuse(
        Reason::role, ErrorCode::forbidden, "Forbidden",
        std::string(action == Action::administer ? "You do not have the right to administer "
                                                 : "You do not have the right to write to ") +
            std::string(to_string(repo.kind)) + " " + repo.name + ". Ask an admin of its owner.");
  auto refused = action == Action::write
                     ? credential_refuses(actor, repo,
                                          {permission::repo_write, permission::repo_content_write})
                     : credential_refuses(actor, repo, {permission::repo_write});
  return refused ? *refused : allow(how);
}

/// Discussions and pull requests: anybody with an account, on what they can read.
Decision decide_talk(const Actor& actor, Action action, const RepoFacts& repo,
                     const Standing& standing, bool member, Reason how) {
  if (!actor.has_user()) return refuse_signed_out();
  if (action == Action::create_pr) {
    auto read = decide_read(actor, Action::read_content, repo, standing, member, how);
    if (!read.allowed()) return read;
  }
  if (auto refused = credential_refuses(
          actor, repo,
          {permission::discussion_write, permission::repo_write, permission::repo_content_write}))
    return *refused;
  return allow(how);
}

}  // namespace

Error hidden(const Actor& actor) {
  if (actor.kind == ActorKind::anonymous)
    return Error{ErrorCode::unauthenticated, "RepoNotFound", "Invalid username or password."};
  return Error{ErrorCode::not_found, "RepoNotFound", "Repository not found"};
}

Decision decide(const Actor& actor, Action action, const RepoFacts& repo,
                const Standing& standing) {
  if (actor.is_system()) return allow(Reason::system);

  bool has_role = actor.has_user() && standing.role.has_value();
  bool member = has_role && credential_reads(actor, repo);
  if (repo.visibility == Visibility::private_ && !member)
    return refuse_hidden(actor, has_role ? Reason::scope : Reason::hidden);
  if (repo.disabled && action != Action::administer) return refuse_disabled();

  Reason how = !member                              ? Reason::open_to_all
               : repo.owner_kind == OwnerKind::user ? Reason::owner
                                                    : Reason::member;
  switch (action) {
    case Action::see:
    case Action::list_files:
    case Action::read_content:
      return decide_read(actor, action, repo, standing, member, how);
    case Action::discuss:
    case Action::create_pr:
      return decide_talk(actor, action, repo, standing, member, how);
    case Action::write:
    case Action::administer:
      return decide_change(actor, action, repo, standing, how);
  }
  return refuse_hidden(actor, Reason::hidden);
}

std::string_view to_string(Action action) {
  switch (action) {
    case Action::see:
      return "see";
    case Action::list_files:
      return "list_files";
    case Action::read_content:
      return "read_content";
    case Action::discuss:
      return "discuss";
    case Action::create_pr:
      return "create_pr";
    case Action::write:
      return "write";
    case Action::administer:
      return "administer";
  }
  return "see";
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::system:
      return "system";
    case Reason::open_to_all:
      return "open_to_all";
    case Reason::owner:
      return "owner";
    case Reason::member:
      return "member";
    case Reason::granted:
      return "granted";
    case Reason::hidden:
      return "hidden";
    case Reason::gated:
      return "gated";
    case Reason::files_protected:
      return "files_protected";
    case Reason::disabled:
      return "disabled";
    case Reason::signed_out:
      return "signed_out";
    case Reason::role:
      return "role";
    case Reason::read_token:
      return "read_token";
    case Reason::scope:
      return "scope";
  }
  return "hidden";
}

}  // namespace cairn::access
