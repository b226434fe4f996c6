#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hub/lfs/lfs.h"

/// Inside the module: rows of uploads in progress, and what upkeep reads.
namespace cairn::lfs {

/// How the store knows an upload in parts.
struct InParts {
  storage::Key key;
  std::string multipart_id;
  std::uint64_t part_bytes = 0;
  int count = 1;  ///< By the file's size: 1 to 10 000.
};

/// A row of `lfs_uploads`: bytes announced and not yet linked.
struct Upload {
  PublicId public_id;
  RepoId repo;
  OwnerId owner;
  UserId user;
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
  std::optional<InParts> in_parts;
  Time expires_at;
};

[[nodiscard]] std::optional<Upload> find_upload(db::Tx& tx, const PublicId& id);
[[nodiscard]] std::optional<Upload> find_upload(db::Tx& tx, RepoId repo, UserId user,
                                                const Sha256Digest& sha256);
/// Adds the row, or prolongs the one that this user has for the file already. Parts of `wanted`
/// count only when that one has none.
/// @return the row as it is now.
[[nodiscard]] Upload put_upload(db::Tx& tx, const Upload& wanted);
void remove_upload(db::Tx& tx, const PublicId& id);
/// Of one user in one repository, counted up to `max`.
[[nodiscard]] int count_uploads(db::Tx& tx, RepoId repo, UserId user, int max);
/// Those whose time is over.
[[nodiscard]] std::vector<Upload> due_uploads(db::Tx& tx, int limit);

struct ObjectUse {
  Object object;
  bool linked = false;
};
/// Objects of kind "lfs", by number.
[[nodiscard]] std::vector<ObjectUse> all_objects(db::Tx& tx, ObjectId after, int limit);

/// Every statement of the module, for the test that holds them to their indexes.
[[nodiscard]] std::span<const db::Statement* const> statements();

}  // namespace cairn::lfs
