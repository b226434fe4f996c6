#pragma once
#include "hub/access/access.h"
#include "hub/repo/repos.h"

/// What the people who run the hub decided about repositories (hub/settings), beyond rights.
namespace cairn::repo {

/// @return `forbidden`, word "Forbidden", where only some may create repositories.
[[nodiscard]] Result<> check_hub_lets_create(db::Tx& tx, const Actor& actor,
                                             const account::Owner& owner);
/// @return `forbidden`, word "PublicNotAllowed".
[[nodiscard]] Result<> check_hub_allows(db::Tx& tx, Visibility visibility);
/// Asked for, else the owner's standard, else the hub's: the most private of the two.
/// @return as the functions above.
[[nodiscard]] Result<Visibility> visibility_of_new(db::Tx& tx, const Actor& actor,
                                                   const account::Owner& owner,
                                                   const NewRepo& request);

}  // namespace cairn::repo
