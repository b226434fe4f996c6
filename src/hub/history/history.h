#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/history/sheet.h"
#include "platform/db/db.h"
#include "platform/git/advertisement.h"
#include "platform/git/git_program.h"
#include "platform/git/object.h"
#include "platform/git/object_source.h"
#include "platform/git/oid.h"
#include "platform/git/pack.h"
#include "platform/git/path.h"
#include "platform/storage/object_store.h"

/// What Git is to a hub: packs, refs, commits and sheets, as rows and objects (DESIGN 3.4). Knows
/// repositories by number only; who may do what, names, cards and large files are decided above.
namespace cairn {
using RepoId = Id<struct RepoTag>;
}

namespace cairn::history {

/// A commit as its row tells: everything lists and pages need, without reading a git object.
struct CommitInfo {
  RepoId repo;  ///< Whose row it is.
  git::Oid oid;
  git::Oid tree;
  std::vector<git::Oid> parents;
  std::int64_t generation = 1;  ///< 1 + the highest of its parents; = commit count when linear.
  bool linear = true;           ///< No ancestor has two parents.
  /// Root sheet. Commits of a large push have none until background work has built it; their files
  /// are then read from git's trees: the same, but for last commits and sizes of folders.
  std::optional<SheetId> sheet;
  Time time;                ///< Committer's.
  std::string author_name;  ///< Display name in the commit, here the user's name.
  std::string author_email;
  std::string title;
  std::string message;  ///< Without the title; empty when there is none.
};

struct Ref {
  std::string name;  ///< Full: "refs/heads/main".
  git::Oid commit;   ///< What it leads to, also through an annotated tag.
  std::optional<git::Oid> tag_object;
};

/// Who moves a ref, for `ref_log` and the event.
struct RefActor {
  std::string kind = "system";  ///< "user", "token", "system"…
  std::optional<std::int64_t> user_id;
  std::optional<std::int64_t> token_id;
  std::string request_id;
};

/// What a large-file pointer in the tree stands for.
struct LargeFile {
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
};

/// One commit being built: an edit of the tree of `base`, in memory. Used on one thread, inside a
/// `CommitPlan::edit`. Paths are validated (git::RepoPath).
class Editor {
 public:
  virtual ~Editor() = default;
  /// The commit this one is built on; empty for the first of a branch.
  [[nodiscard]] virtual const std::optional<CommitInfo>& base() const = 0;
  /// The file or folder as it is now, edits included. @return empty when there is none.
  [[nodiscard]] virtual Result<std::optional<SheetEntry>> find(const git::RepoPath& path) = 0;
  /// The content of a regular file. @return `not_found`; `too_large` above `bytes_max`.
  [[nodiscard]] virtual Result<std::string> read(const git::RepoPath& path,
                                                 std::size_t bytes_max) = 0;
  /// Adds or replaces a file. Folders on the way are made; a file in the way of a folder is
  /// `conflict`, word "PathConflict".
  virtual Result<> put(const git::RepoPath& path, std::string_view content,
                       std::optional<LargeFile> large = {},
                       git::FileMode mode = git::FileMode::regular) = 0;
  /// The same for content that lies staged already (see Staging).
  /// A blob that the repository has already may be put so too.
  virtual Result<> put_staged(const git::RepoPath& path, const git::Oid& blob,
                              std::uint64_t size_bytes,
                              git::FileMode mode = git::FileMode::regular) = 0;
  /// Copies an entry (file or whole folder) from another path of this tree.
  virtual Result<> copy(const git::RepoPath& from, const git::RepoPath& to) = 0;
  /// Removes a file or folder. @return `not_found`, word "EntryNotFound", "A file with this name
  /// doesn't exist: …".
  virtual Result<> remove(const git::RepoPath& path) = 0;
};

/// Blobs of a commit that arrive before the commit is built: kept compressed, in memory up to
/// 1 MiB, then in a temporary file. One writer thread.
class Staging {
 public:
  virtual ~Staging() = default;
  virtual Result<git::Oid> add(std::string_view content) = 0;
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

struct Message {
  std::string title;
  std::string body;
};

/// What a commit does. `edit` runs on a pool thread and may run again when the branch moved.
struct CommitPlan {
  RepoId repo;
  std::string ref;  ///< "refs/heads/main"
  /// Given: the commit is refused with `precondition_failed` unless the head is exactly this.
  std::optional<git::Oid> expected_head;
  /// Given: the commit makes a new ref on top of this commit of the repository, which the caller
  /// has found reachable. `within` then says in `*new_ref` what the ref is called, and `ref` only
  /// tells this commit from others in the queue: a name that nothing else has.
  std::optional<git::Oid> starts_at = {};
  std::shared_ptr<std::string> new_ref = {};
  git::Signature author;
  Message message;
  RefActor actor;
  std::string log_kind = "commit";   ///< For ref_log.
  std::shared_ptr<Staging> staging;  ///< May be null.
  std::function<Result<>(Editor&)> edit;
  /// In the transaction that moves the ref, before it moves: checks (repository alive, rights,
  /// large files linked) and rows that belong to the commit (card, event). May run again.
  std::function<Result<>(db::Tx&, const CommitInfo& made)> within = {};
};

/// Where a name in git leads.
struct Tip {
  CommitInfo commit;
  std::optional<git::Oid> tag_object;  ///< The annotated tag that was named.
};

/// A new file of a pack, where it is first met.
struct NewFile {
  std::string path;
  git::FileMode mode = git::FileMode::regular;
  git::Oid oid;
  std::uint64_t size_bytes = 0;    ///< As git has it; 0 for submodules.
  std::optional<LargeFile> large;  ///< The text is a pointer.
};

/// A pack on its way into a repository (push, import): git checks it in `folder()` and leaves it
/// there; `take` reads it, `store` makes it durable, `insert` makes it part of the repository in
/// the transaction that moves refs. Dropped before that, nothing of it is seen by anybody. Used by
/// one thread at a time; all but `insert` block.
class Incoming {
 public:
  virtual ~Incoming() = default;
  /// A bare repository with the packs of the target, without refs: `git index-pack` runs here.
  [[nodiscard]] virtual const std::string& folder() const = 0;
  /// Reads the commits of the new pack. Objects that the repository has already do not count.
  /// @param objects_sent  as the pack's header said on the wire: bases that git added come after.
  /// @return `unprocessable`, word "InvalidPack", when a parent is neither in the pack nor in the
  ///         repository; `too_large` past `incoming_commits_max`.
  virtual Result<> take(const git::PackFile& pack, std::uint64_t objects_sent) = 0;
  /// Commits that the repository did not have, parents first.
  [[nodiscard]] virtual const std::vector<CommitInfo>& commits() const = 0;
  /// A commit or annotated tag that was sent, a commit that refs reach, or a tag that one names.
  /// @return `unprocessable`, word "MissingObject"; "NotACommit" for trees and blobs and their
  /// tags.
  virtual Result<Tip> peel(const git::Oid& oid) = 0;
  /// Every new file of the new commits, once each. What `visit` returns ends the walk.
  /// @return as `visit`; `unprocessable`, word "InvalidPath", for a name that git takes and a hub
  ///         cannot serve.
  virtual Result<> walk(const std::function<Result<>(const NewFile&)>& visit) = 0;
  /// A file at a new or known commit. @return `not_found`, word "EntryNotFound".
  virtual Result<SheetEntry> entry(const CommitInfo& commit, std::string_view path) = 0;
  virtual Result<std::string> read(const git::Oid& blob, std::size_t bytes_max) = 0;
  /// Whether `ancestor` is reachable from `commit`: a fast-forward.
  virtual Result<bool> descends(const CommitInfo& commit, const git::Oid& ancestor) = 0;

