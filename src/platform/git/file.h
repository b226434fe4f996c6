#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

/// Local files, as far as git folders need them. Inside this module.
namespace cairn::git {

/// `storage_full`, word "StorageFull", when no room is left; otherwise `unavailable`, word
/// "DiskError". The path and the system's reason go to the log.
[[nodiscard]] Failure disk_error(std::string_view what, const std::string& path, int error);

/// Appends at the descriptor's position. @param path  for the error.
[[nodiscard]] Result<> write_fully(int fd, std::string_view bytes, const std::string& path);
/// Makes a file that does not exist yet.
[[nodiscard]] Result<> write_new_file(const std::string& path, std::string_view bytes);
/// Of the first `size` bytes.
[[nodiscard]] Result<Sha1Digest> sha1_of_file(int fd, std::uint64_t size, const std::string& path);
/// A second name for a file; a copy where the file system has no such thing.
[[nodiscard]] Result<> link_or_copy(const std::string& from, const std::string& to);

/// A file mapped for reading. Any thread may read; the mapping outlives the file's name.
class MappedFile {
 public:
  /// @return `not_found`, word "FileNotFound".
  [[nodiscard]] static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace cairn::git
