#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/keyring.h"
#include "base/task.h"
#include "hub/card/files.h"
#include "hub/count/count.h"
#include "hub/lfs/links.h"
#include "hub/repo/expand.h"
#include "hub/repo/list_tags.h"
#include "hub/repo/space_values.h"
#include "hub/repo/types.h"
#include "platform/db/db.h"

/// Repositories: their rows, names, settings, lists and lives. What lies in them: files.h; how it
/// gets there: commits.h.
namespace cairn::repo {

[[nodiscard]] std::vector<db::Migration> repo_migrations();

/// Found, perhaps under another name than asked for.
struct Found {
  RepoRef repo;
  /// The name asked for is an old one (moved, or an alias such as "gpt2"): the protocol answers
  /// 307 to `repo->name`. Another case of the same name is not a move.
  bool moved = false;
};

struct InitialFile {
  std::string path;
  std::string content;
};

struct Created {
  RepoRef repo;
  CommitRef commit;  ///< "initial commit" on branch main.
};

struct NewRepo {
  RepoKind kind = RepoKind::model;
  std::optional<std::string> owner;                 ///< Empty: the actor's own.
  std::string name;                                 ///< Without owner.
  std::optional<Visibility> visibility;             ///< Empty: the owner's default.
  std::string license, license_name, license_link;  ///< Into the card; empty = none.
  std::vector<InitialFile> files;                   ///< At most 100, 10 MB together.
  std::string sdk, sdk_version, short_description;  ///< Spaces; `sdk` is required there.
  std::optional<PublicId> public_id;                ///< Kept by import and restore.
  std::vector<NewSpaceValue> secrets, variables;    ///< Spaces.
  /// Runs in the transaction that makes it, which its error undoes. May run again.
  std::function<Result<>(db::Tx& tx, const Created& made)> also = {};
};

/// Absent members stay as they are.
struct SettingsChange {
  std::optional<Visibility> visibility;
  std::optional<Gating> gating;
  std::optional<bool> discussions_disabled;
  std::optional<std::string> discussions_sorting;
  std::optional<bool> org_members_gated;
  std::optional<std::string> gated_notifications_email;
  std::optional<std::string> gated_notifications_mode;
};

// ---- Information -------------------------------------------------------------------------------

/// The card of the default branch as the hub keeps it beside the row.
struct CardInfo {
  json::value data;         ///< The front matter; null when there is none.
  card::FileFacts files;    ///< What files tell besides it; may come a moment after a commit.
  card::CardFields fields;  ///< Of both. `fields.tags` are the tags of lists, and `region:us`.
};
using CardRef = std::shared_ptr<const CardInfo>;

using Siblings = std::shared_ptr<const std::vector<history::SheetEntry>>;

struct Info {
  RepoRef repo;
  CommitRef commit;  ///< What the revision leads to.
  CardRef card;      ///< Never null.
  /// With InfoParts::siblings: every file, by path, no folders.
  Siblings siblings;
};
struct InfoParts {
  bool siblings = true;
};

// ---- Lists -------------------------------------------------------------------------------------

enum class Sort { created, updated, downloads, likes, trending, id, likes_30d, parameters };
/// The wire's word ("createdAt", "lastModified", "downloads", "likes", "trendingScore", "id",
/// "likes30d", "num_parameters"; "mainSize" and "datasetsServerInfo.numRows", which no repository
/// has here, sort like trendingScore); empty for others.
[[nodiscard]] std::optional<Sort> parse_sort(std::string_view word);

constexpr int list_limit_max = 1000;
constexpr std::size_t list_terms_max = 20;  ///< Search words, and tags, in one query.

struct ListQuery {
  RepoKind kind = RepoKind::model;
  std::vector<std::string> search;  ///< Parts of "owner/name", all of them, any case.
  std::optional<std::string> author;
  std::vector<std::string> tags;      ///< All of them; a `pipeline_tag` and `library` are tags too.
  std::vector<std::string> any_tags;  ///< At least one of them; empty: no condition.
  std::optional<bool> gated;
  /// Of a model's weights, inclusive; those of which nobody knows are left out.
  std::optional<std::int64_t> parameters_min, parameters_max;
  bool nothing = false;  ///< Asks for what no repository of this hub has, such as a warm endpoint.
  Sort sort = Sort::trending;
  bool ascending = false;
  int limit = 100;
  std::optional<std::string> cursor;  ///< `ListPage::next` of the page before.
  bool siblings = false;              ///< Fill `Info::siblings`; costs a read per repository.
  bool card_data = false;  ///< Fill `CardInfo::data` and all fields, not only the commonest.
};
struct ListPage {
  std::vector<Info> repos;  ///< `commit` only with `siblings`, else null.
  std::optional<std::string> next;
};

struct FacetQuery {
  std::vector<std::string> types;  ///< Words of TagType; empty: all.
  int per_type = 50;               ///< At most `facets_max`.
};
constexpr int facets_max = 1000;

struct Suggestions {
  std::vector<Info> repos;  ///< `commit` null.
  std::int64_t total = 0;
};

struct StorageQuery {
  std::optional<std::string> owner;  ///< Empty: the actor.
  std::optional<RepoKind> kind;
  std::vector<std::string> search;
  bool by_storage = true;  ///< Else by time of change.
  bool ascending = false;
  int limit = 100;
  std::optional<std::string> cursor;
};
struct StoragePage {
  std::vector<RepoRef> repos;
  std::int64_t total_bytes = 0;  ///< Of all of the owner's, for percentages.
  std::optional<std::string> next;
};

/// One facade for rows of repositories. Thread-safe. References given to the constructor outlive
/// it.
///
/// Rows are cached by (kind, name). On SQLite every change invalidates before its waiter is
/// answered, so the cache is exact; on PostgreSQL an entry lives one second (DESIGN 3.7).
///
/// Unless a function says otherwise it answers `access::hidden(actor)` for what is missing or may
/// not be seen, and what `access::check` says for the action.
class Repos {
 public:
  Repos(db::Database& database, history::History& history, const Keyring& keyring,
        Blocking& blocking, const Clock& clock, Options options);
  ~Repos();
  Repos(const Repos&) = delete;
  Repos& operator=(const Repos&) = delete;

