#pragma once
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/lfs/links.h"
#include "hub/lfs/objects.h"
#include "hub/lfs/pointer.h"
#include "platform/db/db.h"
#include "platform/storage/object_store.h"

/// Large files: bytes known by their SHA-256, stored once, linked per repository. Uploads prove
/// possession, are verified before they are acknowledged, and leave nothing when they fail. Rights
/// are decided above; this module asks for them again through `Options::allow` when time has
/// passed since, because a signed URL lives longer than a decision.
namespace cairn::lfs {

[[nodiscard]] std::vector<db::Migration> lfs_migrations();

/// Where the signed URLs lead; the protocol's routes take the ticket as the last segment.
constexpr std::string_view upload_path = "/api/-/v1/lfs/upload/";
constexpr std::string_view download_path = "/api/-/v1/lfs/download/";
constexpr std::string_view verify_path = "/api/-/v1/lfs/verify/";

enum class Use { upload, download };

struct Options {
  std::string public_url = "http://localhost:2247";  ///< Without '/' at its end.

  /// Signed URLs live so long, plus the time the bytes take at 1 MiB/s, up to the second.
  Duration url_life = hours(1);
  Duration url_life_max = hours(24);

  /// From here on an upload goes in parts (when the client can), so that a cut costs one part and
  /// not all. Below, one stream is faster: it is hashed while it arrives and written once.
  std::uint64_t multipart_bytes_min = 5ull << 30;
  /// Parts are at least this large, and as large as it takes for at most 10 000 of them.
  std::uint64_t part_bytes = 64ull << 20;
  std::uint64_t file_bytes_max = 5ull << 40;  ///< As S3 has it.

  /// Bodies received at once; each holds at most about 4 MiB. More are `unavailable`.
  int receiving_max = 64;
  /// Unfinished uploads of one user in one repository.
  int pending_max = 20'000;

  /// Asked in a read transaction before a body is sent or read, and in the one that links it, which
  /// has locked the repository's row: is the repository alive, and may this user still do that?
  /// Gives the owner who pays. Empty function: yes, owner 0. User 0 is the hub itself for uploads,
  /// and nobody in particular for downloads.
  std::function<Result<OwnerId>(db::Tx&, RepoId, UserId, Use)> allow = {};
  /// limits::admit for stored bytes: asked before a body is read and before each new link. Empty
  /// function: no limit. @return `quota_exceeded`.
  struct Admission {
    UserId user;
    OwnerId owner;
    RepoId repo;
    std::string_view meter;  ///< "storage_bytes"
    std::uint64_t amount = 0;
  };
  std::function<Result<>(db::Tx&, const Admission&)> admit = {};

  /// Opens a linked file that is no whole object (its key's kind is not "lfs"): hub/xet puts it
  /// together from its chunks. Called on a Blocking thread.
  std::function<Result<std::shared_ptr<storage::Reader>>(const Linked&)> open_chunked = {};
};

/// A large file that a client names.
struct Wanted {
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
};

/// Which files of a batch a client can send in parts.
enum class TakesParts {
  none,
  each_large,   ///< Each file by itself, as the Python client does.
  whole_batch,  ///< All files of a batch or none, as git-lfs does through a transfer agent.
};

/// How a client sends one of them.
struct UploadPlan {
  Wanted file;
  std::optional<Error> error;  ///< Why not; the rest is then empty.
  bool present = false;        ///< In this repository already: nothing to send.
  std::string url;             ///< PUT the bytes; with parts, POST here when all are sent.
  std::string verify_url;      ///< POST here afterwards, if you like.
  /// With at least one: PUT these instead, part 1 first, each `part_bytes` long but the last.
  std::vector<std::string> part_urls;
  std::uint64_t part_bytes = 0;
  std::int64_t expires_in_s = 0;
  Time expires_at;
};

struct DownloadPlan {
  Wanted file;
  std::optional<Error> error;  ///< `not_found` when the repository does not have it.
  std::string url;
  std::int64_t expires_in_s = 0;
  Time expires_at;
};

/// What a signed URL allows, once, for a while.
struct Ticket {
  enum class Kind : std::uint8_t { whole, part, complete, verify, download };
  Kind kind = Kind::whole;
  RepoId repo;
  UserId user;
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
  Time expires_at;
  int part = 0;     ///< With kind part: its number, from 1.
  PublicId upload;  ///< Of the row of `lfs_uploads`; empty with kind download.
};

/// An open large file.
struct Download {
  std::shared_ptr<storage::Reader> reader;
  std::uint64_t size_bytes = 0;
  Linked file;
};

/// The next bytes of a body, empty at its end: `[&] { return request.read_some(); }`.
using Source = std::function<Task<Result<std::string>>()>;

/// What a check of the stored bytes found.
struct Finding {
  bool is_error = true;  ///< False: unreachable, listed only.
  std::string what;
  std::string key;
};
struct Sweep {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};

struct Inner;  // inner.h

/// Thread-safe. References outlive it. A coroutine of it runs on the caller's executor, which must
/// be a single thread or a strand.
class Lfs {
 public:
  Lfs(db::Database& database, storage::ObjectStore& store, Blocking& blocking,
      const Keyring& keyring, const Clock& clock, Options options);
  ~Lfs();
  Lfs(const Lfs&) = delete;
  Lfs& operator=(const Lfs&) = delete;

