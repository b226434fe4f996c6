#include "hub/repo/commit_target.h"

#include "base/bytes.h"
#include "base/text.h"
#include "hub/repo/files_parts.h"

namespace cairn::repo {
namespace {

Failure not_a_branch(std::string_view revision) {
  return fail(ErrorCode::invalid_argument, "NotABranch",
              "Commits go to branches, and \"" + std::string(truncate_utf8(revision, 200)) +
                  "\" is none. Create a branch there first.");
}

Failure stale_parent() {
  return fail(ErrorCode::precondition_failed, "StaleParent",
              "The branch was updated since you opened this page. Please refresh and try again.");
}

Failure no_pull_requests() {
  return fail(ErrorCode::not_implemented, "NotImplemented",
              "This hub has no pull requests. Commit to a branch you may write to.");
}

std::string full_name(std::string_view revision, const Repo& repo) {
  std::string name(revision.empty() || revision == "HEAD" ? repo.default_branch : revision);
  return name.starts_with("refs/") ? name : "refs/heads/" + name;
}

/// @param create_pr  only branches can be merged into; an unknown one, and a commit id, are
///                   revisions that do not exist there (hub-api.md, section 7).
Result<CommitTarget> find_branch(db::Tx& tx, history::History& history, const Repo& repo,
                                 const std::string& revision, bool create_pr) {
  std::string ref = full_name(revision, repo);
  bool sound = ref.starts_with("refs/heads/") || (is_pull_request_ref(ref) && !create_pr);
  if (sound && git::check_ref_name(ref))
    if (auto found = history.find_ref(tx, repo.id, ref))
      return CommitTarget{found->name, found->commit, create_pr, {}};
  // Not a branch: say whether it is something else that exists.
  std::string asked = revision.empty() ? repo.default_branch : revision;
  if (!create_pr && resolve_in(tx, history, repo, asked)) return not_a_branch(revision);
  return no_revision(revision);
}

}  // namespace

Result<> Commits::Parts::check_change(db::Tx& tx, const Actor& actor, const Repo& repo,
                                      std::string_view revision, bool create_pr) const {
  auto ref = full_name(revision, repo);
  if (!create_pr && !is_pull_request_ref(ref)) return access::check(tx, actor, Action::write, repo);
  if (!pull_requests) return no_pull_requests();
  return create_pr ? pull_requests->check_open(tx, actor, repo)
                   : pull_requests->check_push(tx, actor, repo, ref);
}

Result<CommitTarget> find_target(db::Tx& tx, const Commits::Parts& parts, const Actor& actor,
                                 const Repo& repo, const std::string& revision,
                                 const CommitHeader& header, bool create_pr) {
  CAIRN_CHECK(parts.check_change(tx, actor, repo, revision, create_pr));
  CAIRN_TRY(target, find_branch(tx, parts.history, repo, revision, create_pr));
  if (!header.parent) return std::move(target);
  const auto& parent = *header.parent;
  bool sound = parent.size() >= 5 && parent.size() <= git::oid_hex && is_lower_hex(parent);
  if (!sound)
    return fail(ErrorCode::invalid_argument, "InvalidParent",
                "parentCommit is a commit id: 5 to 40 lower-case hex digits.");
  if (create_pr) {
    CAIRN_TRY(base, resolve_in(tx, parts.history, repo, parent));
    target.head = base.oid;
    return std::move(target);
  }
  if (!target.head.hex().starts_with(parent)) return stale_parent();
  target.expected = target.head;
  return std::move(target);
}

}  // namespace cairn::repo
