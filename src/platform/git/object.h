#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/git/oid.h"

/// The content of git objects: parsed from bytes, and written so that `git fsck --strict` is clean.
/// Reading takes everything that `git index-pack --strict` lets in, including what old programs
/// wrote; what is not even that is `corrupt`, word "CorruptObject".
namespace cairn::git {

struct Object {
  ObjectType type = ObjectType::blob;
  std::string content;
};

struct ObjectHeader {
  ObjectType type = ObjectType::blob;
  std::uint64_t size_bytes = 0;  ///< Of the content.
  bool operator==(const ObjectHeader&) const = default;
};

enum class FileMode : std::uint32_t {
  regular = 0100644,
  executable = 0100755,
  symlink = 0120000,
  directory = 040000,
  submodule = 0160000,
};

struct TreeEntry {
  FileMode mode = FileMode::regular;
  std::string name;  ///< One path component. Bytes: trees that were pushed may not be UTF-8.
  Oid oid;
  bool operator==(const TreeEntry&) const = default;
};

/// Entries of one tree: a tree of a million entries has 40 MB, and git itself is at its end there.
constexpr std::size_t tree_entries_max = 1'000'000;
/// Of a message written here; the longest that a person or program means.
constexpr std::size_t message_bytes_max = 64 * 1024;
/// Octopus merges have a handful; git's own index of a merge ends at 16.
constexpr std::size_t commit_parents_max = 16;

/// git's order within a tree: as bytes, a directory's name as if it ended in '/'.
[[nodiscard]] bool tree_less(const TreeEntry& a, const TreeEntry& b);

/// Sorts and writes.
/// @return `unprocessable`, word "InvalidTree", for a name twice, a zero oid, or a name git refuses
///         (empty, ".", "..", with '/' or NUL, `.git` in a disguise); `too_large` past the limit.
[[nodiscard]] Result<std::string> encode_tree(std::vector<TreeEntry> entries);
/// Modes come out canonical (an old 0100664 is `regular`).
/// @return `corrupt` unless every entry is whole, in order, and no name is there twice.
[[nodiscard]] Result<std::vector<TreeEntry>> parse_tree(std::string_view content);

/// Who and when, as commits and tags have it.
struct Signature {
  std::string name;
  std::string email;
  std::int64_t seconds = 0;  ///< Since 1970, UTC. Never negative when written.
  int tz_minutes = 0;        ///< East of UTC; for display.
  bool operator==(const Signature&) const = default;
};

/// "name <email> seconds +hhmm". What would break the line is left out: control characters, `<`,
/// `>`, and git's "crud" (`.,:;"\'` and spaces) around the name; an empty name becomes "unknown".
[[nodiscard]] std::string encode_signature(const Signature& signature);
/// Forgiving, as history is: missing parts are empty or 0. Never fails.
[[nodiscard]] Signature parse_signature(std::string_view line);

struct CommitData {
  Oid tree;
  std::vector<Oid> parents;
  Signature author;
  Signature committer;
  /// Further header lines, whole and unread ("encoding …\n", "gpgsig …\n …\n").
  std::string extra_headers;
  std::string message;  ///< Written and read as it is: the caller ends it with "\n" if wanted.
  bool operator==(const CommitData&) const = default;
};

/// @return `unprocessable`, word "InvalidCommit": a NUL in the message, a parent twice, or
///         too many; `too_large` for a message past `message_bytes_max`.
[[nodiscard]] Result<std::string> encode_commit(const CommitData& commit);
[[nodiscard]] Result<CommitData> parse_commit(std::string_view content);

struct TagData {
  Oid object;
  ObjectType type = ObjectType::commit;  ///< Of `object`.
  std::string name;                      ///< Without "refs/tags/".
  std::optional<Signature> tagger;       ///< Absent in very old tags only.
  std::string message;
  bool operator==(const TagData&) const = default;
};

/// @return `unprocessable`, word "InvalidTag": no tagger, a name that is no valid tag, NUL in the
///         message; `too_large` for a message past `message_bytes_max`.
[[nodiscard]] Result<std::string> encode_tag(const TagData& tag);
[[nodiscard]] Result<TagData> parse_tag(std::string_view content);

}  // namespace cairn::git
