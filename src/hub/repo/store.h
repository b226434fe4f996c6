#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hub/card/card.h"
#include "hub/repo/repos.h"
#include "hub/repo/types.h"
#include "platform/db/db.h"

/// SQL for single repositories. Lists: list_store.h.
namespace cairn::repo::store {

/// All SQL of store.cpp, for the test that explains each.
[[nodiscard]] std::span<const db::Statement* const> statements();

// ---- Finding: living ones of living owners ----
std::optional<Repo> find(db::Tx& tx, RepoId id);
std::optional<Repo> find(db::Tx& tx, RepoKind kind, std::string_view full_key);
std::optional<Repo> find(db::Tx& tx, const PublicId& id);
std::optional<RepoId> redirected(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                                 std::string_view name_key);
/// Deleted, not yet purged.
std::optional<Repo> find_deleted(db::Tx& tx, const PublicId& id);
std::vector<Repo> deleted(db::Tx& tx, std::optional<OwnerId> owner, int limit);
std::vector<Repo> due(db::Tx& tx, Time now, int limit);

// ---- Changing ----
struct Insert {
  PublicId public_id;
  RepoKind kind;
  OwnerId owner;
  std::optional<UserId> creator;
  RepoName name;
  Visibility visibility;
  std::string default_branch;
};
RepoId insert(db::Tx& tx, const Insert& row);
/// Another branch is the default one; `set_head` says where it is.
void set_default_branch(db::Tx& tx, RepoId id, std::string_view name);
/// The default branch moved.
void set_head(db::Tx& tx, RepoId id, std::string_view sha);
/// @param large_bytes  empty: as they are.
void add_storage(db::Tx& tx, RepoId id, std::int64_t git_bytes_more,
                 std::optional<std::int64_t> large_bytes);
void set_settings(db::Tx& tx, RepoId id, Visibility visibility, Gating gating,
                  const Settings& settings);
void set_name(db::Tx& tx, RepoId id, OwnerId owner, const RepoName& name);
void set_full_key(db::Tx& tx, RepoId id, std::string_view full_key);
void mark_owner_purged(db::Tx& tx, OwnerId owner);
void mark_deleted(db::Tx& tx, RepoId id, std::optional<UserId> by, Time purge_at);
void mark_restored(db::Tx& tx, RepoId id, const RepoName& name);
void add_downloads(db::Tx& tx, RepoId id, std::int64_t count);
void raise_gc_epoch(db::Tx& tx, RepoId id);
void insert_redirect(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                     std::string_view name_key, RepoId id);
void drop_redirect(db::Tx& tx, RepoKind kind, std::string_view owner_key,
                   std::string_view name_key);
/// Row, redirects, card and tags; writes `repo_purges`.
void purge(db::Tx& tx, const Repo& repo, std::optional<UserId> by);
std::vector<RepoId> of_owner(db::Tx& tx, OwnerId owner);

// ---- Cards ----
void set_card(db::Tx& tx, RepoId id, const CardInfo& card);
/// What is known of the files, without the rest of the card.
card::FileFacts card_files(db::Tx& tx, RepoId id);
CardInfo card(db::Tx& tx, RepoId id, RepoKind kind);

}  // namespace cairn::repo::store
