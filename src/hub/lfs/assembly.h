#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/hash.h"
#include "base/id.h"
#include "base/result.h"
#include "platform/storage/object_store.h"

/// Inside the module: the SHA-256 of an upload in parts.
namespace cairn::lfs {

/// Hashes parts as they become durable, so that completing has nothing left to read when they came
/// in order (as most clients send them). Only an optimization: when a part came twice, or before
/// this process began, the completion reads everything. Any thread; calls that read parts block.
class Assembly {
 public:
  /// @param dirty  parts are there that this object has not seen arrive.
  explicit Assembly(bool dirty) : dirty_(dirty) {}

  /// Before a part becomes durable. @return false while the upload is being completed.
  [[nodiscard]] bool begin_part(int number);
  void end_part(int number, bool durable);
  /// Hashes the parts that are next, about `budget_bytes` of them: what a PUT can take over without
  /// keeping its client waiting. Errors are left for the completion to find.
  void advance(storage::Multipart& parts, std::uint64_t budget_bytes);

  /// From here on no part is accepted. @return false while parts arrive or somebody else completes.
  [[nodiscard]] bool begin_completion();
  /// Hashes one more part. @return whether all `count` are hashed. @pre completing
  Result<bool> step(storage::Multipart& parts, int count);
  /// @pre step() said so.
  [[nodiscard]] Sha256Digest finish();
  /// However it ended: parts are accepted again, and nothing hashed so far counts.
  void end_completion();

 private:
  std::mutex mutex_;
  bool dirty_;
  bool advancing_ = false;
  bool completing_ = false;
  std::multiset<int> arriving_;
  std::set<int> durable_;
  int next_ = 1;   ///< The first part that is not hashed.
  Sha256 hasher_;  ///< Used by whoever advances or completes.
};

/// Those of this process, by the upload's id.
class Assemblies {
 public:
  /// @param dirty  for a new one.
  [[nodiscard]] std::shared_ptr<Assembly> open(const PublicId& id, bool dirty);
  [[nodiscard]] std::shared_ptr<Assembly> find(const PublicId& id);
  void forget(const PublicId& id);

 private:
  /// A forgotten one costs reading its parts again, no more; one takes about 1 KiB.
  static constexpr std::size_t kept_max = 4096;
  std::mutex mutex_;
  std::map<PublicId, std::shared_ptr<Assembly>> known_;
};

}  // namespace cairn::lfs
