#pragma once
#include <bitset>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "platform/storage/group_sync.h"
#include "platform/storage/object_store.h"

namespace cairn::storage {

/// Where an object's file lies: `<root>/<kind>/<2 hex>/<2 hex>/<digest>.<incarnation>`.
struct ObjectPlace {
  std::string kind;
  std::string top, leaf;  ///< Two hex digits each, the digest's first four.
  std::string file;

  [[nodiscard]] std::string folder(const std::string& root) const {
    return root + "/" + kind + "/" + top + "/" + leaf;
  }
  [[nodiscard]] std::string path(const std::string& root) const {
    return folder(root) + "/" + file;
  }
};
/// @return `invalid_argument` for a key that parse_key() would refuse: nothing else becomes a path.
[[nodiscard]] Result<ObjectPlace> place_of(const Key& key);

/// The folders in which objects lie, made when first needed. Any thread.
class ObjectFolders {
 public:
  ObjectFolders(Files& files, GroupSync& sync, std::string root)
      : files_(files), sync_(sync), root_(std::move(root)) {}

  /// The place's folder exists and its own name, and those above, survive power loss.
  ///
  /// An existing folder may have been made by a process that died before its fsync, so the parent
  /// of each is synced once per process; what was synced is remembered in 8 KiB per kind.
  Io<> ensure(const ObjectPlace& place);

 private:
  struct Durable {
    bool itself = false;
    std::bitset<256> tops;
    std::bitset<256 * 256> leaves;
  };
  Io<> make_durable(const std::string& parent, const std::string& name);

  Files& files_;
  GroupSync& sync_;
  std::string root_;
  std::mutex mutex_;
  std::map<std::string, Durable, std::less<>> kinds_;
};

}  // namespace cairn::storage
