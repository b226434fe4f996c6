#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hub/locks/locks.h"

/// All SQL of the module. `Lock::owner` is left to the caller.
namespace cairn::locks::store {

void insert(db::Tx& tx, RepoId repo, const Lock& lock);
std::optional<Lock> find(db::Tx& tx, RepoId repo, const std::string& path);
std::optional<Lock> find(db::Tx& tx, RepoId repo, const PublicId& id);
/// By path, those behind `after`.
std::vector<Lock> list(db::Tx& tx, RepoId repo, const std::string& after, int limit);
std::int64_t count(db::Tx& tx, RepoId repo);
void remove(db::Tx& tx, RepoId repo, const std::string& path);
/// Of a purged repository, at most `limit`. @return how many.
int forget_repo(db::Tx& tx, RepoId repo, int limit);
/// Of a purged account.
void forget_user(db::Tx& tx, UserId user);

/// For the test that holds them to their indexes.
std::vector<const db::Statement*> statements();

}  // namespace cairn::locks::store
