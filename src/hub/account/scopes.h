#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/id.h"
#include "base/result.h"
#include "hub/account/types.h"
#include "platform/db/db.h"

/// What a fine-grained token may do: a set of permissions, some for single users, organizations or
/// repositories. A scope never adds to what the token's user may do; it only takes away.
namespace cairn::account {

/// Words such as "repo.content.read", "repo.write", "discussion.write". The set is open: what no
/// route asks for is kept and gives nothing, so that newer clients can create tokens here.
using Permission = std::string;

namespace permission {
inline constexpr std::string_view repo_content_read = "repo.content.read";    ///< See and read.
inline constexpr std::string_view repo_access_read = "repo.access.read";      ///< Read gated files.
inline constexpr std::string_view repo_content_write = "repo.content.write";  ///< Files, refs.
inline constexpr std::string_view repo_write = "repo.write";  ///< All of it: files, settings.
inline constexpr std::string_view discussion_write = "discussion.write";
inline constexpr std::string_view org_write = "org.write";    ///< Settings, members.
inline constexpr std::string_view user_read = "user.read";    ///< Sessions, tokens, programs.
inline constexpr std::string_view user_write = "user.write";  ///< One's own account.
}  // namespace permission

constexpr std::size_t scopes_max = 200;      ///< Entities in one token.
constexpr std::size_t permissions_max = 64;  ///< In one list.
constexpr std::size_t permission_bytes_max = 64;

/// What a scope is about: an owner with all its repositories, or one repository.
struct Entity {
  enum class Kind { user, organization, repo };
  Kind kind = Kind::user;
  RepoKind repo_kind = RepoKind::model;  ///< With Kind::repo.
  std::string name;                      ///< "ada", or "ada/bert" for a repository.
  std::optional<PublicId> id;  ///< When known, it alone decides, so that a name which somebody else
                               ///< takes over opens nothing.
  std::optional<OwnerId> owner;  ///< Of the living owner `id` names; not for repositories.
};

struct Scope {
  Entity entity;
  std::vector<Permission> permissions;
};

struct Scopes {
  std::vector<Permission> global;  ///< Everywhere.
  std::vector<Scope> scoped;
};

[[nodiscard]] bool contains(const std::vector<Permission>& list, std::string_view permission);

/// Reads the wire's form, `{"global": [permission], "scoped": [{"entity": {"type", "name",
/// "_id"?}, "permissions": [permission]}]}` with the types user, org, model, dataset, space and
/// kernel, or the list of `scoped` alone.
/// @param where  the path of `value`, for messages.
/// @return `invalid_argument`, word "InvalidScopes", naming the field.
[[nodiscard]] Result<Scopes> read_scopes(const boost::json::value& value, const std::string& where);
/// Fills in `id`, `name` and `owner` of users and organizations. A repository keeps its name unless
/// the caller gave an id: repositories are not known here.
/// @return `invalid_argument`, word "InvalidScopes", when there is no such owner.
Result<> pin_scopes(db::Tx& tx, Scopes& scopes);
/// The same for stored scopes, without errors: an owner who is gone gets no `owner`, and then the
/// scope opens nothing.
void refresh_scopes(db::Tx& tx, Scopes& scopes);
/// The wire's form, as whoami-v2 shows it.
[[nodiscard]] boost::json::value scopes_json(const Scopes& scopes);

}  // namespace cairn::account
