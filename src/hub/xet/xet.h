#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/keyring.h"
#include "base/result.h"
#include "base/task.h"
#include "hub/lfs/links.h"
#include "platform/db/db.h"
#include "platform/storage/object_store.h"
#include "platform/xet/shard.h"
#include "platform/xet/xorb.h"

/// Large files in chunks: what clients of the Xet protocol upload is verified, stored once, linked
/// to repositories as hub/lfs links whole files, and put together again for everybody.
/// Section numbers are those of the protocol's reference.
namespace cairn::xet {

[[nodiscard]] std::vector<db::Migration> xet_migrations();

/// Where the store's routes lie on the hub's own origin.
constexpr std::string_view cas_path = "/xet";

/// What a token allows in its repository. `propose`: upload for a pull request.
enum class Right : std::uint8_t { read, write, propose };

/// Whose chunks an answer to a deduplication query shows. Never which terms are accepted: whoever
/// has the chunks may name them.
enum class DedupScope {
  public_,     ///< Of repositories that everybody may read, and of the asking one's owner.
  namespace_,  ///< Of repositories of the asking one's owner.
  repository,
  off,
};
/// "public", "namespace", "repository", "off". Empty for others.
[[nodiscard]] std::optional<DedupScope> parse_dedup_scope(std::string_view text);

struct Options {
  std::string cas_url = "http://localhost:2247/xet";  ///< Without '/' at its end.

  /// Clients ask again 30 to 60 s before the end, by their own clocks, and do not when a request
  /// is refused (8.1): so tokens are good for a while after it.
  Duration token_life = hours(1);
  Duration token_leeway = minutes(2);
  /// Of the URLs in a reconstruction: a slow reader holds one for long (7.7).
  Duration url_life = hours(1);

  /// Bodies received and verified at once; each holds up to 2 MiB. Others wait for their turn
  /// without being read, then are `unavailable`.
  int receiving_max = 48;
  int receiving_each_max = 16;  ///< Of one user in one repository.
  Duration turn_wait_max = seconds(20);
  /// Bytes that a user uploaded and no file refers to yet; more are `rate_limited`.
  std::uint64_t pending_bytes_max = 2ull << 40;

  /// What a client may remember: its own uploads for three weeks (9.4), an answer until it expires.
  Duration grace = days(28);
  Duration dedup_life = days(7);
  DedupScope dedup_scope = DedupScope::public_;

  /// Whole copies of files that are often asked for by those who do not speak Xet, on this node's
  /// disk: they go out by sendfile. Empty folder: none.
  std::string cache_folder = {};
  std::uint64_t cache_bytes_max = 10ull << 30;

  /// A file in more pieces than this per GB of it (1e9 bytes) is written together again, when it
  /// has a while without a next version. 0: never.
  int ranges_per_gb_max = 100;
  /// Smaller ones stay as they are: a client asks for few ranges of them anyway.
  std::uint64_t repack_bytes_min = 32ull << 20;

