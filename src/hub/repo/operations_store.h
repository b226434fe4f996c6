#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "hub/repo/repos.h"
#include "hub/repo/space_values.h"

/// SQL for repositories as a whole, and for what spaces find in their environment.
namespace cairn::repo::store {

[[nodiscard]] std::span<const db::Statement* const> operation_statements();

// ---- Copies ----
/// A new repository that nobody sees yet: deleted from the start, without a head, and purged at
/// `purge_at` unless `finish_copy` comes before.
RepoId insert_copy(db::Tx& tx, const PublicId& public_id, const Repo& from, OwnerId owner,
                   std::optional<UserId> creator, const RepoName& name, Visibility visibility,
                   Time purge_at);
/// Its head, storage and place among the living.
void finish_copy(db::Tx& tx, RepoId id, const Repo& from, std::string_view sha);
/// It failed: purged with the next round.
void abandon_copy(db::Tx& tx, RepoId id);

// ---- Names that are not free yet ----
/// A repository of this name that was deleted and can still be restored.
std::optional<Repo> find_deleted_named(db::Tx& tx, RepoKind kind, OwnerId owner,
                                       std::string_view name_key);
/// When a moved repository's old name began to lead to the new one.
std::optional<Time> redirected_since(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                                     std::string_view name_key);

// ---- Large files ----
void remember_file_purge(db::Tx& tx, RepoId repo, const Sha256Digest& file,
                         std::optional<UserId> by);
bool file_purged(db::Tx& tx, RepoId repo, const Sha256Digest& file);
std::int64_t git_bytes(db::Tx& tx, RepoId repo);
/// How a row's storage is counted anew after a collection.
void set_storage(db::Tx& tx, RepoId repo, std::int64_t git_bytes, std::int64_t large_bytes);

// ---- Values of spaces ----
std::vector<SpaceValue> space_values(db::Tx& tx, RepoId repo, ValueKind kind);
bool has_space_value(db::Tx& tx, RepoId repo, ValueKind kind, std::string_view key);
int count_space_values(db::Tx& tx, RepoId repo, ValueKind kind);
void put_space_value(db::Tx& tx, RepoId repo, ValueKind kind, std::string_view key,
                     std::string_view value, std::string_view description);
bool delete_space_value(db::Tx& tx, RepoId repo, ValueKind kind, std::string_view key);
void copy_space_values(db::Tx& tx, RepoId from, RepoId to, ValueKind kind);
void delete_space_values(db::Tx& tx, RepoId repo);
struct SealedRow {
  std::int64_t id;
  std::string repo_public_id, key, sealed;
};
std::vector<SealedRow> secrets_after(db::Tx& tx, std::int64_t after, int limit);
void set_sealed(db::Tx& tx, std::int64_t id, std::string_view sealed);

}  // namespace cairn::repo::store
