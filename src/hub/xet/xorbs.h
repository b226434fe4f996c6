#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "hub/xet/store.h"
#include "platform/storage/object_store.h"
#include "platform/xet/xorb.h"

/// Inside the module: stored xorbs, open.
///
/// An object of kind "xorb" is the body as it is served, then the index as XorbIndex::bytes() has
/// it, then its length (4 bytes, little-endian) and "CXI1".
namespace cairn::xet {

/// What is appended to a body. @return index and end.
[[nodiscard]] std::string encode_tail(const XorbIndex& index);

struct OpenXorb {
  std::shared_ptr<storage::Reader> reader;  ///< Body first: offsets are those of the body.
  XorbIndex index;
};

/// Opens xorbs and keeps the ones used last. Thread-safe.
class Xorbs {
 public:
  explicit Xorbs(storage::ObjectStore& store) : store_(store) {}

  /// Blocks, unless it is open. @return `not_found`; `corrupt`.
  [[nodiscard]] Result<std::shared_ptr<const OpenXorb>> open(const storage::Key& key);
  /// From memory alone.
  [[nodiscard]] std::shared_ptr<const OpenXorb> find(const storage::Key& key);
  /// To be called before an object is removed: a descriptor would keep its bytes on the disk.
  void forget(const storage::Key& key);

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const OpenXorb>>;
  void put(const storage::Key& key, std::shared_ptr<const OpenXorb> xorb);
  void drop_last();

  storage::ObjectStore& store_;
  std::mutex mutex_;
  std::list<Entry> used_;  // The last used first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::size_t bytes_ = 0;
};

/// Content of [first, first + count) of a xorb's concatenation, decoded into `out` (appended).
/// Reads whole chunks around it. Blocks. @return `corrupt`.
[[nodiscard]] Result<> read_content(const OpenXorb& xorb, ChunkRange chunks, std::string& out);

}  // namespace cairn::xet