  /// Makes pack and most rows durable, and builds the sheets when that is quick. Once, then insert.
  virtual Result<> store() = 0;
  /// @return `unavailable`, word "PushExpired", when what `store` did was swept meanwhile.
  virtual Result<> insert(db::Tx& tx) = 0;
  /// After `store`: kinds of work to enqueue in the same transaction, with the repository's number
  /// as key: "history.sheets", "history.merge".
  [[nodiscard]] virtual std::vector<std::string> follow_up() const = 0;
  /// Bytes of the new blobs, unpacked.
  [[nodiscard]] virtual std::uint64_t blob_bytes() const = 0;
};
/// A push of more commits goes in several steps: each needs about 500 bytes of memory at once.
constexpr std::size_t incoming_commits_max = 250'000;

/// One commit with the files of a branch takes the place of the branch's history.
struct SquashPlan {
  RepoId repo;
  std::string ref;
  git::Signature author;
  Message message;
  RefActor actor;
  /// In the transaction that moves the ref, as CommitPlan::within.
  std::function<Result<>(db::Tx&, const CommitInfo& made)> within = {};
};

/// A ref that leads to another commit than before.
struct MovedRef {
  std::string name;
  git::Oid from, to;
};

/// Large files disappear from every commit that any ref reaches.
struct RemovalPlan {
  RepoId repo;
  std::set<Sha256Digest> files;
  RefActor actor;
  /// In the transaction that moves the refs. May run again.
  std::function<Result<>(db::Tx&, const std::vector<MovedRef>&)> within = {};
};

struct CopyPacks;  // copy.cpp

/// What a copy of a repository holds, found before its transactions.
struct Copy {
  RepoId from;
  std::vector<Ref> refs;
  std::vector<git::Oid> commits;                      ///< Parents before children.
  std::map<Sha256Digest, std::uint64_t> large_files;  ///< That those commits name; their sizes.
  std::shared_ptr<const CopyPacks> packs;
};

/// What stays of a repository when the rest is collected.
struct Kept {
  std::map<Sha256Digest, std::uint64_t> large_files;  ///< Named by commits that stay.
  std::uint64_t regular_bytes = 0;                    ///< Of other files, each content once.
  /// No commit came since this was found: a large file that is not listed is named by none.
  bool complete = false;
};

/// What no ref reaches goes, commits and objects.
struct CollectPlan {
  RepoId repo;
  /// Old and new ends of moves logged since then are kept.
  Time logged_before;
  /// In the transaction that lets packs go, which comes last; also when none does. May run again.
  std::function<Result<>(db::Tx&, const Kept&)> within = {};
  /// Do nothing, cheaply, unless some commit is reached by nothing: what large files are named is
  /// not asked then, and `within` not called.
  bool only_if_unreached = false;
};
struct Collected {
  bool looked = true;            ///< false: `only_if_unreached`, and all are reached.
  std::int64_t commits = 0;      ///< Rows deleted.
  std::int64_t packs = 0;        ///< That went or became smaller.
  std::int64_t bytes_freed = 0;  ///< Of packs.
};

/// A file that differs between two commits. `path` of both sides is from the root.
struct Change {
  std::string path;
  std::optional<SheetEntry> before, after;  ///< One of them is empty when it was added or deleted.
};
struct Changes {
  std::vector<Change> files;  ///< By path.
  bool more = false;          ///< There are others.
};

struct TreePage {
  std::vector<SheetEntry> entries;  ///< `path` filled, relative to the root.
  std::optional<std::string> next;  ///< Opaque position; give it back as `after`.
};
struct TreeQuery {
  std::string folder;  ///< "" = root.
  bool recursive = false;
  int limit = 1000;
  std::optional<std::string> after;
};

/// The refs that git's clients may know of (see is_readable_ref), at one moment, sorted by name.
/// Immutable; the same list is given until a ref moves.
struct RefList {
  std::vector<git::AdvertisedRef> refs;
  std::string id;  ///< Of its content: equal lists have equal ids.
};
using RefListRef = std::shared_ptr<const RefList>;
/// Branches, tags, pull requests and converted forms. Any other ref is the hub's own.
[[nodiscard]] bool is_readable_ref(std::string_view name);

/// A repository at one moment, for the git program: refs, and packs that hold what they reach.
struct Snapshot {
  RefListRef refs;
  std::string pack_set;                ///< As `History::pack_set` says it.
  std::vector<git::FolderPack> packs;  ///< Small ones are joined into one.
  std::vector<git::ExtraFile> extra;   ///< Bitmaps and such, for packs that are many objects.
};

struct Options {
  std::string cache_folder;  ///< Node-local: packs on disk, temporary files.
  std::size_t inline_pack_bytes_max = 32 * 1024;
  int inline_packs_max = 32;  ///< Then tier 1 merges them.
  std::size_t pack_cache_bytes = 64u << 20;
  std::size_t page_cache_bytes = 32u << 20;
  std::size_t blob_cache_bytes = 32u << 20;
  /// Copies of packs on this node's disk, in the cache folder; see History::trim_cache.
  std::uint64_t pack_files_bytes_max = 10ull << 30;
  Duration pack_files_idle_min = minutes(2);
  /// Of the packs on disk: from here on clones get bitmaps. A walk of so many takes a tenth of a
  /// second.
  std::int64_t clone_index_objects_min = 20'000;
  /// Told in the transaction in which a ref leaves commits behind: plan to collect them. May be
  /// empty.
  std::function<void(db::Tx&, RepoId)> rewound = {};
};

std::vector<db::Migration> migrations();

/// Thread-safe. Reads are answered from caches keyed by immutable names where possible.
class History {
 public:
  virtual ~History() = default;

