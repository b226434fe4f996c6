#pragma once
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/storage/files.h"

namespace cairn::storage {

/// A failed file operation as the caller of the store sees it: `storage_full` or `unavailable`.
/// @param doing  a constant for the log, for example "create".
[[nodiscard]] Failure io_failure(IoError error, std::string_view doing, const std::string& path);

/// The paths that this process is writing to now, so that a sweep leaves them alone. Any thread.
class PathsInUse {
 public:
  void add(const std::string& path);
  void remove(const std::string& path);
  /// Whether any path in use begins with `prefix`.
  [[nodiscard]] bool any(std::string_view prefix) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> paths_;
};

/// A file written under a temporary name. Unless it is renamed to its place it vanishes: when
/// dropped, and at once when an operation fails. One thread at a time.
class StagedFile {
 public:
  /// @return `storage_full`, `unavailable`; `not_found` when the folder is not there.
  [[nodiscard]] static Result<std::unique_ptr<StagedFile>> create(Files& files, PathsInUse& in_use,
                                                                  std::string path);
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;
  ~StagedFile() { discard(); }

  /// Small writes gather in memory (`buffer_bytes`), large ones pass through.
  Result<> write(std::string_view bytes);
  /// All that was written survives power loss, under the temporary name.
  Result<> sync();
  /// Gives the synced file its name. The folder's fsync is the caller's. After EEXIST, as after
  /// any error, the file is gone.
  Io<> rename(const std::string& to);
  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }

  /// Memory that one writer holds at most.
  static constexpr std::size_t buffer_bytes = 256 << 10;
  /// So much is handed to the disk at a time while more arrives: the last fsync then has at most
  /// about this much left to write, and the disk is never idle.
  static constexpr std::uint64_t writeback_bytes = 8 << 20;

 private:
  StagedFile(Files& files, PathsInUse& in_use, std::string path, std::unique_ptr<File> file)
      : files_(files), in_use_(in_use), path_(std::move(path)), file_(std::move(file)) {}

  Result<> write_through(std::string_view bytes);
  void discard();
  [[nodiscard]] Result<> ended() const;

  Files& files_;
  PathsInUse& in_use_;
  std::string path_;
  std::unique_ptr<File> file_;  ///< Empty once renamed or gone.
  std::string buffer_;
  std::uint64_t size_bytes_ = 0;     ///< With what is in the buffer.
  std::uint64_t written_bytes_ = 0;  ///< Without.
  std::uint64_t handed_bytes_ = 0;   ///< Given to start_writeback.
};

}  // namespace cairn::storage
