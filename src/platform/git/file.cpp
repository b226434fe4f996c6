#include "platform/git/file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cairn::git {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Failure disk_error(std::string_view what, const std::string& path, int error) {
  auto failure =
      error == ENOSPC || error == EDQUOT
          ? fail(ErrorCode::storage_full, "StorageFull",
                 "The hub's disk is full, and nothing was saved. Free some room, then try again.")
          : fail(ErrorCode::unavailable, "DiskError",
                 "The hub could not " + std::string(what) +
                     " a file, and nothing was saved. Try again.");
  return std::move(failure).with("path", path).with("reason", std::strerror(error));
}

Result<> write_fully(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return disk_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<> write_new_file(const std::string& path, std::string_view bytes) {
  Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.fd < 0) return disk_error("create", path, errno);
  return write_fully(file.fd, bytes, path);
}

Result<Sha1Digest> sha1_of_file(int fd, std::uint64_t size, const std::string& path) {
  Sha1 hasher;
  std::string buffer(256 * 1024, '\0');
  for (std::uint64_t at = 0; at < size;) {
    std::size_t wanted = std::min<std::uint64_t>(buffer.size(), size - at);
    ssize_t got = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return disk_error("read", path, got < 0 ? errno : EIO);
    hasher.update({buffer.data(), static_cast<std::size_t>(got)});
    at += static_cast<std::uint64_t>(got);
  }
  return hasher.finish();
}

Result<> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno != EXDEV && errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP)
    return disk_error("link", from, errno);
  std::error_code failed;
  std::filesystem::copy_file(from, to, failed);
  if (failed) return disk_error("copy", from, failed.value());
  return {};
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0 && errno == ENOENT)
    return fail(ErrorCode::not_found, "FileNotFound", "A file of a repository is missing.")
        .with("path", path);
  if (file.fd < 0) return disk_error("open", path, errno);
  struct stat info{};
  if (::fstat(file.fd, &info) != 0) return disk_error("read", path, errno);
  auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return MappedFile(std::string_view());
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (at == MAP_FAILED) return disk_error("map", path, errno);
  return MappedFile(std::string_view(static_cast<const char*>(at), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}
MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace cairn::git