  [[nodiscard]] const Options& options() const;

  // ---- Batches: the caller may write, or read ----

  /// One plan per wanted file, in order; a file twice gets the same plan twice. What another
  /// repository has must be sent all the same.
  /// @param parts  with `whole_batch`, a file of `multipart_bytes_min` makes all go in parts.
  /// @return `rate_limited` above `pending_max`; else errors stand in the plans: `unprocessable`,
  ///         word "LfsSizeMismatch" when it is here with another size; `too_large`;
  ///         `quota_exceeded`.
  Task<Result<std::vector<UploadPlan>>> plan_uploads(RepoId repo, OwnerId owner, UserId user,
                                                     std::vector<Wanted> files, TakesParts parts);
  Task<Result<std::vector<DownloadPlan>>> plan_downloads(RepoId repo, UserId user,
                                                         std::vector<Wanted> files);

  // ---- Signed URLs ----

  /// @return `forbidden`, word "InvalidSignature" for what this hub did not sign for this use,
  ///         "UrlExpired" after its time.
  [[nodiscard]] Result<Ticket> open_ticket(std::string_view text,
                                           std::initializer_list<Ticket::Kind> kinds) const;

  // ---- Bytes in ----

  /// Receives a whole file: hashed and written while it arrives, linked when it is durable.
  /// @param content_length  refused at once when it is not the ticket's size.
  /// @return `unprocessable`, words "LfsSizeMismatch", "LfsHashMismatch"; `storage_full`;
  ///         `quota_exceeded`; what `allow` says; what `source` says. Nothing was kept then.
  Task<Result<Linked>> receive(Ticket ticket, std::optional<std::uint64_t> content_length,
                               Source source);
  /// The same for bytes that the hub itself brings (import, repositories made by the hub).
  Task<Result<Linked>> add(RepoId repo, UserId user, Wanted file, Source source);
  /// Receives one part. @return its ETag, quotes included; `not_found`, word "UploadNotFound";
  /// as `receive`.
  Task<Result<std::string>> receive_part(Ticket ticket, std::optional<std::uint64_t> content_length,
                                         Source source);
  /// Verifies all parts, joins and links them. Done before is fine; so is asking again while it
  /// runs: the answer comes when it is known, or `unavailable` after 20 s.
  /// @param parts  the numbers the client says it sent.
  /// @return `unprocessable`, word "LfsPartMissing", or "LfsHashMismatch": the upload is then gone.
  Task<Result<Linked>> complete(Ticket ticket, std::vector<int> parts);
  /// Whether the repository has the file now.
  /// @return `not_found`, word "LfsObjectNotFound"; `unprocessable` "LfsSizeMismatch".
  Task<Result<Linked>> verify(RepoId repo, Wanted file);

  // ---- Bytes out ----

  /// @return `not_found`, word "LfsObjectNotFound"; `corrupt` when the store has lost it.
  Task<Result<Download>> open(RepoId repo, Sha256Digest sha256);
  /// With a ticket of kind download: asks `allow` again.
  Task<Result<Download>> open(Ticket ticket);
  /// At most 1 MiB of an open file, at least one byte, for stores without descriptors.
  /// @pre offset + count <= size
  Task<Result<std::string>> read(Download file, std::uint64_t offset, std::uint64_t count);

  // ---- Upkeep ----

  /// Ends uploads whose time is over. @return how many.
  Task<Result<int>> expire_uploads(int limit);
  /// Deletes objects that were condemned `at_once`. @return how many.
  Task<Result<int>> delete_purged();
  /// Deletes condemned objects whose grace is over, and bytes in the store of kind "lfs" that no
  /// row names, older than the grace and than an hour (an upload's bytes lie there before its row).
  Task<Result<Sweep>> collect(Duration grace, bool dry_run);
  /// Every linked file: there, of the right size, hashing right. Unlinked ones and bytes that no
  /// row names are listed, not errors. Reads everything.
  Task<Result<>> check(std::function<void(Finding)> report);

 private:
  std::unique_ptr<Inner> inner_;
};

}  // namespace cairn::lfs
