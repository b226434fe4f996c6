#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "hub/account/account.h"

namespace cairn::account {

enum class CredentialKind { token, session };
using CredentialKey = std::pair<CredentialKind, Sha256Digest>;

/// Credentials that were good when last read, by kind and SHA-256. Entries are shared so that a
/// reader copies outside the lock. Any thread.
///
/// Exactness: whoever fills the cache takes `generation` before its read; a change that commits in
/// between raises it, and the then stale entry is not kept.
class CredentialCache {
 public:
  struct Entry {
    Actor actor;
    std::optional<Time> expires_at;
    Time loaded_at;
    mutable std::atomic<std::int64_t> last_used_us = 0;
    mutable std::atomic<std::int64_t> written_us = 0;  ///< The last use that is in the row.
    mutable std::mutex seen_mutex;
    mutable Seen seen;  ///< Of the last use; under `seen_mutex`.
  };
  struct Use {
    Actor actor;  ///< Token or session id say whose.
    Time at;
    Seen seen;
  };

  /// @param ttl  entries older than this are read again; nothing = they are exact.
  explicit CredentialCache(std::optional<Duration> ttl) : ttl_(ttl) {}

  [[nodiscard]] std::uint64_t generation() const { return generation_.load(); }
  /// @return an entry that is good at `now`, marked as used; else nothing.
  [[nodiscard]] std::shared_ptr<const Entry> find(const CredentialKey& key, Time now,
                                                  const Seen& seen = {});
  void insert(const CredentialKey& key, std::shared_ptr<const Entry> entry,
              std::uint64_t generation);
  void clear();
  /// Uses since the last call.
  [[nodiscard]] std::vector<Use> take_uses();

 private:
  struct HashKey {
    std::size_t operator()(const CredentialKey& key) const noexcept {
      return std::hash<Sha256Digest>{}(key.second) + static_cast<std::size_t>(key.first);
    }
  };
  void collect(const Entry& entry, std::vector<Use>& into) const;
  void empty_locked();

  std::optional<Duration> ttl_;
  std::shared_mutex mutex_;
  std::unordered_map<CredentialKey, std::shared_ptr<const Entry>, HashKey> entries_;
  std::vector<Use> left_over_;  // Uses of entries that were dropped.
  std::atomic<std::uint64_t> generation_ = 0;
};

}  // namespace cairn::account