  [[nodiscard]] const Options& options() const;

  // ---- Finding ----

  /// @param name  "owner/name" or a single segment, as in the URL, decoded; any text.
  Task<Result<Found>> find(Actor actor, RepoKind kind, std::string name, Action action);
  /// From memory alone, for hot paths on I/O threads: empty when it takes the database to answer.
  [[nodiscard]] std::optional<Result<Found>> cached_find(const Actor& actor, RepoKind kind,
                                                         std::string_view name, Action action);
  /// Inside a transaction: the living repository whatever its name is now. Checks again that the
  /// actor may, since rights can change between a request's first check and its write.
  [[nodiscard]] Result<Repo> recheck(db::Tx& tx, const Actor& actor, RepoId id, Action action);

  // ---- Lives ----

  /// Makes the repository with branch main and its first commit: row, pack, ref, card and event in
  /// one transaction.
  /// @return `conflict`, word "RepoExists", "You already created this model repo", field "url" =
  ///         URL of the one that is there; `forbidden` "NameReserved", see check_unreserved;
  ///         `not_found` word "OwnerNotFound" as `invalid_argument`; `invalid_argument`
  ///         "InvalidName", "InvalidSdk", "InvalidVisibility"; `unprocessable` "InvalidPath"; what
  ///         access::check_create says.
  Task<Result<Created>> create(Actor actor, NewRepo request);

  /// Gone for readers at once; can be restored for `kept_after_delete`. Its name is free for its
  /// owner, and so long for nobody else.
  Task<Result<Repo>> remove(Actor actor, RepoKind kind, std::string name);
  /// @param new_name  needed when the owner has since taken the old one ("RepoExists").
  /// @return `not_found`, word "RepoNotFound", when nothing of that id waits to be purged.
  Task<Result<RepoRef>> restore(Actor actor, PublicId id, std::optional<std::string> new_name);
  /// What `restore` could bring back, newest first, at most 1000. Empty owner: everyone's (system).
  Task<Result<std::vector<Repo>>> deleted(Actor actor, std::optional<std::string> owner);
  /// Forgets a deleted repository for good. System and administrators only.
  Task<Result<>> purge(Actor actor, PublicId id);
  /// Purges those whose time is over, at most `limit`. @return how many.
  Task<Result<int>> purge_due(int limit);

  /// Also between owners. The old name leads to the new one until somebody takes it.
  /// @param from,to  "owner/name".
  /// @return `conflict`, word "RepoExists", "A model repository called … already exists"; needs
  ///         `administer` here and the right to create there.
  Task<Result<RepoRef>> move(Actor actor, RepoKind kind, std::string from, std::string to);

  /// @return the repository as it is now; `invalid_argument`, word "InvalidSettings".
  Task<Result<RepoRef>> change_settings(Actor actor, RepoKind kind, std::string name,
                                        SettingsChange change);

  // ---- Reading ----

