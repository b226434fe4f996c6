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
  bool members_gated = false;  ///< Members who may not write here ask for access like strangers.
  bool disabled = false;       ///< By the operator: nothing works but administering.
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

/// What is a person's alone, for reading: sessions, tokens, connected programs, the address. A
/// token that names what it is for needs `user.read` or `user.write` on the account.
/// @return `unauthenticated`, `forbidden`.
[[nodiscard]] Result<> check_own(const Actor& actor);
/// The same for changing it: not with a token that may only read, with scopes only by `user.write`.
[[nodiscard]] Result<> check_own_change(const Actor& actor);

/// May this actor look over every repository of the owner, names and sizes: its members who may
/// create there, with a credential that reads all of it. @return `unauthenticated`, `forbidden`.
[[nodiscard]] Result<> check_overview(db::Tx& tx, const Actor& actor, const account::Owner& owner);

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

// ---- Access requests: the rows; what people do with them is hub/community's ---------------------

enum class GrantState { pending, accepted, rejected };
[[nodiscard]] std::string_view to_string(GrantState state);
[[nodiscard]] std::optional<GrantState> parse_grant_state(std::string_view text);

/// Longest reason for a rejection (hub-api.md, section 20).
constexpr std::size_t rejection_reason_chars_max = 200;

/// One user's request for one gated repository, or access that was given without one.
struct Request {
  PublicId id;
  RepoId repo;
  UserId user;
  GrantState state = GrantState::pending;
  bool asked = false;  ///< The user asked; else access was given unasked.
  std::string fields;  ///< The form's answers, a JSON object; empty without any.
  std::optional<std::string> rejection_reason;
  Time requested_at;
  std::optional<Time> decided_at;
  std::optional<UserId> decided_by;  ///< Empty: by the repository's own setting.
};

[[nodiscard]] std::optional<Request> find_request(db::Tx& tx, RepoId repo, UserId user);
[[nodiscard]] std::optional<Request> find_request(db::Tx& tx, RepoId repo, const PublicId& id);
/// The user asks, or asks again with other answers: the state becomes `state`.
void put_request(db::Tx& tx, RepoId repo, UserId user, std::string_view fields, GrantState state);
/// Decides, or gives access unasked. @param reason  only with `rejected`.
void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by,
               const std::optional<std::string>& reason = {});
void remove_request(db::Tx& tx, RepoId repo, UserId user);

/// Where the next page begins: after this one.
struct RequestPlace {
  Time requested_at;
  UserId user;
};
/// Newest first. @param state  empty: all.
[[nodiscard]] std::vector<Request> list_requests(db::Tx& tx, RepoId repo,
                                                 std::optional<GrantState> state,
                                                 const std::optional<RequestPlace>& after,
                                                 int limit);
/// Called when a repository is purged.
void forget_repo(db::Tx& tx, RepoId repo);

}  // namespace cairn::access
