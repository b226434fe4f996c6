#pragma once
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/thread_pool.hpp>

#include "hub/xet/gate.h"
#include "hub/xet/hot_files.h"
#include "hub/xet/store.h"
#include "hub/xet/xet.h"
#include "hub/xet/xorbs.h"

/// Inside the module: what Xet is made of. receive.cpp takes xorbs in, registration.cpp shards,
/// reconstruct.cpp and reader.cpp give files out, dedup.cpp answers queries, upkeep.cpp deletes and
/// checks.
namespace cairn::xet {

struct Inner {
  Inner(db::Database& database, storage::ObjectStore& store, Blocking& blocking,
        const Keyring& keyring, const Clock& clock, Options options);
  ~Inner();

  db::Database& database;
  storage::ObjectStore& store;
  Blocking& blocking;
  const Keyring& keyring;
  const Clock& clock;
  const Options options;
  Xorbs xorbs;
  Gate receiving;
  /// A shard is held in memory as terms, up to 18 MB of them.
  Gate registering;
  HotFiles hot;
  /// Takes uploads apart, hashes and stores them: dozens at once, so that questions of an instant
  /// do not stand in line behind their pieces.
  Blocking uploads;
  /// Decodes what a reader will ask for next, and copies hot files: beside the pool whose threads
  /// wait for it.
  boost::asio::thread_pool ahead;

  std::atomic<std::uint64_t> xorbs_received = 0, xorb_bytes = 0, files_registered = 0,
                             chunk_queries = 0, chunk_hits = 0;

  /// The last whole file that chunk_next looked at; one caller at a time.
  lfs::ObjectId whole_after;
  /// Where repack_next goes on looking for xorbs of which little is used; one caller at a time.
  XorbId sparse_after;
  std::atomic<bool> repacking = false;

  /// `Options::allow`, or owner 0 without one.
  [[nodiscard]] Result<OwnerId> allow(db::Tx& tx, const Token& token, Right right) const;

  /// Somebody follows a reconstruction of the file: it stays as it is until its URLs have ended.
  void note_followed(lfs::ObjectId file);
  [[nodiscard]] bool is_followed(lfs::ObjectId file);

  /// Rows of xorbs never change, so they are kept.
  [[nodiscard]] std::optional<XorbRow> known_row(XorbId id);
  void remember(const XorbRow& row);
  /// Blocks. @return `corrupt` when there is no such row.
  [[nodiscard]] Result<XorbRow> row_of(XorbId id);
  /// Blocks. @return `corrupt` also when the bytes are missing.
  [[nodiscard]] Result<std::shared_ptr<const OpenXorb>> open_xorb(XorbId id);

 private:
  std::mutex mutex_;
  std::unordered_map<XorbId, XorbRow> rows_;
  // Of one life of URLs and of the one before: what is old goes without being looked through.
  std::unordered_set<lfs::ObjectId> followed_, followed_before_;
  Time followed_since_;
  void turn_followed();
};

/// Stores a xorb that the hub made, known for as long as one that a client brought. Blocks.
[[nodiscard]] Result<XorbRow> keep_xorb(Inner& in, const XorbWriter::Finished& xorb);

}  // namespace cairn::xet
