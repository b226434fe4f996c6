#include "app/data_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"

namespace cairn::app {
namespace {

Failure trouble(const std::string& what, const std::string& path) {
  return fail(errno == ENOSPC ? ErrorCode::storage_full : ErrorCode::unavailable, "DataFolder",
              what + " " + path + ": " + std::strerror(errno) + ".");
}

}  // namespace

Result<> write_private_file(const std::string& path, const std::string& content) {
  std::string temporary = path + ".new";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return trouble("Cannot write", temporary);
  bool ok = ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
            ::fsync(fd) == 0;
  ::close(fd);
  if (!ok || ::rename(temporary.c_str(), path.c_str()) != 0) return trouble("Cannot write", path);
  int folder = ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

Result<std::string> read_small_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    errno = errno ? errno : ENOENT;
    return trouble("Cannot read", path);
  }
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

Result<DataFolder> DataFolder::open(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  ::chmod(path.c_str(), 0700);
  std::string absolute = std::filesystem::absolute(path, failed).lexically_normal().string();
  if (absolute.ends_with('/')) absolute.pop_back();
  std::string lock_path = absolute + "/lock";
  int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return trouble("Cannot open", lock_path);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    auto got = ::read(lock, pid, sizeof pid - 1);
    ::close(lock);
    std::string who = got > 0 ? "process " + std::string(trim(pid)) : "another process";
    return fail(ErrorCode::conflict, "DataFolderInUse",
                "The data folder " + absolute + " is in use by " + who +
                    ". One hub runs on one data folder: stop the other, or choose another folder "
                    "with --data.");
  }
  std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) < 0)
    return trouble("Cannot write", lock_path);
  return DataFolder(absolute, lock);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<Keyring> DataFolder::keyring(const std::string& configured) const {
  if (!configured.empty()) return Keyring::parse(configured);
  std::string path = file("root.key");
  if (!std::filesystem::exists(path)) {
    std::string content =
        "# The root of all secrets of this hub. Keep a copy apart from backups of the data:\n"
        "# without it, tokens still work but sealed values cannot be read.\n" +
        hex_encode(random_bytes(32)) + "\n";
    CAIRN_CHECK(write_private_file(path, content));
  }
  CAIRN_TRY(content, read_small_file(path));
  return Keyring::parse(content);
}

Result<std::string> DataFolder::make_key(const std::string& name) const {
  std::string key = random_alphanumeric(43);  // 256 bits.
  CAIRN_CHECK(write_private_file(file(name), key));
  return key;
}

Result<Keyring> read_keyring(const std::string& path, const std::string& configured) {
  if (!configured.empty()) return Keyring::parse(configured);
  auto content = read_small_file(path + "/root.key");
  if (!content)
    return fail(ErrorCode::not_found, "NoHub",
                "There is no root.key that can be read in " + path +
                    ". Name the data folder with " +
                    "--data, and run this as the user that runs the hub.");
  return Keyring::parse(*content);
}

}  // namespace cairn::app
