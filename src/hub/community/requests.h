#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/keyring.h"
#include "base/task.h"
#include "hub/access/access.h"
#include "hub/account/owners.h"
#include "hub/community/access_mail.h"
#include "hub/community/gate_form.h"
#include "hub/repo/repos.h"

/// Access to gated repositories: asking for it, and deciding. The rows and what they mean for
/// reading are hub/access's.
namespace cairn::community {

using access::GrantState;
using account::Actor;
using repo::RepoRef;

constexpr std::size_t decisions_max = 100;  ///< In one batch (hub-api.md, section 20).

/// Whom a decision is about: one member is given.
struct Requester {
  std::optional<std::string> name;
  std::optional<PublicId> user;
  std::optional<PublicId> request;
};
struct Decision {
  Requester who;
  GrantState state = GrantState::pending;
  std::optional<std::string> reason;  ///< Only with `rejected`, at most 200 characters.
};

struct AccessRequest {
  access::Request row;
  account::User user;
  std::optional<account::User> decided_by;
  std::optional<repo::Repo> repo;  ///< In the list over repositories.
};
struct RequestPage {
  std::vector<AccessRequest> requests;  ///< Newest first.
  std::optional<std::string> next;
};

/// Thread-safe. Errors of all on one repository: `invalid_argument`, word "NotGated".
class Requests {
 public:
  Requests(db::Database& database, repo::Repos& repos, const Keyring& keyring,
           const AccessMail& mail)
      : database_(database), repos_(repos), keyring_(keyring), mail_(mail) {}

  /// @param answers  by the labels of the card's form.
  /// @return what became of it: accepted at once where gating is automatic. `invalid_argument`
  ///         "InvalidAccessRequest"; `conflict` "AccessGranted" for those who may read already;
  ///         `forbidden` "AccessRejected" after a rejection.
  Task<Result<GrantState>> ask(Actor actor, RepoRef repo, json::object answers);
  /// Takes back a request that nobody has decided. @return `invalid_argument` "NoAccessRequest".
  Task<Result<>> cancel(Actor actor, RepoRef repo);
  /// The actor's own request, if there is one.
  Task<Result<std::optional<access::Request>>> own(Actor actor, RepoRef repo);

  // ---- For those who may write to the repository ----

  /// @param state  empty: all. @return also "InvalidCursor".
  Task<Result<RequestPage>> list(Actor actor, RepoRef repo, std::optional<GrantState> state,
                                 int limit, std::optional<std::string> cursor);
  /// `pending` takes a decision back.
  /// @return `invalid_argument` "NoAccessRequest"; `not_found` "UserNotFound", and
  ///         "AccessRequestUnchanged" when it is so already.
  Task<Result<>> decide(Actor actor, RepoRef repo, Decision decision);
  /// Each on its own. @return an outcome for each, in order.
  Task<Result<std::vector<Result<>>>> decide_all(Actor actor, RepoRef repo,
                                                 std::vector<Decision> decisions);
  /// Without a request. @return `invalid_argument` "AccessGranted"; `not_found` "UserNotFound".
  Task<Result<>> grant(Actor actor, RepoRef repo, Requester who);

  /// Undecided requests for all repositories that the actor's own rights let them decide about.
  Task<Result<RequestPage>> to_decide(Actor actor, int limit, std::optional<std::string> cursor);

 private:
  db::Database& database_;
  repo::Repos& repos_;
  const Keyring& keyring_;
  const AccessMail& mail_;
};

}  // namespace cairn::community
