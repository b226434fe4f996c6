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
namespace cairn::storage {

struct Key {
  std::string text;
  auto operator<=>(const Key&) const = default;
};

/// @param kind    [a-z]+: "lfs", "pack", "sheet", "xorb".
/// @param digest  lower-case hex. A random incarnation (16 hex digits) is added.
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
  /// Reads exactly `range` (within size). @return `corrupt` when bytes are missing.
  [[nodiscard]] virtual Result<std::string> read(Range range) = 0;
  /// A descriptor for sendfile(2), valid while the reader lives; -1 when the store has none (S3).
  [[nodiscard]] virtual int descriptor() const = 0;
};

struct Listed {
  Key key;
  std::uint64_t size_bytes;
  Time modified;
};

/// A part of a multipart upload. Parts may arrive in any order and at once, on any thread; the
/// same part again replaces it.
class Multipart {
 public:
  virtual ~Multipart() = default;
  [[nodiscard]] virtual std::string id() const = 0;
  /// @param number  from 1. Returns a writer whose commit() makes the part durable.
  virtual Result<std::unique_ptr<Writer>> part(int number) = 0;
  struct Part {
    int number;
    std::uint64_t size_bytes;
  };
  virtual Result<std::vector<Part>> parts() = 0;
  /// Reads one part back, in pieces of at most 1 MiB, for verification.
  virtual Result<> read_part(int number, std::function<Result<>(std::string_view)> sink) = 0;
  /// Joins parts 1..count into the object. @return `conflict` when one is missing.
  virtual Result<> complete(int count) = 0;
  virtual Result<> abort() = 0;
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
  /// Keys with the prefix (`lfs/`), sorted, at most `limit`, after `after`.
  virtual Result<std::vector<Listed>> list(std::string_view prefix, std::optional<Key> after,
                                           int limit) = 0;

  /// @param id  empty: a new upload for `key`; else one begun earlier, also by another process.
  virtual Result<std::unique_ptr<Multipart>> multipart(const Key& key, std::string id) = 0;

  /// A presigned URL of the store itself for `GET` or `PUT`; nothing when the store has none and
  /// bytes pass through the hub (local disk).
  virtual std::optional<std::string> presigned_url(const Key& key, std::string_view method,
                                                   Duration life) = 0;

  /// Removes temporary files and abandoned multipart uploads older than `age`; for gc.
  virtual Result<std::uint64_t> sweep_unfinished(Duration age) = 0;
};

/// Local disk: `folder/<kind>/<2 hex>/<2 hex>/<digest>.<incarnation>`; temporary file, fsync,
/// rename, fsync of the folder. Folder fsyncs are shared between writers that wait together.
[[nodiscard]] Result<std::unique_ptr<ObjectStore>> open_local_store(std::string folder);

}  // namespace cairn::storage
