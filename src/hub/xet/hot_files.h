#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "platform/storage/object_store.h"

/// Inside the module: whole copies of files that many ask for, on this node's disk.
namespace cairn::xet {

/// A cache: it may be deleted at any time, and begins empty. A file that is asked for `asks_min`
/// times is copied by whoever calls `fill`; those that were asked for longest ago make room.
/// Thread-safe.
class HotFiles {
 public:
  /// Two downloads: each is a HEAD and a GET.
  static constexpr int asks_min = 4;

  /// @param folder     of its own; what lies in it is deleted. Empty: no cache.
  /// @param bytes_max  of all copies; one file takes at most a quarter.
  HotFiles(std::string folder, std::uint64_t bytes_max);

  /// The copy, open, if there is one. Blocks.
  [[nodiscard]] std::shared_ptr<storage::Reader> open(const std::string& name);
  /// Whether the file was asked for often enough to be copied, and is not being copied by now: then
  /// the caller copies it, with `fill`.
  [[nodiscard]] bool wants(const std::string& name, std::uint64_t size_bytes);
  /// Copies. Blocks for as long as it takes. Trouble is logged and leaves nothing.
  void fill(const std::string& name, storage::Reader& source);
  /// Ends what `fill` is doing, soon; for the program's end.
  void stop() { stopping_ = true; }
  /// Deletes the copy: the file was let go of.
  void forget(const std::string& name);

 private:
  struct Copy {
    std::string name;
    std::uint64_t size_bytes = 0;
  };
  [[nodiscard]] std::string path_of(const std::string& name) const { return folder_ + "/" + name; }
  void drop(std::list<Copy>::iterator copy);

  const std::string folder_;
  const std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::list<Copy> copies_;  // The last asked for first.
  std::unordered_map<std::string, std::list<Copy>::iterator> by_name_;
  /// How often files were asked for that have no copy; `copying` while one is made.
  std::unordered_map<std::string, int> asked_;
  static constexpr int copying = -1;
  std::uint64_t bytes_ = 0;
  std::atomic<bool> stopping_ = false;
};

}  // namespace cairn::xet
