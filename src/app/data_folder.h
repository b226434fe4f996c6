#pragma once
#include <string>

#include "base/keyring.h"
#include "base/result.h"

namespace cairn::app {

/// The folder of everything that is kept, held by one process (DESIGN 3.1, "One owner").
///
///   cairn.db      the database, with SQLite      root.key   the root of all secrets (0600)
///   objects/      large bytes                    cache/     may be deleted when nothing runs
///   admin.sock    the running hub's own commands admin.key  who may use it (0600)
///   lock          held by the owner; names its ssh.key    who may speak for keys there (0600)
///                 process
class DataFolder {
 public:
  /// Makes the folder (0700) when it is not there, and takes the lock.
  /// @return `conflict`, word "DataFolderInUse", naming the process that has it.
  [[nodiscard]] static Result<DataFolder> open(const std::string& path);
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  /// From `configured` (64 hex digits per root) or the file, which is made on the first start.
  [[nodiscard]] Result<Keyring> keyring(const std::string& configured) const;
  /// A new secret for the hub's socket, written where its owner alone can read it.
  [[nodiscard]] Result<std::string> make_key(const std::string& name) const;

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
};

/// DataFolder::keyring of a folder that may be in use, and is not made.
/// @return `not_found`, word "NoHub", where no hub has been.
[[nodiscard]] Result<Keyring> read_keyring(const std::string& path, const std::string& configured);

/// Writes a file of mode 0600, whole or not at all, durable.
[[nodiscard]] Result<> write_private_file(const std::string& path, const std::string& content);
[[nodiscard]] Result<std::string> read_small_file(const std::string& path);

}  // namespace cairn::app