  /// As lfs::Options::allow, by right; gives the owner who pays.
  std::function<Result<OwnerId>(db::Tx&, RepoId, UserId, Right)> allow = {};
  /// Whether an answer to a query from repository `asker` may show what `holder` has, when the
  /// scope is not `repository` or `off`. Empty function: only its own.
  std::function<bool(db::Tx&, DedupScope, RepoId asker, RepoId holder)> reveals = {};
  /// As lfs::Options::admit, for the bytes of a file: asked before it is linked.
  std::function<Result<>(db::Tx&, UserId, OwnerId, RepoId, std::uint64_t bytes)> admit = {};
};

/// What a bearer of the store's routes may do, and until when.
struct Token {
  RepoId repo;
  UserId user;  ///< 0: nobody in particular.
  Right right = Right::read;
  Time expires_at;
  [[nodiscard]] bool may_upload() const { return right != Right::read; }
};
struct IssuedToken {
  std::string text;
  Time expires_at;
  std::string cas_url;
};

/// The next bytes of a body, empty at its end.
using Source = std::function<Task<Result<std::string>>()>;

/// A part of a file, as a Range header asks for it: "a-b", "a-", "-n" (first empty).
struct Span {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  ///< Inclusive; with `first` empty: how many from the end.
};

/// How a client puts a part of a file together (7.5).
struct Reconstruction {
  struct Fetch {
    ChunkRange chunks;
    ByteRange body;  ///< Of the serialized xorb; end exclusive.
    std::string url;
  };
  struct Xorb {
    Hash hash;
    std::vector<Fetch> fetches;  ///< Disjoint, not touching, ascending.
  };
  std::uint64_t offset_into_first_range = 0;
  std::vector<Term> terms;
  std::vector<Xorb> xorbs;  ///< In the order of their first use.
};

/// What a signed URL gives: bytes of a stored xorb.
struct Transfer {
  std::shared_ptr<storage::Reader> reader;
  Hash xorb;
  std::uint64_t body_bytes = 0;  ///< Of the whole xorb.
  ByteRange range;               ///< What the signature covers.
};

/// A shard whose every term has been verified, on its way to being stored. One thread at a time.
class Registration;
struct Progress {
  std::uint64_t verified_bytes = 0;
  std::uint64_t total_bytes = 0;
  bool done = false;
  /// With `done`: whether this repository got a file that it did not have.
  bool is_new = false;
};

struct Finding {
  bool is_error = true;  ///< False: unreachable, listed only.
  std::string what;
  std::string key;
};
struct Sweep {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};
struct Repacked {
  std::uint64_t bytes = 0;  ///< Of content that was written. 0: there was nothing to do.
  std::uint64_t files = 0;  ///< That changed over.
};
struct Stats {
  std::uint64_t files = 0;          ///< However many repositories have them.
  std::uint64_t logical_bytes = 0;  ///< Of the files.
  std::uint64_t xorbs = 0;
  std::uint64_t stored_bytes = 0;  ///< Of the xorbs.
};

/// Since the start.
struct Metrics {
  std::uint64_t xorbs = 0;       ///< Received and verified.
  std::uint64_t xorb_bytes = 0;  ///< Of their bodies.
  std::uint64_t files = 0;       ///< Registered by shards.
  std::uint64_t queries = 0;     ///< For chunks.
  std::uint64_t hits = 0;
  std::uint64_t receiving = 0;  ///< Bodies that are received now.
};

/// Of one repository.
struct Usage {
  std::uint64_t logical_bytes = 0;  ///< Of its files.
  /// Of whole files and of the xorbs that its files need, each once; others may need them too.
  std::uint64_t stored_bytes = 0;
};

struct Inner;  // inner.h

/// Thread-safe. References outlive it. Coroutines of it run on the caller's executor, which must be
/// a single thread or a strand.
class Xet {
 public:
  Xet(db::Database& database, storage::ObjectStore& store, Blocking& blocking,
      const Keyring& keyring, const Clock& clock, Options options);
  ~Xet();
  Xet(const Xet&) = delete;
  Xet& operator=(const Xet&) = delete;

  [[nodiscard]] const Options& options() const;

  // ---- Tokens ----

  /// For somebody who has that right by now.
  [[nodiscard]] IssuedToken issue_token(RepoId repo, UserId user, Right right) const;
  /// @return `bad_credentials`, word "InvalidXetToken", "XetTokenExpired".
  [[nodiscard]] Result<Token> open_token(std::string_view text) const;

  // ---- Uploads: with a token that may ----

  /// Receives a xorb: decoded, hashed and written while it arrives, acknowledged when it is durable
  /// and known. All of it is verified even when the hub has it already.
  /// @return `invalid_argument` "InvalidXorb"; `too_large`; `forbidden`; `rate_limited` "Too many
  ///         pending bytes"; `unavailable`; `storage_full`; what `source` says.
  Task<Result<>> receive_xorb(Token token, Hash name, std::optional<std::uint64_t> content_length,
                              Source source);
  /// Receives a shard and verifies all of it but the files' SHA-256.
  /// @return `invalid_argument` "InvalidShard", "XorbNotFound"; as receive_xorb.
  Task<Result<std::shared_ptr<Registration>>> receive_shard(
      Token token, std::optional<std::uint64_t> content_length, Source source);
  /// Goes on for a second or two: verifies more of the files' SHA-256, or stores. When `done`, the
  /// files are linked to the repository and durable.
  /// @return `unprocessable` "XetSha256Mismatch": nothing was stored; `unavailable`: again, from
  ///         the start.
  Task<Result<Progress>> step(std::shared_ptr<Registration> registration);

