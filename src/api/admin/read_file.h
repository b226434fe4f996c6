#pragma once
#include <memory>

#include "api/admin/cache_folder.h"
#include "base/hash.h"
#include "base/task.h"
#include "hub/lfs/lfs.h"

/// Bytes of files on their way into the hub.
namespace cairn::api::admin {

struct BothHashes {
  Sha256Digest sha256;
  Sha1Digest blob;  ///< Git's id of it as a blob.
};
/// Reads the file to its end. Blocks.
[[nodiscard]] Result<BothHashes> hash_of(CacheFile& file);

/// The file from where it is, piece by piece on `blocking`'s threads.
[[nodiscard]] lfs::Source source_of(Blocking& blocking, std::shared_ptr<CacheFile> file);
/// A text in memory.
[[nodiscard]] lfs::Source source_of(std::string content);

}  // namespace cairn::api::admin
