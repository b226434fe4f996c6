#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "platform/git/oid.h"
#include "platform/git/pack.h"

namespace cairn::git {

/// What a client sent of a pack that `index-pack --fix-thin` has completed: bases that the client
/// only named lie behind what it sent. Immutable, so any thread may read.
class SentPack {
 public:
  /// @param index         of the whole pack, in any order.
  /// @param objects_sent  as the header said on the wire.
  /// @return `not_found`, `unavailable` when the file cannot be read.
  [[nodiscard]] static Result<SentPack> open(const std::string& pack_path,
                                             std::vector<PackIndexEntry> index,
                                             std::uint64_t objects_sent);
  SentPack(SentPack&&) noexcept;
  SentPack& operator=(SentPack&&) noexcept;
  ~SentPack();

  /// By offset: the order in which they came.
  [[nodiscard]] const std::vector<PackIndexEntry>& entries() const;
  /// The sender has the object: it came whole, or as a delta whose last base did. A delta against
  /// an object that was only named proves nothing: "copy all of it" needs no more than its name.
  [[nodiscard]] bool proves(const Oid& oid) const;

 private:
  struct State;
  explicit SentPack(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cairn::git
