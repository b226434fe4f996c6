#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "hub/history/history.h"
#include "hub/repo/types.h"
#include "platform/db/db.h"

/// Pull requests as far as files and refs need them. What they are to people (titles, comments,
/// states) stands above, in hub/community, which implements this.
namespace cairn::repo {

/// "refs/pr/7" for pull request 7.
[[nodiscard]] inline std::string pull_request_ref(std::int64_t number) {
  return "refs/pr/" + std::to_string(number);
}
[[nodiscard]] inline bool is_pull_request_ref(std::string_view ref) {
  return ref.starts_with("refs/pr/");
}

class PullRequests {
 public:
  struct New {
    std::string title;
    std::string description;
    std::string target;  ///< The ref it is to be merged into: "refs/heads/main".
  };
  virtual ~PullRequests() = default;

  /// May this actor open one here? Reading the files is enough, unless the repository has turned
  /// discussions off.
  [[nodiscard]] virtual Result<> check_open(db::Tx& tx, const Actor& actor, const Repo& repo) = 0;
  /// Opens one, in the transaction that makes its ref with the first commit. Asks `check_open`.
  /// @return its number.
  [[nodiscard]] virtual Result<std::int64_t> open(db::Tx& tx, const Actor& actor, const Repo& repo,
                                                  New request,
                                                  const history::CommitInfo& first) = 0;

  /// Whether this actor has one here that takes commits: whoever may not write may push to it.
  [[nodiscard]] virtual bool has_own(db::Tx& tx, const Actor& actor, const Repo& repo) = 0;
  /// May this actor move `ref`, a "refs/pr/N"? Its author and whoever may write to the repository,
  /// while it is open or a draft. For every way in: the API and git.
  /// @return `not_found`, word "RevisionNotFound"; `forbidden`, words "Forbidden" and
  ///         "PullRequestClosed"; what access::check says of `create_pr`.
  [[nodiscard]] virtual Result<> check_push(db::Tx& tx, const Actor& actor, const Repo& repo,
                                            std::string_view ref) = 0;
  /// To be called in the transaction that moved `ref`, once per new commit, oldest first.
  virtual void pushed(db::Tx& tx, const Actor& actor, const Repo& repo, std::string_view ref,
                      const history::CommitInfo& commit) = 0;
};

}  // namespace cairn::repo
