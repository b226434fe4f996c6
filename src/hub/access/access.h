#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hub/account/account.h"
#include "platform/db/db.h"

/// The one place that answers "may this actor do this to that", for every read and write, every
/// list, count and redirect. What an actor may not see does not exist for it: the same answer as
/// for a missing thing, from `hidden()`.
namespace cairn::access {

using account::Actor;
using account::ActorKind;
using account::Role;

[[nodiscard]] std::vector<db::Migration> access_migrations();

enum class Action {
  see,           ///< That it exists: info, lists, likers, cards.
  list_files,    ///< Names, sizes, history: tree, paths-info, refs, commits. Not gated.
  read_content,  ///< Bytes: resolve, raw, LFS download, git fetch, auth-check. Gated.
  discuss,       ///< Open and comment discussions.
  create_pr,     ///< Propose a change: `refs/pr/*`, preupload and upload for it.
  write,         ///< Commit, upload, branches, tags, delete LFS files, auth-check/write.
  administer,    ///< Settings, delete, restore, move.
};
[[nodiscard]] std::string_view to_string(Action action);

/// What decisions depend on, read by hub/repo with the repository's row.
struct RepoFacts {
  RepoId id;
  PublicId public_id;
  RepoKind kind = RepoKind::model;
  std::string name;  ///< "owner/name", as displayed; for messages and scopes of tokens.
  OwnerId owner;
  OwnerKind owner_kind = OwnerKind::user;
  std::optional<UserId> creator;  ///< For contributors, who write what they made.
  Visibility visibility = Visibility::public_;
  Gating gating = Gating::none;
  bool disabled = false;  ///< By the operator: nothing works but administering.
};

/// Why, for the log and the audit trail; never for the client.
enum class Reason {
  system,
  open_to_all,
  owner,
  member,
  granted,  // allowed
  hidden,
  gated,
  files_protected,
  disabled,
  signed_out,
  role,
  read_token,
  scope,  // refused
};
[[nodiscard]] std::string_view to_string(Reason reason);

struct Decision {
  Reason reason = Reason::hidden;
  std::optional<Error> error;  ///< What to send; empty = allowed.
  [[nodiscard]] bool allowed() const { return !error; }
};

/// What the database knows about this user and this repository.
struct Standing {
  std::optional<Role> role;  ///< In the owner: for one's own repositories `admin`.
  bool granted = false;      ///< An accepted access request.
};

/// The rules themselves, without a database.
[[nodiscard]] Decision decide(const Actor& actor, Action action, const RepoFacts& repo,
                              const Standing& standing);

/// At most two indexed reads; none when everybody may or the repository is the actor's own.
[[nodiscard]] Decision decide(db::Tx& tx, const Actor& actor, Action action, const RepoFacts& repo);

/// `CAIRN_CHECK(access::check(tx, actor, Action::write, facts));`
/// @return what to send: `hidden(actor)`; `forbidden` word "Forbidden"; `unauthenticated` word
///         "Unauthenticated" when signing in could help; "GatedRepo" (both codes); word
///         "RepoDisabled".
[[nodiscard]] Result<> check(db::Tx& tx, const Actor& actor, Action action, const RepoFacts& repo);

/// The answer for every repository that is missing, or hidden from this actor: `unauthenticated`
/// for strangers, else `not_found`; word "RepoNotFound".
[[nodiscard]] Error hidden(const Actor& actor);

/// May this actor create a repository there (or move one there)? `admin`, `write` and
/// `contributor` of an organization, and everybody at home.
/// @return `unauthenticated`, `forbidden`.
[[nodiscard]] Result<> check_create(db::Tx& tx, const Actor& actor, const account::Owner& owner);

/// May this actor change the organization (or own account) itself: profile, members, tokens.
[[nodiscard]] Result<> check_manage(db::Tx& tx, const Actor& actor, const account::Owner& owner);

/// Operator's routes: an administrator, with a session or a token that may write.
[[nodiscard]] Result<> check_admin(const Actor& actor);

/// Which private repositories an actor sees in lists, for use in SQL:
///   visibility <> private OR owner_id IN (owners) OR id IN (those of `repos`)
/// and for `everything` no condition at all.
struct ListFilter {
  bool everything = false;
  std::vector<OwnerId> owners;
  /// Single repositories that a fine-grained token names: hub/repo looks each up and asks
  /// `check(see)`. At most `account::scopes_max`.
  std::vector<account::Entity> repos;

  /// "[1,7]": one parameter, for `json_each` or `json_array_elements_text`.
  [[nodiscard]] std::string owners_json() const;
};
[[nodiscard]] ListFilter list_filter(db::Tx& tx, const Actor& actor);

// ---- Access requests: rows now, routes with the issue that brings them --------------------------

enum class GrantState { pending, accepted, rejected };
void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by);
/// Called when a repository is purged.
void forget_repo(db::Tx& tx, RepoId repo);

}  // namespace cairn::access
