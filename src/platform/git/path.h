#pragma once
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/git/oid.h"

/// Names of files and refs, parsed once at the edge.
namespace cairn::git {

constexpr std::size_t path_bytes_max = 1000;      ///< Leaves a checkout room below PATH_MAX.
constexpr std::size_t component_bytes_max = 255;  ///< NAME_MAX of every common file system.
constexpr std::size_t ref_bytes_max = 500;
constexpr std::size_t ref_component_bytes_max = 250;  ///< NAME_MAX less git's ".lock".

/// The path of a file or folder in a repository: "a/b.txt". Only `parse_path`, `parse_folder` and
/// the members here make one, so holding it means that it is safe in a tree, in a checkout on any
/// system, and in JSON. The default is the root folder, whose text is empty.
/// Ordered and compared as bytes.
class RepoPath {
 public:
  RepoPath() = default;

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool is_root() const { return text_.empty(); }
  /// The last component; empty for the root.
  [[nodiscard]] std::string_view name() const;
  /// The folder it lies in; the root's parent is the root.
  [[nodiscard]] RepoPath parent() const;
  /// Views into this path; none for the root.
  [[nodiscard]] std::vector<std::string_view> components() const;
  /// True for itself, for what lies below it, and always for the root.
  [[nodiscard]] bool contains(const RepoPath& other) const;
  /// This folder's entry of that name. @return as parse_path.
  [[nodiscard]] Result<RepoPath> child(std::string_view name) const;

  auto operator<=>(const RepoPath&) const = default;

 private:
  friend Result<RepoPath> parse_path(std::string_view text);
  explicit RepoPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// The path of a file (not the root).
/// Refused: an empty path, a '/' at either end, an empty, "." or ".." component, a backslash, a
/// control character, what is not UTF-8, a path over `path_bytes_max` or a component over
/// `component_bytes_max` bytes, `.git` in any case or disguise (as HFS+ and NTFS would read it),
/// and disguises of `.gitmodules`, `.gitattributes` and `.gitignore` (those names themselves are
/// fine).
/// @return `unprocessable`, word "InvalidPath", saying what is wrong.
[[nodiscard]] Result<RepoPath> parse_path(std::string_view text);
/// The path of a folder: also "" and "/" for the root, and one '/' at the end is dropped.
[[nodiscard]] Result<RepoPath> parse_folder(std::string_view text);

/// True for a component that git refuses in a tree because a checkout would take it for `.git`:
/// any case, ignorable code points (HFS+), `git~1`, trailing dots and spaces, streams (NTFS).
[[nodiscard]] bool is_dot_git(std::string_view component);

/// A whole ref name, "refs/heads/main": git-check-ref-format(1), and also valid UTF-8, at most
/// `ref_bytes_max`, at least three parts, and no '-' first in the third (a command would take a
/// branch of that name for an option).
/// @return the name; `unprocessable`, word "InvalidRefName", saying what is wrong.
[[nodiscard]] Result<std::string> check_ref_name(std::string_view ref);

/// True when one of the two is a folder of the other ("refs/heads/a" and "refs/heads/a/b"), so that
/// a file system could not hold both. A name does not conflict with itself.
[[nodiscard]] bool refs_conflict(std::string_view a, std::string_view b);

}  // namespace cairn::git
