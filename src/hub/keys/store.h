#pragma once
#include <optional>
#include <string>
#include <vector>

#include "hub/keys/gpg_keys.h"
#include "hub/keys/keys.h"

/// All SQL of the module.
namespace cairn::keys::store {

Key insert(db::Tx& tx, Key key);
std::vector<Key> of_user(db::Tx& tx, UserId user);
std::vector<Key> of_repo(db::Tx& tx, RepoId repo);
std::optional<Key> find(db::Tx& tx, std::string_view fingerprint);
/// @return whether there was one.
bool remove_of_user(db::Tx& tx, UserId user, const PublicId& key);
bool remove_of_repo(db::Tx& tx, RepoId repo, const PublicId& key);
void remove(db::Tx& tx, KeyId key);
void set_used(db::Tx& tx, KeyId key);
/// Deploy keys of a purged repository, at most `limit`. @return how many.
int forget_repo(db::Tx& tx, RepoId repo, int limit);
GpgKey insert(db::Tx& tx, GpgKey key);
std::vector<GpgKey> gpg_of_user(db::Tx& tx, UserId user);
bool remove_gpg(db::Tx& tx, UserId user, const PublicId& key);
/// Keys of a purged account, of both kinds, and deploy keys that it added.
void forget_user(db::Tx& tx, UserId user);

/// For the test that holds them to their indexes.
std::vector<const db::Statement*> statements();

}  // namespace cairn::keys::store