  // --- refs, inside the caller's transaction ------------------------------------------------
  [[nodiscard]] virtual std::optional<Ref> find_ref(db::Tx&, RepoId, std::string_view name) = 0;
  [[nodiscard]] virtual std::vector<Ref> refs(db::Tx&, RepoId, std::string_view prefix) = 0;
  /// Creates (`from` empty), moves or deletes (`to` empty) by compare-and-swap, logged.
  /// @return `conflict`, word "RefConflict" when the ref is not at `from`, or a name conflicts as
  ///         file and folder ("RefExists" when it exists already and `from` is empty).
  virtual Result<> move_ref(db::Tx&, RepoId, std::string_view name, std::optional<git::Oid> from,
                            std::optional<git::Oid> to, const RefActor&, std::string_view kind,
                            std::optional<git::Oid> tag_object = {}) = 0;

  /// Branch, tag, full or abbreviated (≥ 5) commit id, "HEAD", refs/… in full. A commit is found
  /// only when reachable from a ref of the repository.
  /// @return `not_found`, word "RevisionNotFound", message `Invalid rev id: …`.
  [[nodiscard]] virtual Result<CommitInfo> resolve(db::Tx&, RepoId, std::string_view revision,
                                                   std::string_view default_branch) = 0;
  /// The same from memory alone: an answer is as good as resolve's; none means "ask resolve".
  [[nodiscard]] virtual std::optional<CommitInfo> cached_resolve(
      RepoId, std::string_view revision, std::string_view default_branch) = 0;
  /// Newest first. @param skip  commits to pass over (page number × limit).
  [[nodiscard]] virtual Result<std::vector<CommitInfo>> log(db::Tx&, RepoId, const CommitInfo& from,
                                                            std::int64_t skip, int limit) = 0;
  [[nodiscard]] virtual Result<std::int64_t> count(db::Tx&, RepoId, const CommitInfo& from) = 0;
  [[nodiscard]] virtual std::optional<CommitInfo> find_commit(db::Tx&, RepoId, const git::Oid&) = 0;

