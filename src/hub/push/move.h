#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hub/push/content.h"
#include "hub/push/request.h"
#include "hub/repo/pull_requests.h"
#include "hub/repo/repos.h"

/// The transaction of a push.
namespace cairn::push {

using account::Actor;

/// A push whose pack is stored, ready to move refs. Read by transactions, which may run twice.
struct Ready {
  Actor actor;
  repo::RepoRef repo;
  const Request* request = nullptr;
  history::Incoming* incoming = nullptr;  ///< Null when nothing was sent.
  std::int64_t checked_epoch = 0;         ///< Of the repository when the check began.
  Content content;
  struct Change {
    std::optional<history::Tip> tip;  ///< Where the ref goes; empty for a deletion.
    bool fast_forward = false;        ///< Of a branch that was there.
    std::string refusal;              ///< Known before; not tried.
  };
  std::vector<Change> changes;  ///< One per command.
  std::optional<Card> card;     ///< Of the default branch's new commit.
  std::string default_branch;   ///< When `card` was read.
};

/// Why this actor may not push to this ref; empty when they may.
[[nodiscard]] std::string refuse_for(db::Tx& tx, repo::PullRequests* pull_requests,
                                     const Actor& actor, const repo::Repo& repo,
                                     std::string_view ref);

/// Moves the refs of commands [from, to) and, with `first`, brings in what was sent.
/// @return a refusal per command of the range, empty for those done; an error when nothing at all
///         was done: what Repos::recheck says; word "AtomicPushFailed" (with the refusals as they
///         were, in order, in `refused`); `unavailable`, word "RepoCleaned".
[[nodiscard]] Result<std::vector<std::string>> move_refs(db::Tx& tx, history::History& history,
                                                         repo::Repos& repos,
                                                         repo::PullRequests* pull_requests,
                                                         const Ready& ready, std::size_t from,
                                                         std::size_t to, bool first,
                                                         std::vector<std::string>& refused);

}  // namespace cairn::push
