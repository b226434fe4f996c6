#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/storage/files.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

namespace cairn::storage {

bool IoError::no_room() const {
  return number == ENOSPC || number == EDQUOT;
}
std::string IoError::text() const {
  return std::strerror(number);
}

namespace {

std::unexpected<IoError> last_error() {
  return std::unexpected(IoError{errno});
}

Io<> done_if(int returned) {
  if (returned != 0) return last_error();
  return {};
}

FileInfo to_info(const struct stat& s) {
  using Kind = FileInfo::Kind;
  return {.size_bytes = static_cast<std::uint64_t>(s.st_size),
          .modified = Time{std::int64_t{s.st_mtim.tv_sec} * 1'000'000 + s.st_mtim.tv_nsec / 1000},
          .kind = S_ISREG(s.st_mode)   ? Kind::file
                  : S_ISDIR(s.st_mode) ? Kind::folder
                                       : Kind::other};
}

class PosixFile final : public File {
 public:
  explicit PosixFile(int fd) : fd_(fd) {}
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;
  ~PosixFile() override { ::close(fd_); }

  Io<> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return last_error();
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  Io<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) override {
    std::size_t got = 0;
    while (got < count) {
      ssize_t n = ::pread(fd_, into + got, count - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return last_error();
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  Io<> copy_from(File& source, std::uint64_t count, std::uint64_t offset) override {
    loff_t from = 0, to = static_cast<loff_t>(offset);
    while (count > 0) {
      ssize_t n = ::copy_file_range(source.descriptor(), &from, fd_, &to,
                                    std::min<std::uint64_t>(count, copy_bytes), 0);
      if (n < 0 && errno == EINTR) continue;
      // What the file system cannot copy by itself (another one, an old kernel) goes through us.
      if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
        return copy_by_hand(source, static_cast<std::uint64_t>(from), count,
                            static_cast<std::uint64_t>(to));
      if (n < 0) return last_error();
      if (n == 0) return std::unexpected(IoError{EIO});
      start_writeback(static_cast<std::uint64_t>(to - n), static_cast<std::uint64_t>(n));
      count -= static_cast<std::uint64_t>(n);
    }
    return {};
  }

  Io<> truncate(std::uint64_t size_bytes) override {
    return done_if(::ftruncate(fd_, static_cast<off_t>(size_bytes)));
  }
  /// fdatasync also writes the size; it leaves out times, which nothing depends on.
  Io<> sync() override { return done_if(::fdatasync(fd_)); }
  void start_writeback(std::uint64_t offset, std::uint64_t count) override {
    (void)::sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(count),
                            SYNC_FILE_RANGE_WRITE);
  }
  Io<FileInfo> info() override {
    struct stat s;
    if (::fstat(fd_, &s) != 0) return last_error();
    return to_info(s);
  }
  [[nodiscard]] int descriptor() const override { return fd_; }

 private:
  /// One step of a copy, after which its writeback starts.
  static constexpr std::uint64_t copy_bytes = 16 << 20;

  Io<> copy_by_hand(File& source, std::uint64_t from, std::uint64_t count, std::uint64_t to) {
    std::string buffer(std::min<std::uint64_t>(count, 1 << 20), '\0');
    while (count > 0) {
      auto n = source.read(from, buffer.data(), std::min<std::uint64_t>(count, buffer.size()));
      if (!n) return std::unexpected(n.error());
      if (*n == 0) return std::unexpected(IoError{EIO});
      if (auto ok = write(to, std::string_view(buffer).substr(0, *n)); !ok) return ok;
      from += *n, to += *n, count -= *n;
    }
    return {};
  }

  int fd_;
};

class PosixFiles final : public Files {
 public:
  Io<std::unique_ptr<File>> create(const std::string& path) override {
    return open_with(path, O_RDWR | O_CREAT | O_EXCL);
  }
  Io<std::unique_ptr<File>> open(const std::string& path, Access access) override {
    return open_with(path, access == Access::read ? O_RDONLY : O_RDWR);
  }

  Io<> rename(const std::string& from, const std::string& to) override {
    // By number: the wrapper came to glibc only with 2.28 and hides behind _GNU_SOURCE.
    if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) ==
        0)
      return {};
    if (errno != EINVAL && errno != ENOSYS) return last_error();
    // File systems without the flag (NFS, some FUSE): link refuses an existing name as well.
    if (auto linked = link(from, to); !linked) return linked;
    (void)::unlink(from.c_str());  // What stays is a temporary name, which a sweep removes.
    return {};
  }
  Io<> link(const std::string& from, const std::string& to) override {
    return done_if(::link(from.c_str(), to.c_str()));
  }
  Io<> unlink(const std::string& path) override { return done_if(::unlink(path.c_str())); }
  Io<> make_folder(const std::string& path) override {
    return done_if(::mkdir(path.c_str(), 0700));
  }
  Io<> remove_folder(const std::string& path) override { return done_if(::rmdir(path.c_str())); }

  Io<> sync_folder(const std::string& path) override {
    int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return last_error();
    auto synced = done_if(::fsync(fd));
    ::close(fd);
    return synced;
  }

  Io<std::vector<std::string>> list(const std::string& path) override {
    DIR* folder = ::opendir(path.c_str());
    if (!folder) return last_error();
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(folder)) {
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    int error = errno;
    ::closedir(folder);
    if (error != 0) return std::unexpected(IoError{error});
    return names;
  }
  Io<FileInfo> info(const std::string& path) override {
    struct stat s;
    if (::lstat(path.c_str(), &s) != 0) return last_error();
    return to_info(s);
  }
  [[nodiscard]] Time now() const override { return SystemClock().now(); }

 private:
  static Io<std::unique_ptr<File>> open_with(const std::string& path, int flags) {
    int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return last_error();
    return std::make_unique<PosixFile>(fd);
  }
};

}  // namespace

std::shared_ptr<Files> posix_files() {
  return std::make_shared<PosixFiles>();
}

}  // namespace cairn::storage
