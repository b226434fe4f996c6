#pragma once
#include <optional>
#include <string_view>

#include "base/id.h"

/// The numbers and words that every module of the hub shares. Numbers of enums are stored in rows:
/// only ever add at the end.
namespace cairn {

using OwnerId = Id<struct OwnerTag>;  ///< Row of `owners`, whichever kind.
using UserId = Id<struct UserTag>;    ///< The same number, known to be a user's.
using OrgId = Id<struct OrgTag>;      ///< The same number, known to be an organization's.
using TokenId = Id<struct TokenTag>;
using SessionId = Id<struct SessionTag>;
using RepoId = Id<struct RepoTag>;

constexpr OwnerId owner_of(UserId id) {
  return {id.value};
}
constexpr OwnerId owner_of(OrgId id) {
  return {id.value};
}

enum class OwnerKind { user, organization };
enum class RepoKind { model, dataset, space, kernel };

/// Private repositories do not exist for strangers. Protected ones (spaces only) are seen by
/// everyone, their files only by those who see private ones.
enum class Visibility { public_, private_, protected_ };
/// Whether the files of a repository need an accepted request: another question than visibility.
enum class Gating { none, automatic, manual };

/// The wire's words: "user" and "org"; "model"…; "public"…. Parsing is exact, empty for others.
[[nodiscard]] std::string_view to_string(OwnerKind kind);
[[nodiscard]] std::string_view to_string(RepoKind kind);
[[nodiscard]] std::string_view to_string(Visibility visibility);
[[nodiscard]] std::optional<RepoKind> parse_repo_kind(std::string_view text);
[[nodiscard]] std::optional<Visibility> parse_visibility(std::string_view text);

}  // namespace cairn
