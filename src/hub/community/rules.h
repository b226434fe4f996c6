#pragma once
#include <string_view>

#include "hub/community/discussions.h"

/// What the changes of discussions have in common.
namespace cairn::community {

/// Whether the actor's user opened it.
[[nodiscard]] bool is_author(const Actor& actor, const Discussion& discussion);

/// Beyond the right to talk: discussions are on, and the actor has not too many open ones here.
/// @return `forbidden`, word "DiscussionsDisabled"; `rate_limited`, word "TooManyDiscussions".
[[nodiscard]] Result<> check_new(db::Tx& tx, const Actor& actor, const repo::Repo& repo);

/// Discussions are on, or the actor may write.
[[nodiscard]] Result<> check_talk(db::Tx& tx, const Actor& actor, const repo::Repo& repo);

/// Appends an event about a discussion: {"number", "title", "isPullRequest", and `more`}.
///
///   discussion.created {}                discussion.comment {"comment"}
///   discussion.status  {"status"}        discussion.title   {"from"}
///   discussion.merged  {"commit"}        discussion.deleted {}
void tell(db::Tx& tx, const Actor& actor, const repo::Repo& repo, std::string_view type,
          const Discussion& discussion, json::object more = {});

/// @return `invalid_argument`, word "InvalidDiscussion".
[[nodiscard]] Result<std::string> check_title(std::string_view title);
[[nodiscard]] Result<std::string> check_comment(std::string_view text);

}  // namespace cairn::community
