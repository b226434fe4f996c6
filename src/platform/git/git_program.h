#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/git/oid.h"
#include "platform/git/pack.h"
#include "platform/process/process.h"

/// The `git` program, for what it does best: deltas, checking, and clients. Everything here blocks
/// and runs in a folder the caller owns.
namespace cairn::git {

/// A command that runs git with these arguments in `folder`: no configuration but the folder's own,
/// no prompts, only http and https. User input goes after `--end-of-options`.
[[nodiscard]] process::Command git_command(const std::string& folder,
                                           std::vector<std::string> arguments);

struct PackFile {
  std::string pack_path;  ///< The .idx lies beside it.
  Sha1Digest checksum;
};

struct RefValue {
  std::string name;  ///< A whole ref name that passed check_ref_name.
  Oid oid;
};

/// A pack in memory is written, one on disk is hard-linked (copied across file systems).
using FolderPack = std::variant<std::shared_ptr<const InlinePack>, PackFile>;

/// A file that is made elsewhere and belongs into a folder; hard-linked where that goes.
struct ExtraFile {
  std::string from;
  std::string to;  ///< Below the folder: "/objects/info/commit-graph".
};

struct BareFolder {
  std::vector<FolderPack> packs;
  std::vector<RefValue> refs;
  std::string head_ref = "refs/heads/main";  ///< What HEAD points at; need not exist.
  std::vector<ExtraFile> extra = {};         ///< One that is there already is passed over.
};

/// Makes a bare repository that any git can clone: a snapshot, packed refs, nothing loose.
/// @param folder  does not exist yet; its parent does. Left incomplete on failure: remove it.
/// @return `conflict` when it exists; `storage_full` or `unavailable` from the disk.
[[nodiscard]] Result<> make_bare_folder(const std::string& folder, const BareFolder& content);

struct IndexPackOptions {
  bool strict = true;           ///< Objects pass `fsck`, and what they name is there.
  std::uint64_t bytes_max = 0;  ///< 0 = no limit; on the pack.
  Duration deadline = minutes(10);
  bool fix_thin = false;  ///< Bases that the pack leaves out come from the folder's other packs.
  int nice = 0;
  /// Of the program, against packs that unpack to much more than they are; 0 = no limit.
  std::uint64_t memory_bytes_max = 0;
};

/// Checks a pack that is in memory and puts it, with its index, among those of a bare folder.
/// @return `unprocessable`, word "InvalidPack", with git's reason, when git refuses it.
[[nodiscard]] Result<PackFile> index_pack(const std::string& folder, std::string pack_bytes,
                                          const IndexPackOptions& options = {});
/// The same for a pack on disk: the index is written beside it.
[[nodiscard]] Result<PackFile> index_pack_file(const std::string& folder,
                                               const std::string& pack_path,
                                               const IndexPackOptions& options = {});

/// For packs that arrive bit by bit: `git index-pack --stdin` in `folder`, to be fed by the caller.
[[nodiscard]] process::Command index_pack_command(const std::string& folder,
                                                  const IndexPackOptions& options);
/// What the end of that program means. @param out,err  what it wrote. @return as index_pack().
[[nodiscard]] Result<PackFile> index_pack_result(const std::string& folder,
                                                 const process::Output& output);

struct PackObjectsOptions {
  int threads = 1;
  std::uint64_t window_memory_bytes = 64u << 20;
  Duration deadline = minutes(30);
};

/// Tier 2 of merging: all packs of `folder` become one, with deltas, in `out_folder` (which
/// exists). Every object stays, reachable or not: dropping is another decision.
[[nodiscard]] Result<PackFile> pack_objects(const std::string& folder,
                                            const std::string& out_folder,
                                            const PackObjectsOptions& options = {});

/// What the refs of `folder` reach becomes one pack in `out_folder`, and the rest stays behind.
[[nodiscard]] Result<PackFile> pack_reachable_objects(const std::string& folder,
                                                      const std::string& out_folder,
                                                      const PackObjectsOptions& options = {});
/// One pack of exactly these objects, with deltas, in `out_folder` (which exists).
/// @return `internal`, word "ProgramFailed", also when one of them lies in no pack of `folder`.
[[nodiscard]] Result<PackFile> pack_selected(const std::string& folder,
                                             const std::string& out_folder,
                                             const std::vector<Oid>& objects,
                                             const PackObjectsOptions& options = {});

/// Reachability bitmaps over an index of all packs of `folder`, which together hold all that its
/// refs reach, and a commit graph. @param preferred  the pack that clones may copy from as it is.
/// @return the paths of what was made.
[[nodiscard]] Result<std::vector<std::string>> write_clone_index(const std::string& folder,
                                                                 const Sha1Digest& preferred,
                                                                 Duration deadline = hours(1));

struct FsckReport {
  bool clean = false;
  std::vector<std::string> problems;  ///< git's lines, at most 1000.
};

/// `git fsck --strict --full`. A repository with problems is a report, not an error.
[[nodiscard]] Result<FsckReport> fsck(const std::string& folder, Duration deadline = minutes(30));

}  // namespace cairn::git
