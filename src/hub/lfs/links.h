#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/lfs/objects.h"

namespace cairn {
using RepoId = Id<struct RepoTag>;
using UserId = Id<struct UserTag>;
using OwnerId = Id<struct OwnerTag>;
}  // namespace cairn

/// Which large files a repository has. Knowing a SHA-256 gives no right: only a link does, and only
/// verified bytes or another link of somebody who may read it make one. Plain functions of the
/// caller's transaction; who may call them is decided above.
namespace cairn::lfs {

/// A large file of a repository.
struct Linked {
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
  ObjectId object;
  storage::Key key;
};

[[nodiscard]] std::optional<Linked> linked(db::Tx& tx, RepoId repo, const Sha256Digest& sha256);

/// Those of the files that the repository has, in no order. @param files  at most some thousand.
[[nodiscard]] std::vector<Linked> linked_among(db::Tx& tx, RepoId repo,
                                               const std::vector<Sha256Digest>& files);

/// Links an object that `adopt_object` gave. Linked already is fine.
/// @param pusher  empty for the hub itself (import).
void link(db::Tx& tx, RepoId repo, const Object& object, std::optional<UserId> pusher);
/// The same for an object that is not known by its SHA-256 (hub/xet: files made of chunks).
void link(db::Tx& tx, RepoId repo, const Object& object, const Sha256Digest& sha256,
          std::optional<UserId> pusher);
/// Lets a link lead to another object of the same bytes; the old one is condemned with its last
/// link. @param known  what `linked` gave.
void relink(db::Tx& tx, RepoId repo, const Linked& known, const Object& object);

/// Gives `to` one large file of `from`. @return false when `from` has none of that SHA-256.
[[nodiscard]] bool link_from(db::Tx& tx, RepoId from, RepoId to, const Sha256Digest& sha256,
                             std::optional<UserId> pusher);
/// Gives `to` every large file of `from`. @return how many.
std::int64_t link_all_for_duplicate(db::Tx& tx, RepoId from, RepoId to);
/// The same for those of a list, at most some thousand: what `from` lacks is passed over.
std::int64_t link_these(db::Tx& tx, RepoId from, RepoId to, const std::vector<Sha256Digest>& files);
/// Large files linked before a time, in order of their SHA-256. @param after  "" = from the first.
[[nodiscard]] std::vector<Sha256Digest> linked_before(db::Tx& tx, RepoId repo,
                                                      std::string_view after, Time before,
                                                      int limit);

/// Takes a large file from a repository; its object is condemned with its last link. Commits that
/// name it keep their pointers and lose their bytes. @return false when it was not linked.
bool unlink(db::Tx& tx, RepoId repo, const Sha256Digest& sha256, Parting parting);
/// The same for all of a repository (purge), at most `limit` per call: call until it returns less.
int unlink_all(db::Tx& tx, RepoId repo, int limit, Parting parting);

/// Remembers where a large file stands, for `list_files`: the first path and ref it was committed
/// under. Does nothing when there is no link, or one with a name. With an empty path: some commit
/// names it, and `unnamed` lists it no more.
void note_path(db::Tx& tx, RepoId repo, const Sha256Digest& sha256, std::string_view path,
               std::string_view ref);

/// Large files of a repository that no commit was seen to name, by SHA-256. @param after  "" = all.
[[nodiscard]] std::vector<Sha256Digest> unnamed(db::Tx& tx, RepoId repo, std::string_view after,
                                                int limit);
/// Repositories that have such files from before a time: those of the `limit` oldest files.
[[nodiscard]] std::vector<RepoId> repos_with_unnamed(db::Tx& tx, Time before, int limit);

/// One line of `/lfs-files`.
struct File {
  Sha256Digest sha256;
  std::uint64_t size_bytes = 0;
  Time pushed_at;
  std::optional<UserId> pusher;
  std::optional<std::string> path;  ///< Empty until a commit names it.
  std::optional<std::string> ref;
};
/// Newest first. @param after  the last of the page before.
struct FilePosition {
  Time pushed_at;
  Sha256Digest sha256;
};
[[nodiscard]] std::vector<File> list_files(db::Tx& tx, RepoId repo,
                                           const std::optional<FilePosition>& after, int limit);

/// Bytes of all large files ever pushed to the repository and not deleted from it.
[[nodiscard]] std::uint64_t stored_bytes(db::Tx& tx, RepoId repo);

}  // namespace cairn::lfs