  // --- writing ------------------------------------------------------------------------------
  [[nodiscard]] virtual std::shared_ptr<Staging> stage() = 0;
  /// Queues in the lane of (repo, ref). The branch must exist.
  /// @return what the ref now holds; `precondition_failed` for a stale expected_head;
  ///         `not_found`, word "RevisionNotFound"; what `edit` or `within` returned.
  virtual Task<Result<CommitInfo>> commit(CommitPlan plan) = 0;
  /// The first commit of a branch that does not exist yet, in the caller's transaction (creation
  /// of a repository, empty branches). `prepare_first` runs outside, without SQL.
  struct Prepared;
  virtual Result<std::shared_ptr<const Prepared>> prepare_first(
      git::Signature author, Message message, std::function<Result<>(Editor&)> edit) = 0;
  virtual Result<CommitInfo> insert_first(db::Tx&, RepoId, std::string_view ref, const Prepared&,
                                          const RefActor&) = 0;
  /// An annotated tag object, in the caller's transaction. @return its id.
  virtual Result<git::Oid> insert_tag_object(db::Tx&, RepoId, const git::Oid& commit,
                                             std::string_view name, git::Signature tagger,
                                             std::string_view message) = 0;

  // --- receiving ----------------------------------------------------------------------------
  /// Blocks. `folder` lies in the cache folder and is removed with the Incoming.
  virtual Result<std::unique_ptr<Incoming>> receive(RepoId) = 0;
  /// Builds the sheets that commits of a repository's refs lack, parents first, in steps; goes on
  /// where it stopped. Blocks. @param stop  asked between steps. @return false when stopped.
  virtual Result<bool> build_sheets(RepoId, const std::function<bool()>& stop) = 0;
  /// Repositories whose commits lack sheets, by number after `after`; for the start of the hub.
  virtual std::vector<RepoId> without_sheets(db::Tx&, RepoId after, int limit) = 0;