  // ---- Downloads ----

  /// @return `not_found` "XetFileNotFound" for what the token's repository does not have;
  ///         `range_not_satisfiable`.
  Task<Result<Reconstruction>> reconstruct(Token token, Hash file, std::optional<Span> span);
  /// The size of a file of the token's repository. @return `not_found`.
  Task<Result<std::uint64_t>> file_size(Token token, Hash file);
  /// @param incarnation, range, expires, signature  of a URL that `reconstruct` gave.
  /// @return `forbidden` "InvalidSignature", "UrlExpired"; `not_found` when the xorb is gone.
  Task<Result<Transfer>> open_transfer(Hash xorb, std::string incarnation, std::string range,
                                       std::string expires, std::string signature);
  /// At most 1 MiB of an open file or xorb, at least one byte, for stores without descriptors.
  /// @pre offset + count <= size
  Task<Result<std::string>> read(std::shared_ptr<storage::Reader> reader, std::uint64_t offset,
                                 std::uint64_t count);
  /// An answer to a deduplication query (9.3). @return `not_found` "XetChunkNotFound".
  Task<Result<std::string>> find_chunk(Token token, Hash chunk);

  // ---- For hub/lfs and those who list files ----

  /// For lfs::Options::open_chunked: the file's bytes, put together as they are read. Blocks.
  [[nodiscard]] Result<std::shared_ptr<storage::Reader>> open_file(const lfs::Linked& file);
  /// The file hashes of those of a repository's large files that are made of chunks.
  Task<Result<std::map<Sha256Digest, Hash>>> hashes(RepoId repo, std::vector<Sha256Digest> files);

  // ---- Upkeep ----

  /// Deletes what section 11 lets go: files that no repository links, xorbs that no file uses and
  /// nobody can remember, bytes that no row names. @param grace  of condemned rows.
  Task<Result<Sweep>> collect(Duration grace, bool dry_run);
  /// Every xorb is there with its index, and every file's terms lie in existing xorbs. Deep: every
  /// chunk has its hash, and every file its SHA-256; reads everything.
  Task<Result<>> check(bool deep, std::function<void(Finding)> report);
  Task<Result<Stats>> stats();
  [[nodiscard]] Metrics metrics() const;
  /// What a repository's large files take, whole ones included.
  Task<Result<Usage>> usage(RepoId repo);
  /// Takes the next whole large file, in the order they came, and keeps it in chunks from then on:
  /// the next version costs what changed, and clients get it from the store. Its whole copy is
  /// condemned. Reads and writes all of it, in steps of a xorb.
  /// @param bytes_min  smaller ones stay whole. @param age_min  younger ones are left for later.
  /// @return the bytes of the file; 0 when there is none left, until others have come.
  Task<Result<std::uint64_t>> chunk_next(std::uint64_t bytes_min, Duration age_min);
  /// Writes chunks together anew: of the newest file that lies in too many pieces, or of xorbs of
  /// which files use less than half and that nobody can name any more. Files change over in one
  /// transaction each; old URLs work until they end. One that somebody downloads through this node
  /// is left for later.
  /// @return `conflict` "RepackRunning": one call at a time.
  /// @param age_min  of files; younger ones may yet have a next version.
  Task<Result<Repacked>> repack_next(Duration age_min);

 private:
  std::unique_ptr<Inner> inner_;
};

/// The file hash of a linked file that is made of chunks; empty for a whole object.
[[nodiscard]] std::optional<Hash> hash_of(const lfs::Linked& file);

}  // namespace cairn::xet
