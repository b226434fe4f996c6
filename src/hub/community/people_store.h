#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/access/access.h"
#include "platform/db/db.h"

/// SQL over the rows of several modules: what belongs to a person or an organization.
namespace cairn::community::store {

[[nodiscard]] std::span<const db::Statement* const> people_statements();

/// An undecided request for access to a gated repository.
struct OpenRequest {
  Time requested_at;
  RepoId repo;
  UserId user;
};
/// Of living gated repositories of these owners, newest first.
/// @param owners  "[1,7]".
[[nodiscard]] db::Query open_requests_query(std::string_view owners,
                                            const std::optional<OpenRequest>& after, int limit,
                                            db::Engine engine);
[[nodiscard]] std::vector<OpenRequest> open_requests(db::Tx& tx, std::string_view owners,
                                                     const std::optional<OpenRequest>& after,
                                                     int limit);

/// How many living repositories an owner has, by kind.
struct KindCounts {
  std::int64_t models = 0, datasets = 0, spaces = 0, kernels = 0;
};
/// @param everything  private ones as well.
[[nodiscard]] KindCounts count_repos(db::Tx& tx, OwnerId owner, bool everything);
/// What a user likes, or opened discussions in, among the living repositories that are not private
/// or belong to `owners`.
[[nodiscard]] std::int64_t count_likes(db::Tx& tx, UserId user, std::string_view owners);
[[nodiscard]] std::int64_t count_discussions(db::Tx& tx, UserId user, std::string_view owners);
[[nodiscard]] std::int64_t count_members(db::Tx& tx, OrgId organization);

struct MemberRow {
  UserId user;
  std::string name_key;
};
/// By name. @param search  folded part of the name or the full name; empty: all.
[[nodiscard]] db::Query members_query(OrgId organization, std::string_view search,
                                      std::string_view after_key, int limit);
[[nodiscard]] std::vector<MemberRow> members(db::Tx& tx, OrgId organization,
                                             std::string_view search, std::string_view after_key,
                                             int limit);

// ---- What somebody has seen of the activity feed ----
[[nodiscard]] std::int64_t seen_until(db::Tx& tx, UserId user);
/// Never backward.
void set_seen(db::Tx& tx, UserId user, std::int64_t event);

}  // namespace cairn::community::store
