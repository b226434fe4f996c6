#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "platform/storage/files.h"

namespace cairn::storage {

/// Makes the names in folders durable; writers that wait for the same folder share one fsync. Any
/// thread may call; the calling threads do the work, there is none of its own.
class GroupSync {
 public:
  explicit GroupSync(Files& files) : files_(files) {}

  /// Returns after an fsync of the folder that began after this call did, with its result.
  Io<> sync(const std::string& folder);
  /// How many are in sync() for this folder now.
  [[nodiscard]] int callers(const std::string& folder) const;

 private:
  /// Those who one fsync serves.
  struct Batch {
    bool done = false;
    Io<> result;
  };
  struct Folder {
    bool running = false;         ///< Some thread is in fsync for a batch that is closed.
    std::shared_ptr<Batch> next;  ///< Open: whoever comes now joins it.
    int callers = 0;              ///< The entry is dropped with the last one.
    std::condition_variable ended;
  };

  Files& files_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Folder> folders_;
};

}  // namespace cairn::storage
