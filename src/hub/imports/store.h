#pragma once
#include "hub/imports/imports.h"

namespace cairn::imports::store {

Import insert(db::Tx& tx, Import import);
[[nodiscard]] std::optional<Import> find(db::Tx& tx, ImportId id);
[[nodiscard]] std::optional<Import> find(db::Tx& tx, const PublicId& id);
/// The newest about a repository.
[[nodiscard]] std::optional<Import> of_repo(db::Tx& tx, RepoId repo);
[[nodiscard]] std::vector<Import> of_user(db::Tx& tx, UserId user, int limit);
/// Of one person, that wait or run.
[[nodiscard]] std::size_t count_open(db::Tx& tx, UserId user);
/// Source, secrets, state, progress, notes and error. @return false when it is gone.
bool update(db::Tx& tx, const Import& import);
void remove(db::Tx& tx, ImportId id);
int forget_repo(db::Tx& tx, RepoId repo, int limit);
void forget_user(db::Tx& tx, UserId user);

[[nodiscard]] std::vector<const db::Statement*> statements();

}  // namespace cairn::imports::store
