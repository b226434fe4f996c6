#pragma once
#include <functional>

#include "api/hub/hub.h"

namespace cairn::api::hub {

/// Who asks, as the authentication hook found out; anonymous before it ran.
[[nodiscard]] const account::Actor& actor_of(const http::Request& request);

/// A handler of one repository that the actor may treat so.
using RepoHandler =
    std::function<Task<Result<http::Response>>(http::Request&, account::Actor, repo::RepoRef)>;

/// Finds the repository of `{ns}/{name}` (or of `{name}` alone, an alias), answers 307 for an old
/// name, and calls the handler. When there is no such repository, "{ns}" may still be an alias
/// whose path looks like that: "/api/models/gpt2/refs".
[[nodiscard]] http::Handler on_repo(Services& services, RepoKind kind, access::Action action,
                                    RepoHandler handler);

/// The Location of a moved repository: relative, with the rest of the path and the query.
[[nodiscard]] std::string moved_location(const http::Request& request, RepoKind kind,
                                         std::string_view old_name, std::string_view new_name);

/// The repository's kinds, for adding one route to each.
inline constexpr RepoKind all_kinds[] = {RepoKind::model, RepoKind::dataset, RepoKind::space,
                                         RepoKind::kernel};
/// "/api/models/{ns}/{name}" + suffix.
[[nodiscard]] std::string api_path(RepoKind kind, std::string_view suffix);
/// "/{ns}/{name}" + suffix, with the kind's prefix.
[[nodiscard]] std::string web_path(RepoKind kind, std::string_view suffix);

/// A whole number between 1 and `max`. @return `invalid_argument`, word "InvalidQuery".
[[nodiscard]] Result<int> limit_of(const http::Request& request, int standard, int max);
/// Adds `Link: <…?cursor=…>; rel="next"` with the request's other parameters.
void add_next_link(http::Response& response, const http::Request& request, const Services& services,
                   const std::string& cursor);

/// "visibility", or the older "private".
/// @return `invalid_argument`, word "InvalidVisibility", for both or an unknown word.
[[nodiscard]] Result<std::optional<Visibility>> visibility_of(
    const std::optional<std::string>& word, std::optional<bool> is_private);

/// Adds a route of the repository's API for names of one segment, which only ever redirects. A
/// repository whose own name is the word in the path ("ada/tree") comes first.
void add_alias_route(http::Router& router, Services& services, RepoKind kind, http::Method method,
                     std::string_view suffix);

/// The page of a discussion or pull request; clients read the number back from it.
[[nodiscard]] std::string discussion_url(const Services& services, const repo::Repo& repo,
                                         std::int64_t number);

void add_identity_routes(http::Router& router, Services& services);
void add_repo_routes(http::Router& router, Services& services);
void add_info_routes(http::Router& router, Services& services);
void add_tree_routes(http::Router& router, Services& services);
void add_ref_routes(http::Router& router, Services& services);
void add_resolve_routes(http::Router& router, Services& services);
void add_upload_routes(http::Router& router, Services& services);
void add_xet_routes(http::Router& router, Services& services);
void add_discussion_routes(http::Router& router, Services& services);
void add_like_routes(http::Router& router, Services& services);
void add_request_routes(http::Router& router, Services& services);
void add_people_routes(http::Router& router, Services& services);
void add_activity_routes(http::Router& router, Services& services);
void add_operation_routes(http::Router& router, Services& services);
void add_large_file_routes(http::Router& router, Services& services);
void add_space_value_routes(http::Router& router, Services& services);
void add_compare_routes(http::Router& router, Services& services);
void add_deleted_routes(http::Router& router, Services& services);

}  // namespace cairn::api::hub