  // --- files of a commit (by sheet; never walks history) ------------------------------------
  // A sheet is immutable, so these need no transaction of the caller's; they block: call from a
  // Blocking thread or use the Task forms. `cached_*` answers from memory alone or not at all.
  [[nodiscard]] virtual Result<SheetEntry> entry(const CommitInfo&, std::string_view path) = 0;
  [[nodiscard]] virtual std::optional<SheetEntry> cached_entry(const CommitInfo&,
                                                               std::string_view path) = 0;
  [[nodiscard]] virtual Result<TreePage> tree(const CommitInfo&, const TreeQuery&) = 0;
  /// What lies between two commits, by their sheets: folders that are the same are not read.
  [[nodiscard]] virtual Result<Changes> compare(const CommitInfo& before, const CommitInfo& after,
                                                std::size_t files_max) = 0;
  /// The newest commit that both reach; empty when they share none near.
  [[nodiscard]] virtual std::optional<CommitInfo> merge_base(db::Tx&, RepoId, const CommitInfo& a,
                                                             const CommitInfo& b) = 0;
  /// The blob as git has it (a pointer text for large files). Not for blobs above `bytes_max`.
  [[nodiscard]] virtual Result<std::shared_ptr<const std::string>> blob(RepoId, const git::Oid&,
                                                                        std::size_t bytes_max) = 0;
  [[nodiscard]] virtual std::shared_ptr<const std::string> cached_blob(RepoId, const git::Oid&) = 0;
  /// A commit as git has it, byte for byte: what a signature is of. Blocks.
  /// @return `not_found`; `too_large` above 1 MiB.
  [[nodiscard]] virtual Result<std::string> commit_text(RepoId, const git::Oid&) = 0;

  // --- for clients of git -------------------------------------------------------------------
  /// To be the first that the transaction reads: the list is kept for others.
  [[nodiscard]] virtual RefListRef ref_list(db::Tx&, RepoId) = 0;
  /// From memory alone; null means "ask ref_list".
  [[nodiscard]] virtual RefListRef cached_ref_list(RepoId) = 0;
  /// Those of these ids that are commits which a readable ref reaches.
  [[nodiscard]] virtual std::unordered_set<git::Oid> reached(
      db::Tx&, RepoId, const std::vector<git::Oid>& among) = 0;
  /// What readable refs held before they moved, for moves since then: the commits.
  [[nodiscard]] virtual std::vector<git::Oid> recent_values(db::Tx&, RepoId, Time since) = 0;
  /// A name of the set of packs as it is now: changes when one comes or goes.
  [[nodiscard]] virtual std::string pack_set(db::Tx&, RepoId) = 0;
  /// Blocks. The files it names may go as soon as a merge replaces them: link them at once, and
  /// ask again when one is missing.
  [[nodiscard]] virtual Result<Snapshot> snapshot(RepoId) = 0;

