#pragma once
// The rows of this module: access requests and what became of them.
#include <span>

#include "hub/access/access.h"

namespace cairn::access::store {

/// All fixed SQL, for the test that explains each.
[[nodiscard]] std::span<const db::Statement* const> statements();
[[nodiscard]] db::Query list_query(RepoId repo, std::optional<GrantState> state,
                                   const std::optional<RequestPlace>& after, int limit);

bool has_accepted_grant(db::Tx& tx, RepoId repo, UserId user);
std::optional<Request> find_request(db::Tx& tx, RepoId repo, UserId user);
std::optional<Request> find_request(db::Tx& tx, RepoId repo, const PublicId& id);
void put_request(db::Tx& tx, RepoId repo, UserId user, std::string_view fields, GrantState state);
void set_grant(db::Tx& tx, RepoId repo, UserId user, GrantState state, std::optional<UserId> by,
               const std::optional<std::string>& reason);
void remove_request(db::Tx& tx, RepoId repo, UserId user);
std::vector<Request> list_requests(db::Tx& tx, RepoId repo, std::optional<GrantState> state,
                                   const std::optional<RequestPlace>& after, int limit);
void delete_grants(db::Tx& tx, RepoId repo);

}  // namespace cairn::access::store
