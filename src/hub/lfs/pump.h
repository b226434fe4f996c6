#pragma once
#include <cstdint>

#include "base/hash.h"
#include "base/task.h"
#include "hub/lfs/lfs.h"
#include "platform/storage/object_store.h"

/// Inside the module: a body on its way to the store.
namespace cairn::lfs {

/// Makes the writer; called on a Blocking thread.
using OpenWriter = std::function<Result<std::unique_ptr<storage::Writer>>()>;

struct Pumped {
  Sha256Digest sha256;
  std::unique_ptr<storage::Writer> writer;  ///< Holds all bytes, not committed.
};

/// Reads `source` to its end, hashing and writing what comes while the next bytes arrive: three
/// stages that run at once, so that a body takes about as long as its slowest stage. At most
/// `pump_bytes_max` are in memory. A body of less than a block is hashed and written in one step.
///
/// @param size_bytes  what must come. @return `unprocessable`, word "LfsSizeMismatch", as soon as
///         more comes, or less has come; what `source` and the writer say. Nothing is kept then.
[[nodiscard]] Task<Result<Pumped>> pump(Source source, std::uint64_t size_bytes,
                                        OpenWriter open_writer, Blocking& blocking);

/// One hop to a pool thread costs some 20 µs: blocks of this size make that less than 3 %.
constexpr std::size_t pump_block_bytes = 1 << 20;
/// Blocks that wait for each of the two stages: enough to bridge a slow write.
constexpr std::size_t pump_blocks_waiting = 2;
/// One filling, those that wait, one being written; a block overshoots by one read of the network.
constexpr std::size_t pump_bytes_max = (pump_blocks_waiting + 2) * (pump_block_bytes + (256 << 10));

/// The error of a body that has another size than was announced.
[[nodiscard]] Failure size_mismatch(std::uint64_t expected, std::uint64_t got, bool more);

}  // namespace cairn::lfs
