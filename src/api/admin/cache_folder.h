#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hub/repo/types.h"

/// The cache folder of the published Python client as it lies on disk:
///
///   models--google--bert/refs/main               a commit id
///                        snapshots/<commit>/…    links to ../../blobs/<ETag>
///                        blobs/<ETag>            SHA-256 of large files, git's id of others
///                        trees/<commit>.json     what the commit holds (newer clients)
///
/// Read only, and not trusted: what a link leads to must lie within the folder. Functions block.
namespace cairn::api::admin {

/// A regular file within the cache, open.
class CacheFile {
 public:
  /// @param root  canonical.
  /// @return `not_found`, word "CacheFileMissing"; `forbidden`, word "OutsideCache" for a link that
  ///         leads out of `root`; `invalid_argument` for what is no regular file.
  [[nodiscard]] static Result<std::shared_ptr<CacheFile>> open(const std::string& root,
                                                               const std::string& path);
  ~CacheFile();
  CacheFile(const CacheFile&) = delete;
  CacheFile& operator=(const CacheFile&) = delete;

  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  /// The next bytes, at most `count`; empty at the end.
  [[nodiscard]] Result<std::string> read(std::size_t count);
  /// All of it. @return `too_large` beyond `bytes_max`.
  [[nodiscard]] Result<std::string> read_all(std::size_t bytes_max);

 private:
  CacheFile(int descriptor, std::uint64_t size_bytes)
      : descriptor_(descriptor), size_bytes_(size_bytes) {}
  int descriptor_;
  std::uint64_t size_bytes_;
};

struct SnapshotFile {
  std::string path;   ///< In the repository; not yet validated.
  std::string place;  ///< Where it lies.
  std::uint64_t size_bytes = 0;
  std::string hash;  ///< 64 hex digits: SHA-256; 40: git's id; empty: the cache does not say.
};

struct Snapshot {
  std::string revision;             ///< 40 hex digits.
  std::vector<SnapshotFile> files;  ///< By path.
  bool listed = false;              ///< The cache says which files the commit has.
  std::string problem;              ///< Why it is incomplete; empty when it is complete.
};

struct CacheEntry {
  std::string folder;  ///< "models--google--bert"
  RepoKind kind = RepoKind::model;
  std::string owner;                        ///< Empty for names of one segment ("gpt2").
  std::string name;                         ///< Without owner.
  std::map<std::string, std::string> refs;  ///< "main" → revision.
  std::vector<Snapshot> snapshots;          ///< Oldest first, the one of "main" last.
  int interrupted = 0;                      ///< Downloads that were not finished.
  std::vector<std::string> notes;           ///< What was passed over.

  [[nodiscard]] std::string original() const { return owner.empty() ? name : owner + "/" + name; }
};

constexpr std::size_t snapshot_files_max = 100'000;

/// The cache at an absolute path, canonical.
/// @return `not_found`, word "CacheNotFound".
[[nodiscard]] Result<std::string> find_cache(const std::string& path);
/// Folders that have the name of an entry, sorted.
[[nodiscard]] Result<std::vector<std::string>> list_entries(const std::string& root);
/// @return `invalid_argument`, word "InvalidCacheEntry", for another name.
[[nodiscard]] Result<CacheEntry> read_entry(const std::string& root, const std::string& folder);

}  // namespace cairn::api::admin
