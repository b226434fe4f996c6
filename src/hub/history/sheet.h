#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "platform/git/object.h"
#include "platform/git/oid.h"

namespace cairn::history {

/// SHA-256 of a sheet page's bytes: its name, shared by every commit that has the same page.
using SheetId = Sha256Digest;

/// One line of a folder's sheet: what git's tree does not tell about an entry is here.
struct SheetEntry {
  std::string path;  ///< In a stored sheet the name; in answers from the root.
  git::FileMode mode = git::FileMode::regular;
  git::Oid oid;  ///< Blob or tree, as git has it.
  /// File: bytes of the content (of the large file, not of its pointer). Folder: recursive sum.
  std::uint64_t size_bytes = 0;
  std::optional<Sha256Digest> lfs;       ///< Large file: its SHA-256.
  std::uint64_t pointer_size_bytes = 0;  ///< Large file: bytes of the pointer text.
  std::uint64_t files = 0;               ///< Folder: files below it.
  git::Oid last_commit;                  ///< The commit that last changed it (git's TREESAME rule).
  std::optional<SheetId> sheet;          ///< Folder: its sheet.

  [[nodiscard]] bool is_folder() const { return mode == git::FileMode::directory; }
};

/// Pages hold at most this many entries.
constexpr std::size_t sheet_page_entries_max = 256;

}  // namespace cairn::history
