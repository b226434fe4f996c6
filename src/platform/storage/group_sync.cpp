#include "platform/storage/group_sync.h"

namespace cairn::storage {

Io<> GroupSync::sync(const std::string& path) {
  std::unique_lock lock(mutex_);
  Folder& folder = folders_[path];
  ++folder.callers;
  // A running fsync may have looked at the folder before our change: it does not count for us.
  if (!folder.next) folder.next = std::make_shared<Batch>();
  const auto batch = folder.next;
  while (!batch->done) {
    if (folder.running) {
      folder.ended.wait(lock);
      continue;
    }
    // Nobody is at it and our batch is not done, so ours is the open one: close it and run.
    folder.running = true;
    folder.next = nullptr;
    lock.unlock();
    auto result = files_.sync_folder(path);
    lock.lock();
    folder.running = false;
    batch->result = result;
    batch->done = true;
    folder.ended.notify_all();
  }
  if (--folder.callers == 0) folders_.erase(path);
  return batch->result;
}

int GroupSync::callers(const std::string& path) const {
  std::lock_guard lock(mutex_);
  auto at = folders_.find(path);
  return at == folders_.end() ? 0 : at->second.callers;
}

}  // namespace cairn::storage
