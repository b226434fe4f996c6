#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hub/lfs/links.h"
#include "hub/xet/terms.h"
#include "platform/db/db.h"
#include "platform/xet/hash.h"

/// Inside the module: its rows. Plain functions of the caller's transaction.
namespace cairn::xet {

/// How a hash stands in `objects.digest` and in keys: its bytes, not its string form.
[[nodiscard]] Sha256Digest digest_of(const Hash& hash);
[[nodiscard]] Hash hash_of(const Sha256Digest& digest);

// ---- Xorbs ----

/// A xorb's incarnation: constant as long as its row is there.
struct XorbRow {
  XorbId id;
  Hash hash;
  storage::Key key;
  std::uint32_t body_bytes = 0;
  std::uint64_t raw_bytes = 0;
  std::uint32_t chunks = 0;
  Time known_until;  ///< As it was when the row was read.
};

/// The newest incarnation that is not deleted, live or condemned.
[[nodiscard]] std::optional<XorbRow> find_xorb(db::Tx& tx, const Hash& hash);
[[nodiscard]] std::optional<XorbRow> find_live_xorb(db::Tx& tx, const Hash& hash);
[[nodiscard]] std::optional<XorbRow> find_xorb(db::Tx& tx, XorbId id);
/// Takes a verified xorb into use, see lfs::adopt_object; known for `known_until` at least.
/// @param row      `id` is filled in; `key` are durable bytes, or the key of `find_xorb` when
///                 nothing was written.
/// @param pending  whose quota of unreferenced bytes it counts in.
/// @return the row in use; nothing when `row.key` was to be an incarnation that is gone by now.
[[nodiscard]] std::optional<XorbRow> adopt_xorb(db::Tx& tx, const XorbRow& row,
                                                std::uint64_t object_bytes, Time known_until,
                                                UserId pending, bool written);
/// Locks xorbs that a file is about to use, revives condemned ones, and keeps them for
/// `known_until` at least. @param xorbs  ascending. @return false when one is gone.
[[nodiscard]] bool hold_xorbs(db::Tx& tx, const std::vector<XorbId>& xorbs, Time known_until);
/// Keeps a xorb that is about to be advertised. @return false when it is gone or condemned.
[[nodiscard]] bool prolong_xorb(db::Tx& tx, XorbId xorb, Time known_until);
/// Bytes that a user uploaded and no file refers to yet.
[[nodiscard]] std::uint64_t pending_bytes(db::Tx& tx, UserId user);

// ---- Files ----

struct FileRow {
  lfs::ObjectId id;
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
};

/// A verified file.
struct NewFile {
  Hash hash;
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
  std::span<const StoredTerm> terms;
};

/// The live or condemned file of that hash, whoever has it.
[[nodiscard]] std::optional<FileRow> find_file(db::Tx& tx, const Hash& hash);
/// The file when the repository has it.
[[nodiscard]] std::optional<FileRow> find_linked_file(db::Tx& tx, RepoId repo, const Hash& hash);
/// Makes the file, or takes the one that is there, and links it. A link to a whole object of the
/// same SHA-256 leads to the file from then on; one to another file of the same bytes stays
/// (clients that cut chunks differently name the same bytes differently, section 3.4).
/// @pre the xorbs are held. @return whether the repository did not have the SHA-256 before.
bool put_file(db::Tx& tx, RepoId repo, const NewFile& file, std::optional<UserId> pusher);

/// Terms that overlap [first, end) and some around them, in order.
/// @param first_byte  set to where the first of them begins in the file.
[[nodiscard]] Result<std::vector<StoredTerm>> read_terms(db::Tx& tx, lfs::ObjectId file,
                                                         std::uint64_t first, std::uint64_t end,
                                                         std::uint64_t& first_byte);

// ---- Deduplication ----

void add_key_chunk(db::Tx& tx, const Hash& chunk, XorbId xorb);
/// Live xorbs that may hold the chunk, newest first.
[[nodiscard]] std::vector<XorbRow> key_xorbs(db::Tx& tx, const Hash& chunk, int limit);
/// Files that use the xorb, newest first, and the repositories that have them.
struct Holder {
  lfs::ObjectId file;
  RepoId repo;
};
[[nodiscard]] std::vector<Holder> holders(db::Tx& tx, XorbId xorb, int limit);
/// Xorbs of a file beside one of them, in the file's order, at most `limit`, it among them.
[[nodiscard]] std::vector<XorbRow> neighbours(db::Tx& tx, lfs::ObjectId file, XorbId xorb,
                                              int limit);
/// Whether the xorb can be found by a chunk of its own.
[[nodiscard]] bool has_key_chunk(db::Tx& tx, XorbId xorb);

// ---- Upkeep ----

/// Condemned files whose grace is over.
[[nodiscard]] std::vector<lfs::Object> due_files(db::Tx& tx, Duration grace, int limit);
/// Deletes a file's rows; its xorbs stay known until `known_until`, or not at all with Time{0}.
/// False when it was revived meanwhile.
bool forget_file(db::Tx& tx, const lfs::Object& file, Time known_until);
/// Looks at `limit` xorbs by number: which of them are live, in no file, and known to nobody any
/// more at `now`?
struct FreePage {
  std::vector<XorbId> free;
  std::optional<XorbId> next;  ///< Where to go on; empty at the end.
};
[[nodiscard]] FreePage free_xorbs(db::Tx& tx, XorbId after, Time now, int limit);
/// Takes the xorb out of the index of chunks and condemns it, unless a file uses it by now or
/// somebody has learned of it. One that was purged has no grace. @return whether it did.
bool condemn_xorb(db::Tx& tx, XorbId xorb, Time now);
[[nodiscard]] std::vector<lfs::Object> due_xorbs(db::Tx& tx, Duration grace, int limit);
/// False when it was revived meanwhile; else its bytes are the caller's to remove.
bool forget_xorb(db::Tx& tx, const lfs::Object& xorb);

[[nodiscard]] std::vector<XorbRow> all_xorbs(db::Tx& tx, XorbId after, int limit);
struct CheckedFile {
  FileRow file;
  Hash hash;
  bool linked = false;
  bool condemned = false;
};
[[nodiscard]] std::vector<CheckedFile> all_files(db::Tx& tx, lfs::ObjectId after, int limit);

/// Of the whole hub.
struct Totals {
  std::uint64_t files = 0;          ///< Files, however many repositories have them.
  std::uint64_t logical_bytes = 0;  ///< Of their contents.
  std::uint64_t xorbs = 0;
  std::uint64_t stored_bytes = 0;  ///< Of the xorbs.
};
[[nodiscard]] Totals totals(db::Tx& tx);

/// Bytes of a repository's files, and of what they take.
struct RepoTotals {
  std::uint64_t logical_bytes = 0;
  std::uint64_t stored_bytes = 0;
};
[[nodiscard]] RepoTotals totals(db::Tx& tx, RepoId repo);

// ---- Files that may be repacked ----

/// A live file that nobody has looked at, newest first.
struct UnpackedFile {
  FileRow file;
  std::uint64_t terms = 0;
};
/// @param below  only files with a smaller number. @param before  only those made earlier.
[[nodiscard]] std::vector<UnpackedFile> unpacked_files(db::Tx& tx, lfs::ObjectId below, Time before,
                                                       int limit);
/// Whether a file that came later uses some of the same xorbs: a next version of it.
[[nodiscard]] bool has_successor(db::Tx& tx, lfs::ObjectId file);
/// It is not looked at again.
void note_repacked(db::Tx& tx, lfs::ObjectId file);
/// Chunks of `source` were copied into `xorb`.
void note_source(db::Tx& tx, XorbId xorb, XorbId source);
/// Every file that uses one of the xorbs, by number. @param xorbs  at most some thousand.
[[nodiscard]] std::vector<FileRow> users_of(db::Tx& tx, const std::vector<XorbId>& xorbs);
/// Live xorbs by number that files use and nobody can name any more without asking.
[[nodiscard]] std::vector<XorbRow> settled_xorbs(db::Tx& tx, XorbId after, Time now, int limit);
/// Lets a file be made of other runs of the same chunks.
/// @param before      its terms as they were read.
/// @param keep_until  of the xorbs that it no longer uses: URLs of theirs are under way.
/// @param hold_until  of the new ones.
/// @return false, and nothing is changed, when the file or a xorb is gone or the terms are others.
[[nodiscard]] bool replace_terms(db::Tx& tx, lfs::ObjectId file, std::span<const StoredTerm> before,
                                 std::span<const StoredTerm> after, Time keep_until,
                                 Time hold_until);

// ---- Whole files that may be cut ----

/// Linked whole large files by number, after `after`.
[[nodiscard]] std::vector<lfs::Object> whole_files(db::Tx& tx, lfs::ObjectId after,
                                                   std::uint64_t bytes_min, Time before, int limit);
/// Repositories that have the object.
[[nodiscard]] std::vector<RepoId> repos_of(db::Tx& tx, lfs::ObjectId object);

/// For the test that explains them.
[[nodiscard]] std::span<const db::Statement* const> statements();
[[nodiscard]] std::span<const db::Statement* const> upkeep_statements();

}  // namespace cairn::xet
