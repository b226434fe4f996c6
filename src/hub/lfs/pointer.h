#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace cairn::lfs {

/// The small text file that stands in Git for a large file.
/// Format: Git LFS specification, "The Pointer", version 1.
struct Pointer {
  Sha256Digest sha256;           ///< Of the content.
  std::uint64_t size_bytes = 0;  ///< Of the content, not of this text.
  bool operator==(const Pointer&) const = default;
};

/// Longer texts are no pointers (the specification's limit is 1024; ours has no extensions, so
/// three lines of fixed shape, the size in at most 20 digits).
constexpr std::size_t pointer_bytes_max = 145;

/// Reads a pointer.
/// @param text  a whole Git blob; read during the call, not kept.
/// @return `invalid_argument`, word "NotAPointer", unless `text` is the one canonical encoding:
///         version, oid and size in this order, "\n" endings, lower-case hex, no leading zeros.
[[nodiscard]] Result<Pointer> parse_pointer(std::string_view text);

/// The canonical encoding: what git-lfs itself would write.
[[nodiscard]] std::string to_text(const Pointer& pointer);

}  // namespace cairn::lfs
