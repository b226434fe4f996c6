#pragma once
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "hub/history/history.h"
#include "hub/history/sheet_page.h"

/// All SQL of the module. Oids are stored as 40 hex digits, page ids as 32 bytes.
namespace cairn::history::store {

struct PackRow {
  std::int64_t id = 0;
  std::string checksum;  ///< 40 hex digits: the pack's own trailer.
  int level = 0;
  std::optional<std::string> body;  ///< Inline packs only.
  std::string idx;                  ///< Index file, version 2.
  std::optional<std::string> object_key;
  std::int64_t size_bytes = 0;
  std::int64_t object_count = 0;
};

std::optional<Ref> find_ref(db::Tx&, RepoId, std::string_view name);
std::vector<Ref> refs(db::Tx&, RepoId, std::string_view prefix);
void insert_ref(db::Tx&, RepoId, const Ref&);
/// @return false when the ref is not at `from`.
bool move_ref(db::Tx&, RepoId, std::string_view name, const git::Oid& from, const Ref& to);
bool delete_ref(db::Tx&, RepoId, std::string_view name, const git::Oid& from);
void append_log(db::Tx&, RepoId, std::string_view ref, const std::optional<git::Oid>& from,
                const std::optional<git::Oid>& to, const RefActor&, std::string_view kind);

void insert_commit(db::Tx&, RepoId, const CommitInfo&);
std::optional<CommitInfo> find_commit(db::Tx&, RepoId, const git::Oid&);
/// Commits with rows that neither refs nor these reach, at most `limit`.
std::vector<git::Oid> unreached_commits(db::Tx&, RepoId, const std::vector<git::Oid>& kept,
                                        std::size_t limit);
void delete_commits(db::Tx&, RepoId, const std::vector<git::Oid>&);
/// Does nothing when the commit has one: sheets follow from history alone.
void set_sheet(db::Tx&, RepoId, const git::Oid&, const SheetId&);
std::vector<RepoId> without_sheets(db::Tx&, RepoId after, int limit);
/// At most two: enough to know whether an abbreviation is ambiguous.
std::vector<CommitInfo> find_abbreviated(db::Tx&, RepoId, std::string_view hex_prefix);
bool reachable(db::Tx&, RepoId, const git::Oid&);
/// Whether history leads from one commit to the other.
bool descends(db::Tx&, RepoId, const git::Oid& from, const git::Oid& ancestor);
std::vector<CommitInfo> log(db::Tx&, RepoId, const CommitInfo& from, std::int64_t skip, int limit);
std::int64_t count(db::Tx&, RepoId, const CommitInfo& from);
/// All commits reachable from any ref.
std::vector<CommitInfo> reachable_commits(db::Tx&, RepoId);

/// Those of these ids that a readable ref reaches, by commit rows.
std::unordered_set<git::Oid> reached(db::Tx&, RepoId, const std::vector<git::Oid>& among);
/// Values that readable refs held before their moves since then; at most 10 000.
std::vector<git::Oid> recent_values(db::Tx&, RepoId, Time since);

/// Of the two above, for the test that holds them to their indexes.
std::vector<const db::Statement*> client_statements();
/// In order of their ids, from after this one on.
std::vector<CommitInfo> commits_after(db::Tx&, RepoId, std::string_view after_oid, int limit);
bool has_commits(db::Tx&, RepoId, const std::vector<git::Oid>&);
/// Copies the rows of these commits from one repository to another.
void copy_commits(db::Tx&, RepoId from, RepoId to, const std::vector<git::Oid>&);
/// Both ends of the moves logged since then.
std::vector<git::Oid> logged_since(db::Tx&, RepoId, Time since);

void insert_page(db::Tx&, const EncodedPage&);
std::optional<std::string> find_page(db::Tx&, const SheetId&);

std::int64_t insert_pack(db::Tx&, RepoId, const PackRow&);
/// A row that no repository has yet: swept after the grace time unless link_pack comes.
std::int64_t insert_unlinked_pack(db::Tx&, const PackRow&);
/// @return false when the row was swept.
bool link_pack(db::Tx&, RepoId, std::int64_t pack, int level);
/// Without bodies.
std::vector<PackRow> repo_packs(db::Tx&, RepoId);
std::optional<PackRow> find_pack(db::Tx&, std::int64_t id);
std::optional<std::string> find_pack_index(db::Tx&, std::int64_t id);
bool has_pack_link(db::Tx&, RepoId, std::int64_t pack);
/// Gives a repository a pack that others may have too. @return false when it is not stored.
bool link_pack(db::Tx&, RepoId, std::int64_t pack);
void unlink_pack(db::Tx&, RepoId, std::int64_t pack);

void purge(db::Tx&, RepoId);

struct Unlinked {
  std::int64_t id;
  std::optional<std::string> object_key;
  std::int64_t size_bytes;
};
std::vector<Unlinked> unlinked_packs(db::Tx&, Time before);
void delete_pack(db::Tx&, std::int64_t id);
std::vector<std::string> pack_object_keys(db::Tx&);
/// Root sheets of every commit of every repository, page by page: (rowid-ordered) after `after`.
std::vector<std::pair<std::string, SheetId>> root_sheets(db::Tx&, std::int64_t after_repo,
                                                         std::string_view after_oid, int limit,
                                                         std::int64_t& last_repo);
std::vector<std::pair<SheetId, std::int64_t>> pages_touched_before(
    db::Tx&, Time before, const std::optional<SheetId>& after, int limit);
bool delete_page(db::Tx&, const SheetId&, Time touched_before);

}  // namespace cairn::history::store
