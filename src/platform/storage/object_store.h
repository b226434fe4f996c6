#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

/// Bytes by key. Keys are `<kind>/<digest>/<random incarnation>` (DESIGN 3.3), made by
/// `make_key`; a key is written once and never again. All calls block: use a Blocking thread.
///
/// Beside the errors named at each call, any of them may return `storage_full` when it writes (no
/// room on the disk or in its quota: nothing was kept) and `unavailable` (the disk or the store
/// fails; the log fields say what). Any thread may use a store; one Writer, Reader::read excepted,
/// belongs to one thread at a time. What a store hands out does not outlive it.
namespace cairn::storage {

struct Key {
  std::string text;
  auto operator<=>(const Key&) const = default;
};

/// @param kind    1–16 of [a-z]: "lfs", "pack", "sheet", "xorb"; not "tmp" or "multipart".
/// @param digest  4–128 lower-case hex digits. A random incarnation (16 hex digits) is added.
/// @pre both have these shapes.
[[nodiscard]] Key make_key(std::string_view kind, std::string_view digest);
/// @return `invalid_argument` unless `text` has the shape above: nothing outside the store's
///         folder can be named.
[[nodiscard]] Result<Key> parse_key(std::string_view text);

struct Range {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// A put in progress. Dropped without commit() it leaves nothing.
class Writer {
 public:
  virtual ~Writer() = default;
  /// @return `storage_full` when there is no room; the writer is then useless.
  virtual Result<> write(std::string_view bytes) = 0;
  /// Makes the object durable (content, name and folder) and visible under its key, all or
  /// nothing. @return `storage_full`, `conflict` when the key exists.
  virtual Result<> commit() = 0;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
};

/// An open object: stays readable until dropped even if it is deleted meanwhile.
class Reader {
 public:
  virtual ~Reader() = default;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  /// Reads exactly `range` (within size). Any thread. @return `corrupt` when bytes are missing.
  [[nodiscard]] virtual Result<std::string> read(Range range) = 0;
  /// A descriptor for sendfile(2), valid while the reader lives; -1 when the store has none (S3).
  [[nodiscard]] virtual int descriptor() const = 0;
};

struct Listed {
  Key key;
  std::uint64_t size_bytes;
  Time modified;
};

/// An object that arrives in parts, over days if need be: acknowledged parts survive a restart.
/// Parts may arrive in any order and at once, on any thread; the same part again replaces it.
class Multipart {
 public:
  virtual ~Multipart() = default;
  [[nodiscard]] virtual std::string id() const = 0;
  /// @param number  1 to `parts_max`. Returns a writer whose commit() makes the part durable.
  /// @return `not_found`, word "UploadNotFound", also from that commit(), when the upload was
  ///         completed, aborted or swept meanwhile; `invalid_argument` for another number.
  virtual Result<std::unique_ptr<Writer>> part(int number) = 0;
  struct Part {
    int number;
    std::uint64_t size_bytes;
  };
  /// Those that are durable, by number.
  virtual Result<std::vector<Part>> parts() = 0;
  /// Reads one part back, in pieces of at most 1 MiB, for verification. The sink's error ends it
  /// and is returned. @return `not_found`, word "PartNotFound".
  virtual Result<> read_part(int number, std::function<Result<>(std::string_view)> sink) = 0;
  /// Joins parts 1..count into the object, durable and all or nothing; the upload is then gone.
  /// After an error the parts are still there. Idempotent, also after a restart: when the key
  /// exists, it was made by an earlier complete().
  /// @return `conflict`, word "PartMissing"; `invalid_argument` for a count that no upload has.
  virtual Result<> complete(int count) = 0;
  /// Forgets the upload and its parts. Absent is fine.
  virtual Result<> abort() = 0;

  /// As S3 has it.
  static constexpr int parts_max = 10'000;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual Result<std::unique_ptr<Writer>> create(const Key& key) = 0;
  /// create, write, commit.
  Result<> put(const Key& key, std::string_view bytes);
  /// @return `not_found`.
  virtual Result<std::unique_ptr<Reader>> open(const Key& key) = 0;
  Result<std::string> get(const Key& key);
  /// Absent is fine: a delete may come late or twice.
  virtual Result<> remove(const Key& key) = 0;
  /// Keys with the prefix (`lfs/`), sorted by their text, at most `limit`, after `after`. Fewer
  /// than `limit` means that there are no more.
  virtual Result<std::vector<Listed>> list(std::string_view prefix, std::optional<Key> after,
                                           int limit) = 0;

  /// @param id  empty: a new upload for `key`; else one begun earlier, also by another process.
  /// @return `not_found`, word "UploadNotFound", when neither that upload nor its object exists.
  virtual Result<std::unique_ptr<Multipart>> multipart(const Key& key, std::string id) = 0;

  /// A presigned URL of the store itself for `GET` or `PUT`; nothing when the store has none and
  /// bytes pass through the hub (local disk).
  virtual std::optional<std::string> presigned_url(const Key& key, std::string_view method,
                                                   Duration life) = 0;

  /// Removes temporary files and multipart uploads that nothing was written to for `age`; for gc.
  /// What this process is writing now stays. @return how many were removed.
  virtual Result<std::uint64_t> sweep_unfinished(Duration age) = 0;
};

/// Local disk: `folder/<kind>/<2 hex>/<2 hex>/<digest>.<incarnation>`; temporary file, fsync,
/// rename, fsync of the folder. Folder fsyncs are shared between writers that wait together. The
/// folder is made when absent (its parent must exist). Files are 0600, folders 0700.
/// @return `unavailable`, naming the folder, when it cannot be made or written.
[[nodiscard]] Result<std::unique_ptr<ObjectStore>> open_local_store(std::string folder);

}  // namespace cairn::storage