  /// @param repo      from `find` with Action::see.
  /// @param revision  empty: the default branch.
  /// @return `not_found`, word "RevisionNotFound".
  Task<Result<Info>> info(RepoRef repo, std::string revision, InfoParts parts);
  /// Every file of a commit when they are few (some thousand); null when they are more: then they
  /// are read in pages.
  Task<Result<Siblings>> short_siblings(CommitRef commit);
  /// The next files, by path; folders are among them.
  Task<Result<history::TreePage>> sibling_page(CommitRef commit, std::optional<std::string> after);
  [[nodiscard]] Task<Result<CardRef>> card(RepoRef repo);
  [[nodiscard]] std::optional<CardRef> cached_card(const Repo& repo) const;

  /// @return `invalid_argument`, word "InvalidCursor" for another list's cursor, "InvalidQuery" for
  ///         a limit that is broken.
  Task<Result<ListPage>> list(Actor actor, ListQuery query);
  Task<Result<StoragePage>> storage(Actor actor, StorageQuery query);
  /// How many of the repositories that the list would show have which tags. Order and page of the
  /// query do not matter.
  /// @return `unavailable` in the first seconds after a start on a large hub.
  Task<Result<Facets>> facets(Actor actor, ListQuery query, FacetQuery facets);
  /// The best matches of `query.search`'s only word, for "search as you type". @return as facets.
  Task<Result<Suggestions>> suggest(Actor actor, ListQuery query);

  /// What lists need in memory: read once after the start, without which SQL answers them, slower;
  /// and kept up to date, every second or so. Lists are exact with or without.
  Task<Result<>> load_lists();
  Task<Result<>> refresh_lists();

  // ---- Figures ----

  /// Counts a download if the file is one that counts and the caller did not just now, see
  /// count::Downloads. Buffered in memory; `flush_counters` writes, every second or so and before
  /// the end.
  /// @param who  an account or an address.
  void count_download(const Repo& repo, std::string_view path, bool is_large, std::string_view who);
  Task<Result<>> flush_counters();
  /// In the transaction that likes (+1) or unlikes (-1): the row's count, the day's, and what
  /// memory holds. The transaction has locked the repository's row.
  void add_likes(db::Tx& tx, const Repo& repo, int count);
  /// Brings "last 30 days" and trending up to the day and hour, of all repositories, in steps.
  /// @return how many moved.
  Task<Result<int>> roll_figures();
  /// Downloads and likes by day, oldest first; days without any are left out.
  Task<Result<std::vector<count::DayCounts>>> days(RepoRef repo, count::Day from, count::Day to);

  // ---- For Commits and Files ----

  /// What other modules keep about a repository goes before its row when it is purged: `forget` is
  /// called, each time in a transaction of its own, until it deletes less than `limit` rows.
  /// Once by each module, before the first purge.
  using Forget = std::function<int(db::Tx& tx, RepoId repo, int limit)>;
  void when_purged(Forget forget);
  /// Drops what memory holds of the repository once `tx` is durable: called by every change of the
  /// row or of a ref.
  void forget_after_commit(db::Tx& tx, const Repo& repo);
  /// To be called in the transaction that renames, deletes or restores an owner: keeps what
  /// repositories derive from its name in step, and forgets every row in memory.
  void owner_changed(db::Tx& tx, OwnerId owner);
  /// To be called in the transaction that purges an owner, before it: the owner's repositories are
  /// deleted, and due for `purge_due` at once.
  void owner_purged(db::Tx& tx, OwnerId owner);
  /// The same for changes that touch no repository's row: aliases, `admin apply`.
  void forget_everything_after_commit(db::Tx& tx);

 private:
  class Cache;
  struct Parts;
  Task<Result<Siblings>> siblings(CommitRef commit);
  Task<Result<>> wait_for_lists();
  Task<Result<>> purge_deleted(Actor actor, Repo repo, lfs::Parting parting);
  std::shared_ptr<Parts> parts_;
};

/// For `lfs::Options::allow`: may this user still do that there? @param user  0: for downloads
/// nobody in particular, else the hub itself. @return the owner, who pays.
[[nodiscard]] Result<OwnerId> allow_user(db::Tx& tx, RepoId repo, UserId user, Action action);
/// To be called by whoever takes objects or large files from a repository: a commit that checked
/// before checks again.
void raise_gc_epoch(db::Tx& tx, RepoId repo);

/// The living repository of this number, without any check. For other modules' transactions.
[[nodiscard]] std::optional<Repo> find_repo(db::Tx& tx, RepoId id);
/// The same by "owner/name", also an old one.
[[nodiscard]] std::optional<Repo> find_repo(db::Tx& tx, RepoKind kind, std::string_view name);
/// All living ones by number, for fsck, gc and import: `after` = the last of the page before.
[[nodiscard]] std::vector<Repo> all_repos(db::Tx& tx, RepoId after, int limit);
/// The same for those deleted but not purged.
[[nodiscard]] std::vector<Repo> all_deleted_repos(db::Tx& tx, RepoId after, int limit);

}  // namespace cairn::repo
