#pragma once
#include <atomic>

#include "hub/lfs/assembly.h"
#include "hub/lfs/lfs.h"
#include "hub/lfs/store.h"

/// Inside the module: what Lfs is made of. plan.cpp answers batches, receive.cpp and
/// parts.cpp take bytes in, lfs.cpp gives them out, upkeep.cpp deletes and checks.
namespace cairn::lfs {

/// A place among the bodies that are received at once.
class Slot {
 public:
  Slot(std::atomic<int>& taken, int max) : taken_(taken), got_(++taken <= max) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { --taken_; }
  /// @return `unavailable`, word "TooManyUploadsAtOnce".
  [[nodiscard]] Result<> check() const;

 private:
  std::atomic<int>& taken_;
  bool got_;
};

struct Inner {
  db::Database& database;
  storage::ObjectStore& store;
  Blocking& blocking;
  const Keyring& keyring;
  const Clock& clock;
  Options options;
  Assemblies assemblies;
  std::atomic<int> receiving = 0;

  /// `Options::allow`, or owner 0 without one.
  [[nodiscard]] Result<OwnerId> allow(db::Tx& tx, RepoId repo, UserId user, Use use) const;
  /// `Options::admit` for the bytes of one file.
  [[nodiscard]] Result<> admit(db::Tx& tx, RepoId repo, OwnerId owner, UserId user,
                               std::uint64_t size_bytes) const;

  /// Where a file belongs, and which bytes it is.
  struct Place {
    RepoId repo;
    UserId user;
    Wanted file;
    PublicId upload;  ///< The row to remove; may be empty.
  };
  [[nodiscard]] static Place place_of(const Ticket& ticket) {
    return {ticket.repo, ticket.user, {ticket.sha256, ticket.size_bytes}, ticket.upload};
  }
  /// Before a body is read: may it come at all?
  Task<Result<>> may_start(Place place);
  /// Links verified bytes that lie durable under `fresh`, and removes those when they are not
  /// needed.
  Task<Result<Linked>> settle(Place place, storage::Key fresh);
  Task<Result<Linked>> receive_whole(Place place, Source source);

  /// Removes the row, then the parts and an object that they became without being linked.
  Task<Result<>> drop_upload(Upload upload);
};

/// @return `not_found`, words "LfsObjectNotFound", "UploadNotFound".
[[nodiscard]] Failure object_not_found(const Sha256Digest& sha256);
[[nodiscard]] Failure upload_not_found();
/// The repository has the file, but not with that size.
[[nodiscard]] Failure wrong_size(const Linked& known, std::uint64_t size_bytes);
/// @return `unprocessable`, words "LfsSizeMismatch", "LfsHashMismatch".
[[nodiscard]] Result<> check_length(const std::optional<std::uint64_t>& content_length,
                                    std::uint64_t expected);
[[nodiscard]] Failure hash_mismatch(const Sha256Digest& expected, const Sha256Digest& got);
/// SHA-256 of a stored object. Blocks.
[[nodiscard]] Result<Sha256Digest> hash_of(storage::Reader& reader);

}  // namespace cairn::lfs