  // --- whole repositories -------------------------------------------------------------------
  // These block: call from a Blocking thread.

  /// @return `unavailable` when commits kept coming first; "SheetPending"; `not_found`, word
  ///         "RevisionNotFound"; what `within` returned.
  virtual Result<CommitInfo> squash(const SquashPlan& plan) = 0;
  /// Commits from the first that names one of the files on get new ids; tags move along.
  /// @return the refs that moved, and as `squash`.
  virtual Result<std::vector<MovedRef>> remove_large_files(const RemovalPlan& plan) = 0;
  /// Looks through everything these refs reach. Packs that hold nothing else will be shared; of
  /// the others, what is needed is packed anew.
  virtual Result<std::shared_ptr<const Copy>> prepare_copy(RepoId from, std::vector<Ref> refs) = 0;
  /// A step of the copy: rows of `copy.commits[first … first + count)`.
  virtual void copy_commits(db::Tx&, RepoId to, const Copy& copy, std::size_t first,
                            std::size_t count) = 0;
  /// Its last step: packs and refs. @return `unavailable`, word "PackGone", when the source's packs
  /// were merged meanwhile: prepare again.
  virtual Result<> finish_copy(db::Tx&, RepoId to, const Copy& copy, const RefActor&) = 0;
  /// Writes packs anew without what neither a ref nor one of its values since `logged_before`
  /// reaches, so that rewritten history gives its space back (after sweep's own grace): the only
  /// way in which a living repository loses objects. Blocks.
  /// @return `unavailable`, word "RepoBusy" when refs kept moving, "SheetPending" while a push is
  ///         being indexed: try again later.
  virtual Result<Collected> collect(const CollectPlan& plan) = 0;

  /// Rows of a purged repository; packs nobody else uses are condemned.
  virtual Result<> purge(db::Tx&, RepoId) = 0;
  /// Writes a bare git folder that `git` itself can read (export, fsck).
  virtual Result<> export_bare(RepoId, std::string folder) = 0;
  /// Tier 1 and 2 of merging for one repository, and what its clones need; background work calls
  /// it. @return merged packs.
  virtual Task<Result<int>> merge_packs(RepoId) = 0;
  struct Finding {
    bool is_error = true;  ///< false: unreachable, listed only.
    std::string repo;
    std::string what;
  };
  /// Every promise about refs, commits, trees, sheets and packs, hashing everything.
  virtual Result<std::vector<Finding>> check(RepoId) = 0;
  /// Large files that any reachable commit names (for lfs fsck and gc).
  virtual Result<std::vector<LargeFile>> large_files(RepoId) = 0;
  /// Packs and sheet pages that no row leads to. Deletes those older than `grace`.
  struct Sweep {
    std::uint64_t objects = 0, bytes = 0;
  };
  virtual Result<Sweep> sweep(Duration grace, bool dry_run) = 0;

  /// Removes copies of packs that were not read for longest, until the rest fits into
  /// `Options::pack_files_bytes_max`. What is read now, or was a moment ago, stays. Blocks.
  /// @return bytes freed.
  virtual std::uint64_t trim_cache() = 0;

  /// Since the start.
  struct Metrics {
    std::uint64_t commits = 0;       ///< Acknowledged.
    std::uint64_t batches = 0;       ///< Moves of a ref that carried them.
    std::uint64_t packs_merged = 0;  ///< Packs that another took the place of.
  };
  [[nodiscard]] virtual Metrics metrics() const = 0;
};

[[nodiscard]] std::unique_ptr<History> make_history(db::Database&, storage::ObjectStore&, Blocking&,
                                                    const Clock&, Options);

}  // namespace cairn::history
