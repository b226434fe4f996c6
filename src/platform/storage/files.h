#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

/// The few file operations that the local store is made of, so that a test can fill the disk, fail
/// any one of them, or cut the power between two of them (memory_files.h).
namespace cairn::storage {

/// An errno(3) value.
struct IoError {
  int number = 0;
  bool operator==(const IoError&) const = default;
  /// The disk or the owner's quota is full.
  [[nodiscard]] bool no_room() const;
  [[nodiscard]] std::string text() const;
};

template <class T = void>
using Io = std::expected<T, IoError>;

struct FileInfo {
  std::uint64_t size_bytes = 0;
  Time modified;
  enum class Kind { file, folder, other } kind = Kind::file;
};

/// An open file. Calls on one file come from one thread at a time, except read().
class File {
 public:
  virtual ~File() = default;
  /// All of `bytes`, or an error after some.
  virtual Io<> write(std::uint64_t offset, std::string_view bytes) = 0;
  /// @return how many bytes were read: fewer than `count` only at the end of the file.
  virtual Io<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) = 0;
  /// Copies `count` bytes from the start of `source` to `offset`, in the kernel where it can.
  /// @return an error after some, EIO when `source` is shorter.
  virtual Io<> copy_from(File& source, std::uint64_t count, std::uint64_t offset) = 0;
  virtual Io<> truncate(std::uint64_t size_bytes) = 0;
  /// Content and size survive power loss; the name does not, see Files::sync_folder.
  virtual Io<> sync() = 0;
  /// A hint: begin to write these bytes to the disk, so that sync() finds little left to do.
  virtual void start_writeback(std::uint64_t offset, std::uint64_t count) = 0;
  virtual Io<FileInfo> info() = 0;
  /// For sendfile(2); -1 when there is none.
  [[nodiscard]] virtual int descriptor() const = 0;
};

/// A file system. Any thread may call. Paths are absolute.
class Files {
 public:
  virtual ~Files() = default;
  /// A new file, mode 0600, for reading and writing. @return EEXIST.
  virtual Io<std::unique_ptr<File>> create(const std::string& path) = 0;
  enum class Access { read, read_write };
  virtual Io<std::unique_ptr<File>> open(const std::string& path, Access access) = 0;
  /// Never replaces: @return EEXIST when `to` exists.
  virtual Io<> rename(const std::string& from, const std::string& to) = 0;
  /// A second name for a file. @return EEXIST when `to` exists.
  virtual Io<> link(const std::string& from, const std::string& to) = 0;
  virtual Io<> unlink(const std::string& path) = 0;
  /// Mode 0700. @return EEXIST.
  virtual Io<> make_folder(const std::string& path) = 0;
  /// Only an empty one.
  virtual Io<> remove_folder(const std::string& path) = 0;
  /// The folder's names, as they are now, survive power loss.
  virtual Io<> sync_folder(const std::string& path) = 0;
  /// Names in no order, without "." and "..".
  virtual Io<std::vector<std::string>> list(const std::string& path) = 0;
  /// Does not follow symbolic links.
  virtual Io<FileInfo> info(const std::string& path) = 0;
  /// The clock of FileInfo::modified.
  [[nodiscard]] virtual Time now() const = 0;
};

/// The operating system's.
[[nodiscard]] std::shared_ptr<Files> posix_files();

}  // namespace cairn::storage
